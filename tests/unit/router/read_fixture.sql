-- A small shop for test_read.c: two customers, three products, two categories,
-- one order; everything healthy and fresh, epoch 3, tickets passed up to 10.
insert into entity_types (entity_type_id, entity_type_code) values
    (1, 'customer'), (3, 'catalog_category'), (4, 'catalog_product');
insert into attributes (attribute_id, entity_type_id, attribute_code, backend_type) values
    (45, 3, 'name', 'varchar'), (46, 3, 'is_active', 'int'), (69, 3, 'include_in_menu', 'int'),
    (67, 3, 'available_sort_by', 'text'), (117, 3, 'url_key', 'varchar'),
    (73, 4, 'name', 'varchar'), (77, 4, 'price', 'decimal'), (97, 4, 'status', 'int'),
    (99, 4, 'visibility', 'int'), (82, 4, 'weight', 'decimal'), (78, 4, 'special_price', 'decimal'),
    (136, 4, 'tax_class_id', 'int'), (121, 4, 'url_key', 'varchar'), (75, 4, 'description', 'text'),
    (200, 4, 'other_set', 'varchar');
insert into attribute_set_members (entity_attribute_id, entity_type_id, attribute_set_id, attribute_id)
    select row_number() over (), entity_type_id, case entity_type_id when 3 then 3 else 4 end, attribute_id
    from attributes where attribute_id <> 200;

insert into customers (entity_id, website_id, email, group_id, store_id, created_at, updated_at,
    is_active, disable_auto_group_change, created_in, prefix, firstname, lastname, dob,
    default_billing, default_shipping, gender) values
    (1, 1, 'ana@example.test', 1, 1, '2026-03-01 12:00:00+00', '2026-03-02 13:14:15+00', 1, 0,
     'Default Store View', null, 'Ana Júlia', 'd''Ávila "x"', '1990-02-03', 11, 10, 0),
    (2, 1, 'bob@example.test', 1, 1, '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', 1, 0,
     'Default Store View', null, 'Bob', 'B', null, null, null, null);
insert into customer_values values (1, 0, '{"vip": 0, "erp_id": "ERP-2", "credit_limit": 0.0000, "gone": null}');
insert into customer_addresses (entity_id, parent_id, created_at, updated_at, is_active, city,
    country_id, firstname, lastname, postcode, region, region_id, street, telephone) values
    (11, 1, now(), now(), 1, 'São Paulo', 'BR', 'Ana', 'A', '01000-000', 'São Paulo', 508, E'Rua 1\nCasa 2', '1'),
    (10, 1, now(), now(), 1, 'Tokyo', 'JP', 'Ana', 'B', '100', 'Tokyo', 0, 'x', '2'),
    (12, 99, now(), now(), 1, 'Orphan', 'US', 'O', 'O', '1', null, null, null, '3');
insert into customer_address_values values (11, 0, '{"gate_code": "#12*"}');

insert into categories values
    (1, 3, 0, '2025-05-24 13:18:03+00', '2026-11-22 15:23:01+00', '1', 0, 0, 1),
    (2, 3, 1, '2025-05-24 13:18:03+00', '2026-11-22 15:23:01+00', '1/2', 1, 1, 0);
insert into category_values values
    (2, 0, '{"name": "Bäume", "is_active": 1, "include_in_menu": 1, "available_sort_by": "name,price", "url_key": "baume"}'),
    (2, 1, '{"name": "Store view"}');

insert into products (entity_id, attribute_set_id, type_id, sku, has_options, required_options, created_at, updated_at) values
    (5, 4, 'simple', 'Tee 1/ä', 0, 0, '2026-11-22 15:23:02+00', '2026-11-22 15:26:10+00'),
    (6, 4, 'configurable', 'conf', 1, 1, '2026-11-22 15:23:02+00', '2026-11-22 15:26:10+00'),
    (7, 4, 'simple', 'TEE 1/Ä ', 0, 0, '2026-11-22 15:23:02+00', '2026-11-22 15:26:10+00');
update products set sku_key = case entity_id when 6 then 'g:conf' else 'g:tee 1/a' end;
insert into product_values values
    (5, 0, '{"name": "Tee", "status": 2, "visibility": 4, "tax_class_id": 2, "url_key": "tee", "description": null, "other_set": "x", "deleted_one": "y"}'),
    (6, 0, '{"name": "Conf", "status": 1, "visibility": 4}');
insert into product_prices values
    (5, 0, '{"price": 21.500000, "weight": 1.250000, "special_price": 15.500000}');
insert into product_websites values (5, 2), (5, 1), (6, 1);
insert into product_categories values (70, 2, 5, 7), (71, 1, 5, null);
insert into stock_items (item_id, product_id, stock_id, qty, is_in_stock, manage_stock, use_config_manage_stock) values
    (50, 5, 1, 94.5000, 0, 1, 1), (60, 6, 1, 0.0000, 0, 0, 0);

insert into orders (entity_id, increment_id, state, status, store_id, store_name, created_at, updated_at,
    customer_id, customer_email, grand_total, base_grand_total, total_paid, subtotal, shipping_method, coupon_code, total_qty_ordered, is_virtual) values
    (9, '000000008', 'new', 'pending', 1, E'Main\nStore', '2026-11-22 15:29:07+00', '2026-11-22 15:29:07+00',
     null, 'ana@example.test', 139.5700, 139.5700, 100.0000, 110.7700, 'flatrate_flatrate', null, 3.0000, 0);
insert into order_items (item_id, order_id, product_id, product_type, sku, name, qty_ordered, price, row_total) values
    (18, 9, 34, 'virtual', 'v', 'Virtual', 1.0000, 7.7700, 7.7700),
    (17, 9, 28, 'simple', 'cap', 'From ü', 2.0000, 51.5000, 103.0000);
insert into order_addresses (entity_id, parent_id, address_type, city, country_id, street, region_id) values
    (16, 9, 'shipping', 'S', 'BR', E'a\nb', 508), (17, 9, 'billing', 'B', 'BR', 'c', null);
insert into order_payments (entity_id, parent_id, method, amount_ordered) values (9, 9, 'checkmo', 139.5700);
insert into order_status_history (entity_id, parent_id, is_customer_notified, is_visible_on_front, comment, status, created_at) values
    (1, 9, 0, 0, 'first', 'pending', '2026-11-22 15:29:07+00'), (2, 9, 1, 1, null, 'pending', '2026-11-22 15:30:00+00');

insert into ficus.epoch (epoch, backend, instance) values (3, 1, 'test');
insert into ficus.checkpoint (seq, epoch, position, source_id, passed_ticket) values
    (1, 3, 'file:a:4', 's', 4), (2, 3, 'file:a:5', 's', 10);
