"""A large shop in a real Magento's database, made by statements over sets.

The tables are those of a dump; what is made has ids above FIRST, so that the
dump's own rows stay. Nothing of it is in the binlog: it is what was there
before a copy began.
"""

import re

FIRST = 1000
SIZES = {"products": 20_000, "customers": 100_000, "orders": 100_000}
TRIGGER = re.compile(rb"DELIMITER ;;\n.*?\nDELIMITER ;\n", re.DOTALL)

NUMBERS = ("insert into x_number with recursive d as (select 0 d union all "
           "select d + 1 from d where d < 9) select 1 + a.d + 10 * b.d + "
           "100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d from d a, "
           "d b, d c, d e, d f, d g where a.d + 10 * b.d + 100 * c.d + 1000 * "
           "e.d + 10000 * f.d + 100000 * g.d < {most}")
STORES = (
    "insert into store_website values (2, 'outlet', 'Outlet', 2, 2, 0)",
    "insert into store_group values (2, 2, 'Outlet', 2, 3, 'outlet')",
    "insert into store values (2, 'german', 1, 1, 'Deutsch', 1, 1), "
    "(3, 'outlet', 2, 2, 'Outlet', 2, 1)",
)
# {what}: ids, one row each; those that a condition picks
CUSTOMERS = (
    "insert into customer_entity (entity_id, website_id, email, group_id, "
    "store_id, created_at, updated_at, created_in, firstname, lastname, dob, "
    "gender, password_hash, default_billing, default_shipping) select i, "
    "1 + n % 2, concat('customer', n, '@example.com'), 1 + n % 3, 1 + n % 3, "
    "'2024-01-01' + interval n minute, '2025-01-01' + interval n minute, "
    "'Default', concat(elt(1 + n % 5, 'Ana', 'José', 'Zoë', '李', 'Max'), n), "
    "elt(1 + n % 4, 'Sá', 'Müller', 'O''Neill', 'Smith'), "
    "if(n % 3, '1980-02-29', null), n % 3, 'planted-secret-hash', 2 * i, "
    "2 * i + 1 from {customers}",
    "insert into customer_address_entity (entity_id, parent_id, created_at, "
    "updated_at, city, country_id, firstname, lastname, street, telephone, "
    "postcode, region_id) select 2 * i + k.k, i, '2024-01-01', '2024-01-02', "
    "elt(1 + n % 3, 'Lisboa', 'Køln', 'Brno'), 'PT', 'Ana', 'Sá', "
    "concat(n, ' Main Street\\nFloor ', n % 9), '+351', lpad(n % 99999, 5, 0),"
    " null from {customers} join (select 0 k union all select 1) k "
    "where k.k = 0 or n % 2",
    "insert into customer_log (customer_id, last_login_at) select i, "
    "'2025-05-05' from {customers} where n % 3 = 0",
    "insert into newsletter_subscriber (store_id, customer_id, "
    "subscriber_email, subscriber_status, subscriber_confirm_code) select "
    "1 + n % 3, i, concat('customer', n, '@example.com'), 1, 'planted-secret'"
    " from {customers} where n % 4 = 0",
)
PRODUCTS = (
    "insert into catalog_product_entity (entity_id, attribute_set_id, type_id,"
    " sku, created_at, updated_at) select i, 4, if(n % 50, 'simple', "
    "'configurable'), concat('SKU-', n), '2024-01-01' + interval n minute, "
    "'2025-01-01' from {products}",
    "insert into catalog_product_website select i, 1 + n % 2 from {products}",
    "insert into catalog_product_website select i, 2 from {products} where "
    "n % 2 = 0 and n % 3 = 0",
    "insert into catalog_category_product (category_id, product_id, position) "
    "select 1001 + (n * 7 + k.k) % 100, i, n from {products} join "
    "(select 0 k union all select 1) k",
    "insert into cataloginventory_stock_item (product_id, stock_id, qty, "
    "is_in_stock) select i, 1, n % 500 - 3, n % 9 <> 0 from {products}",
    "insert into catalog_product_entity_tier_price (entity_id, all_groups, "
    "customer_group_id, qty, value, website_id) select i, 0, 1 + n % 3, 10, "
    "n / 7, 0 from {products} where n % 10 = 0",
    "insert into catalog_product_entity_media_gallery (value_id, attribute_id,"
    " value, media_type) select i, (select attribute_id from eav_attribute "
    "where attribute_code = 'media_gallery'), concat('/p/', n, '.jpg'), "
    "'image' from {products} where n % 3 = 0",
    "insert into catalog_product_entity_media_gallery_value_to_entity select "
    "i, i from {products} where n % 3 = 0",
    "insert into catalog_product_entity_media_gallery_value (value_id, "
    "store_id, entity_id, label, position) select i, 0, i, "
    "concat('№ ', n), 1 from {products} where n % 3 = 0",
    "insert into catalog_product_link (product_id, linked_product_id, "
    "link_type_id) select i, i + 1, 1 from {products} where n % 5 = 1",
    "insert into catalog_product_relation select i, i - 1 from {products} "
    "where n % 50 = 0",
    "insert into catalog_product_super_link (product_id, parent_id) select "
    "i - 1, i from {products} where n % 50 = 0",
)
CATEGORIES = (
    "insert into catalog_category_entity (entity_id, attribute_set_id, "
    "parent_id, created_at, updated_at, path, position, level, "
    "children_count) select 1000 + n, 3, if(n <= 10, 2, 1001 + n % 10), "
    "'2024-01-01', '2024-01-01', if(n <= 10, concat('1/2/', 1000 + n), "
    "concat('1/2/', 1001 + n % 10, '/', 1000 + n)), n, if(n <= 10, 2, 3), 0 "
    "from x_number where n <= 100",
    "insert into catalog_category_entity_varchar (attribute_id, store_id, "
    "entity_id, value) select attribute_id, s.k, 1000 + n, concat('Things ', "
    "n, '/', s.k) from x_number join eav_attribute join (select 0 k union all "
    "select 2) s where n <= 100 and entity_type_id = 3 and attribute_code = "
    "'name'",
    "insert into catalog_category_entity_int (attribute_id, store_id, "
    "entity_id, value) select attribute_id, 0, 1000 + n, 1 from x_number join "
    "eav_attribute where n <= 100 and entity_type_id = 3 and attribute_code "
    "in ('is_active', 'is_anchor', 'include_in_menu')",
)
# backend: (codes, value of product n in store s)
VALUES = {
    "varchar": ("'name', 'url_key', 'meta_title', 'image', 'options_container'",
                "if(attribute_code = 'meta_title', null, concat("
                "attribute_code, ' № ', n, if(s, ' (de)', '')))"),
    "int": ("'status', 'visibility', 'tax_class_id', 'quantity_and_stock_"
            "status', 'manufacturer'", "1 + (n + s) % 4"),
    "decimal": ("'price', 'special_price', 'cost', 'weight'",
                "(n * 17 % 99999) / 100"),
    "text": ("'description', 'short_description'",
             "concat('<p>', attribute_code, ' “', n, '” \\\\ 100 %</p>')"),
    "datetime": ("'special_from_date', 'special_to_date'",
                 "if(n % 2, '2026-01-01' + interval n minute, null)"),
}
VALUE = ("insert into catalog_product_entity_{backend} (attribute_id, "
         "store_id, entity_id, value) select attribute_id, s.s, i, {value} "
         "from {products} join eav_attribute join (select 0 s union all "
         "select 2 union all select 3) s where entity_type_id = 4 and "
         "attribute_code in ({codes}) and backend_type = '{backend}' and "
         "(s.s = 0 or (n % 10 = 0 and attribute_code in ('name', 'price', "
         "'status', 'description')))")
