-- Columns of extensions, what was left of the tables that records depend on,
-- and the flat records as Magento loads a single entity.

alter table customers add column extra jsonb;
alter table customer_addresses add column extra jsonb;
alter table categories add column extra jsonb;
alter table products add column extra jsonb;
alter table orders add column extra jsonb;
alter table order_items add column extra jsonb;

-- Of core_config_data the paths that the mapping lists, and no other.
create table configuration (
    config_id  bigint primary key,
    scope      text,
    scope_id   integer,
    path       text,
    value      text,
    updated_at timestamptz
);
create index configuration_path on configuration (path, scope, scope_id);

-- Values of the backend "gallery", which Magento 1 wrote.
create table product_gallery_values (
    value_id     bigint primary key,
    attribute_id integer,
    store_id     integer,
    entity_id    bigint,
    position     integer,
    value        text
);
create index product_gallery_values_entity on product_gallery_values (entity_id);

create table order_cancellations (
    order_id   bigint primary key,
    reason     text,
    created_at timestamp
);

create table inventory_low_stock_settings (
    source_code      text not null,
    sku              text not null,
    notify_stock_qty numeric(12,4),
    primary key (source_code, sku)
);

create table inventory_shipment_sources (
    shipment_id bigint primary key,
    source_code text
);

-- Attributes of an entity type by their part in the records of one attribute
-- set: `others` are not in it (what is left of them in the source no reader
-- sees), `globals` have no values but those of the default scope (is_global 1).
create function ficus.attribute_parts(entity_type text, set_id integer,
                                      out others text[], out globals text[])
    language sql stable parallel safe
    begin atomic
        select array_agg(a.attribute_code) filter (where m.attribute_id is null),
            array_agg(a.attribute_code) filter (where c.is_global = 1)
        from attributes a
        join entity_types t on t.entity_type_id = a.entity_type_id
        left join catalog_attributes c on c.attribute_id = a.attribute_id
        left join attribute_set_members m on m.attribute_id = a.attribute_id
            and m.attribute_set_id = attribute_parts.set_id
        where t.entity_type_code = entity_type and a.attribute_code is not null;
    end;

-- How a single entity is loaded: a row of the store overrides that of the
-- default scope even where it is null, unless the attribute is global, and
-- attributes of other sets are not there.
create function ficus.attributes_in_scope(of_default jsonb, of_store jsonb,
                                          others text[], globals text[])
    returns jsonb language sql immutable parallel safe
    return (coalesce(of_default, '{}') ||
            (coalesce(of_store, '{}') - coalesce(globals, '{}')))
        - coalesce(others, '{}');

drop function product_record(bigint, integer);
drop view customer_records, product_records, category_records, order_records;

create view customer_records as
select c.*,
    g.customer_group_code as group_code,
    w.code as website_code,
    s.code as store_code,
    coalesce(v.attributes, '{}') as attributes
from customers c
left join customer_values v on v.entity_id = c.entity_id and v.store_id = 0
left join customer_groups g on g.customer_group_id = c.group_id
left join websites w on w.website_id = c.website_id
left join stores s on s.store_id = c.store_id;

create view product_records as
select p.*,
    case k.backend ->> 'name' when 'varchar'
        then r.attributes ->> 'name' end as name,
    case k.backend ->> 'status' when 'int'
        then ficus.as_integer(r.attributes -> 'status') end as status,
    case k.backend ->> 'visibility' when 'int'
        then ficus.as_integer(r.attributes -> 'visibility') end as visibility,
    case k.backend ->> 'price' when 'decimal'
        then ficus.as_numeric(r.attributes -> 'price') end as price,
    case k.backend ->> 'special_price' when 'decimal'
        then ficus.as_numeric(r.attributes -> 'special_price') end as special_price,
    case k.backend ->> 'special_from_date' when 'datetime'
        then ficus.as_timestamp(r.attributes -> 'special_from_date') end as special_from_date,
    case k.backend ->> 'special_to_date' when 'datetime'
        then ficus.as_timestamp(r.attributes -> 'special_to_date') end as special_to_date,
    case k.backend ->> 'cost' when 'decimal'
        then ficus.as_numeric(r.attributes -> 'cost') end as cost,
    case k.backend ->> 'weight' when 'decimal'
        then ficus.as_numeric(r.attributes -> 'weight') end as weight,
    case k.backend ->> 'tax_class_id' when 'int'
        then ficus.as_integer(r.attributes -> 'tax_class_id') end as tax_class_id,
    case k.backend ->> 'url_key' when 'varchar'
        then r.attributes ->> 'url_key' end as url_key,
    case k.backend ->> 'short_description' when 'text'
        then r.attributes ->> 'short_description' end as short_description,
    case k.backend ->> 'description' when 'text'
        then r.attributes ->> 'description' end as description,
    case k.backend ->> 'image' when 'varchar'
        then r.attributes ->> 'image' end as image,
    case k.backend ->> 'manufacturer' when 'int'
        then ficus.as_integer(r.attributes -> 'manufacturer') end as manufacturer,
    case k.backend ->> 'color' when 'int'
        then ficus.as_integer(r.attributes -> 'color') end as color,
    (select array_agg(w.website_id order by w.website_id)
        from product_websites w where w.product_id = p.entity_id) as website_ids,
    (select array_agg(c.category_id order by c.category_id)
        from product_categories c where c.product_id = p.entity_id) as category_ids,
    (select s.qty from stock_items s where s.product_id = p.entity_id
        order by s.stock_id limit 1) as qty,
    (select s.is_in_stock from stock_items s where s.product_id = p.entity_id
        order by s.stock_id limit 1) as is_in_stock,
    r.attributes
from products p
left join product_values v on v.entity_id = p.entity_id and v.store_id = 0
left join product_prices x on x.entity_id = p.entity_id and x.store_id = 0
cross join lateral ficus.attribute_parts('catalog_product', p.attribute_set_id) parts
cross join lateral (select ficus.attributes_in_scope(
        coalesce(v.attributes, '{}') || coalesce(x.attributes, '{}'), null, parts.others, null) as attributes offset 0) r
cross join (select ficus.attribute_backends('catalog_product') as backend offset 0) k;

-- A product, or category, in a store view; 0: the default scope.
create function product_record(entity_id bigint, store_id integer default 0)
    returns setof product_records
    language sql stable parallel safe
    begin atomic
select p.*,
    case k.backend ->> 'name' when 'varchar'
        then r.attributes ->> 'name' end as name,
    case k.backend ->> 'status' when 'int'
        then ficus.as_integer(r.attributes -> 'status') end as status,
    case k.backend ->> 'visibility' when 'int'
        then ficus.as_integer(r.attributes -> 'visibility') end as visibility,
    case k.backend ->> 'price' when 'decimal'
        then ficus.as_numeric(r.attributes -> 'price') end as price,
    case k.backend ->> 'special_price' when 'decimal'
        then ficus.as_numeric(r.attributes -> 'special_price') end as special_price,
    case k.backend ->> 'special_from_date' when 'datetime'
        then ficus.as_timestamp(r.attributes -> 'special_from_date') end as special_from_date,
    case k.backend ->> 'special_to_date' when 'datetime'
        then ficus.as_timestamp(r.attributes -> 'special_to_date') end as special_to_date,
    case k.backend ->> 'cost' when 'decimal'
        then ficus.as_numeric(r.attributes -> 'cost') end as cost,
    case k.backend ->> 'weight' when 'decimal'
        then ficus.as_numeric(r.attributes -> 'weight') end as weight,
    case k.backend ->> 'tax_class_id' when 'int'
        then ficus.as_integer(r.attributes -> 'tax_class_id') end as tax_class_id,
    case k.backend ->> 'url_key' when 'varchar'
        then r.attributes ->> 'url_key' end as url_key,
    case k.backend ->> 'short_description' when 'text'
        then r.attributes ->> 'short_description' end as short_description,
    case k.backend ->> 'description' when 'text'
        then r.attributes ->> 'description' end as description,
    case k.backend ->> 'image' when 'varchar'
        then r.attributes ->> 'image' end as image,
    case k.backend ->> 'manufacturer' when 'int'
        then ficus.as_integer(r.attributes -> 'manufacturer') end as manufacturer,
    case k.backend ->> 'color' when 'int'
        then ficus.as_integer(r.attributes -> 'color') end as color,
    (select array_agg(w.website_id order by w.website_id)
        from product_websites w where w.product_id = p.entity_id) as website_ids,
    (select array_agg(c.category_id order by c.category_id)
        from product_categories c where c.product_id = p.entity_id) as category_ids,
    (select s.qty from stock_items s where s.product_id = p.entity_id
        order by s.stock_id limit 1) as qty,
    (select s.is_in_stock from stock_items s where s.product_id = p.entity_id
        order by s.stock_id limit 1) as is_in_stock,
    r.attributes
from products p
left join product_values v on v.entity_id = p.entity_id and v.store_id = 0
left join product_prices x on x.entity_id = p.entity_id and x.store_id = 0
left join product_values s on s.entity_id = p.entity_id
    and s.store_id = product_record.store_id