MONEY = ("base_grand_total", "grand_total", "base_subtotal", "subtotal",
         "base_tax_amount", "tax_amount", "shipping_amount", "total_due")
ORDERS = (
    "insert into sales_order (entity_id, state, status, store_id, "
    "store_name, customer_id, customer_email, customer_firstname, "
    "customer_lastname, increment_id, created_at, updated_at, "
    "order_currency_code, billing_address_id, shipping_address_id, "
    "protect_code, remote_ip, " + ", ".join(MONEY) + ") select i, "
    "elt(1 + n % 3, 'new', 'processing', 'complete'), elt(1 + n % 3, "
    "'pending', 'processing', 'complete'), 1 + n % 3, 'Main Website\\nStore', "
    "if(n % 5, {first} + 1 + n % {count}, null), concat('customer', "
    "n % {count}, '@example.com'), 'Ana', 'Sá', lpad(n, 9, '0'), "
    "'2024-01-01' + interval n minute, '2025-01-01' + interval n minute, "
    "'EUR', 2 * i, 2 * i + 1, 'planted-secret', 'planted-secret', " +
    ", ".join(f"(n * {17 + k} % 99999) / 100" for k in range(len(MONEY))) +
    " from {orders}",
    "insert into sales_order_address (entity_id, parent_id, address_type, "
    "firstname, lastname, street, city, postcode, country_id, email, "
    "telephone) select 2 * i + k.k, i, if(k.k, 'shipping', 'billing'), 'Ana', "
    "'Sá', concat(n, ' Rua'), 'Porto', '4000', 'PT', 'a@example.com', '1' "
    "from {orders} join (select 0 k union all select 1) k",
    "insert into sales_order_item (item_id, order_id, store_id, created_at, "
    "updated_at, product_id, product_type, sku, name, qty_ordered, price, "
    "base_price, row_total, base_row_total, product_options) select "
    "2 * i + k.k, i, 1 + n % 3, '2024-01-01', '2024-01-01', {first} + 1 + "
    "n % 1000, 'simple', concat('SKU-', n), 'Thing “x”', 1 + n % 3, n / 100, "
    "n / 100, n / 50, n / 50, '{{\"info_buyRequest\":{{\"qty\":1}}}}' from "
    "{orders} join (select 0 k union all select 1) k where k.k = 0 or n % 2",
    "insert into sales_order_payment (entity_id, parent_id, method, "
    "amount_ordered, base_amount_ordered, cc_last_4) select i, i, 'checkmo', "
    "n / 100, n / 100, 'planted-secret' from {orders}",
    "insert into sales_order_status_history (parent_id, status, comment, "
    "created_at, entity_name) select i, 'pending', concat('ordered ', n), "
    "'2024-01-01', 'order' from {orders}",
    "insert into sales_order_status_change_history (order_id, status, "
    "created_at) select i, 'pending', '2024-01-01' from {orders} where "
    "n % 2 = 0",
    "insert into sales_order_tax (tax_id, order_id, code, percent, amount, "
    "priority, position, base_amount, process, base_real_amount) select i, i, "
    "'VAT', 23, n / 500, 0, 0, n / 500, 0, n / 500 from {orders} where "
    "n % 4 = 0",
    "insert into sales_order_tax_item (tax_id, item_id, tax_percent, amount, "
    "base_amount, real_amount, real_base_amount, taxable_item_type) select i, "
    "2 * i, 23, n / 500, 1, 1, 1, 'product' from {orders} where n % 4 = 0",
    "insert into sales_invoice (entity_id, order_id, store_id, state, "
    "grand_total, increment_id) select i, i, 1 + n % 3, 2, n / 100, "
    "lpad(n, 9, '0') from {orders} where n % 2 = 0",
    "insert into sales_invoice_item (parent_id, order_item_id, product_id, "
    "qty, price, sku, name) select i, 2 * i, 1001, 1, n / 100, 'SKU', "
    "'Thing' from {orders} where n % 2 = 0",
    "insert into sales_shipment (entity_id, order_id, store_id, total_qty, "
    "increment_id) select i, i, 1 + n % 3, 1, lpad(n, 9, '0') from {orders} "
    "where n % 3 = 0",
    "insert into sales_shipment_item (parent_id, order_item_id, qty, sku) "
    "select i, 2 * i, 1, 'SKU' from {orders} where n % 3 = 0",
    "insert into sales_shipment_track (parent_id, order_id, track_number, "
    "carrier_code) select i, i, concat('T', n), 'dhl' from {orders} "
    "where n % 3 = 0",
    "insert into sales_creditmemo (entity_id, order_id, store_id, state, "
    "grand_total, increment_id) select i, i, 1 + n % 3, 2, n / 100, "
    "lpad(n, 9, '0') from {orders} where n % 20 = 0",
    "insert into sales_creditmemo_item (parent_id, order_item_id, qty, sku) "
    "select i, 2 * i, 1, 'SKU' from {orders} where n % 20 = 0",
)