left join product_prices t on t.entity_id = p.entity_id
    and t.store_id = product_record.store_id
cross join lateral ficus.attribute_parts('catalog_product', p.attribute_set_id) parts
cross join lateral (select ficus.attributes_in_scope(
        coalesce(v.attributes, '{}') || coalesce(x.attributes, '{}'),
        coalesce(s.attributes, '{}') || coalesce(t.attributes, '{}'), parts.others, parts.globals) as attributes offset 0) r
cross join (select ficus.attribute_backends('catalog_product') as backend offset 0) k
where p.entity_id = product_record.entity_id;
    end;

create view category_records as
select c.*,
    case k.backend ->> 'name' when 'varchar'
        then r.attributes ->> 'name' end as name,
    case k.backend ->> 'is_active' when 'int'
        then ficus.as_integer(r.attributes -> 'is_active') end as is_active,
    case k.backend ->> 'include_in_menu' when 'int'
        then ficus.as_integer(r.attributes -> 'include_in_menu') end as include_in_menu,
    case k.backend ->> 'is_anchor' when 'int'
        then ficus.as_integer(r.attributes -> 'is_anchor') end as is_anchor,
    case k.backend ->> 'display_mode' when 'varchar'
        then r.attributes ->> 'display_mode' end as display_mode,
    case k.backend ->> 'url_key' when 'varchar'
        then r.attributes ->> 'url_key' end as url_key,
    case k.backend ->> 'url_path' when 'varchar'
        then r.attributes ->> 'url_path' end as url_path,
    case k.backend ->> 'description' when 'text'
        then r.attributes ->> 'description' end as description,
    case k.backend ->> 'image' when 'varchar'
        then r.attributes ->> 'image' end as image,
    r.attributes
from categories c
left join category_values v on v.entity_id = c.entity_id and v.store_id = 0
cross join lateral ficus.attribute_parts('catalog_category', c.attribute_set_id) parts
cross join lateral (select ficus.attributes_in_scope(
        v.attributes, null, parts.others, null) as attributes offset 0) r
cross join (select ficus.attribute_backends('catalog_category') as backend offset 0) k;


create function category_record(entity_id bigint, store_id integer default 0)
    returns setof category_records
    language sql stable parallel safe
    begin atomic
select c.*,
    case k.backend ->> 'name' when 'varchar'
        then r.attributes ->> 'name' end as name,
    case k.backend ->> 'is_active' when 'int'
        then ficus.as_integer(r.attributes -> 'is_active') end as is_active,
    case k.backend ->> 'include_in_menu' when 'int'
        then ficus.as_integer(r.attributes -> 'include_in_menu') end as include_in_menu,
    case k.backend ->> 'is_anchor' when 'int'
        then ficus.as_integer(r.attributes -> 'is_anchor') end as is_anchor,
    case k.backend ->> 'display_mode' when 'varchar'
        then r.attributes ->> 'display_mode' end as display_mode,
    case k.backend ->> 'url_key' when 'varchar'
        then r.attributes ->> 'url_key' end as url_key,
    case k.backend ->> 'url_path' when 'varchar'
        then r.attributes ->> 'url_path' end as url_path,
    case k.backend ->> 'description' when 'text'
        then r.attributes ->> 'description' end as description,
    case k.backend ->> 'image' when 'varchar'
        then r.attributes ->> 'image' end as image,
    r.attributes
from categories c
left join category_values v on v.entity_id = c.entity_id and v.store_id = 0
left join category_values s on s.entity_id = c.entity_id
    and s.store_id = category_record.store_id
cross join lateral ficus.attribute_parts('catalog_category', c.attribute_set_id) parts
cross join lateral (select ficus.attributes_in_scope(
        v.attributes,
        s.attributes, parts.others, parts.globals) as attributes offset 0) r
cross join (select ficus.attribute_backends('catalog_category') as backend offset 0) k
where c.entity_id = category_record.entity_id;
    end;

create view order_records as
select o.*,
    s.code as store_code,
    (select p.method from order_payments p where p.parent_id = o.entity_id
        order by p.entity_id limit 1) as payment_method,
    (select to_jsonb(a) from order_addresses a where a.parent_id = o.entity_id
        and a.address_type = 'billing' order by a.entity_id limit 1) as billing_address,
    (select to_jsonb(a) from order_addresses a where a.parent_id = o.entity_id
        and a.address_type = 'shipping' order by a.entity_id limit 1) as shipping_address,
    (select coalesce(jsonb_agg(to_jsonb(i) order by i.item_id), '[]')
        from order_items i where i.order_id = o.entity_id) as items
from orders o
left join stores s on s.store_id = o.store_id;