def portable(dump):
    """The dump as MySQL takes it too: it lacks MariaDB's newer collations."""
    dump = re.sub(rb"utf8mb4_uca1400_\w+", b"utf8mb4_0900_ai_ci", dump)
    return re.sub(rb"/\*M!\d+.*?\*/;?", b"", dump)


def statements(sizes):
    yield "create table x_number (n int primary key)"
    yield NUMBERS.format(most=max(sizes.values()))
    names = {what: f"(select n, {FIRST} + n i from x_number where "
             f"n <= {count}) x" for what, count in sizes.items()}
    names.update(first=FIRST, count=sizes["customers"])
    yield from STORES
    for sql in CUSTOMERS + CATEGORIES + PRODUCTS:
        yield sql.format(**names)
    for backend, (codes, value) in VALUES.items():
        yield VALUE.format(backend=backend, codes=codes, value=value, **names)
    for sql in ORDERS:
        yield sql.format(**names)
    yield "drop table x_number"


def load(source, database, path, sizes):
    """The dump, the shop, and only then the triggers."""
    for account in ("magento@'%'", "magento@localhost"):
        source.run(f"create user if not exists {account}")
        source.run(f"grant all on *.* to {account}")
    with open(path, "rb") as f:
        dump = f.read()
    if source.flavour == "mysql":
        dump = portable(dump)
    source.load(b"set sql_log_bin = 0;\n" + TRIGGER.sub(b"", dump), database)
    with source.connect(database) as c, c.cursor() as cursor:
        cursor.execute("set sql_log_bin = 0, foreign_key_checks = 0, "
                       "unique_checks = 0, time_zone = '+00:00', "
                       "sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
        for sql in statements(sizes):
            try:
                cursor.execute(sql)
            except Exception as e:
                raise AssertionError(f"{sql[:200]}: {e}") from e
    triggers = b"".join(TRIGGER.findall(dump))
    source.load(b"set sql_log_bin = 0;\n" + triggers, database)
