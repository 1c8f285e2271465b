"""A day's writes in the shop of magento_shop.py, as Magento makes them: the
same statements in the same transactions, each kind of work several times, in
an order that a seed gives. Entities it changes are picked at random among
those the shop was made with."""

import random

import pymysql

from tests.lib.magento_shop import FIRST

CODE = ("(select attribute_id from eav_attribute where entity_type_id = {} "
        "and attribute_code = '{}')")
NAME, PRICE, STATUS, TEXT = (CODE.format(4, c) for c in (
    "name", "price", "status", "description"))
CATEGORY_NAME = CODE.format(3, "name")
PRODUCT_WORK = ("new_product", "edit_product", "edit_in_store_view",
                "use_default", "mass_update", "price_feed", "price_cleanup",
                "import_products", "import_replaces", "stock_of_an_order",
                "replace_a_value", "replace_a_parent", "delete_product")
CATEGORY_WORK = ("assign_categories", "new_category", "move_category",
                 "delete_category")
CUSTOMER_WORK = ("register", "edit_customer", "drop_address", "log_in",
                 "delete_customer", "delete_group")
ORDER_WORK = ("place_order", "comment", "invoice", "ship", "refund",
              "cancel", "delete_order")
OTHER_WORK = ("reindex", "clean_changelogs", "options", "attribute",
              "store_view", "rolled_back")


NO_TABLE, NO_COLUMN = 1146, 1054


class Day:
    def __init__(self, connection, sizes, seed, first=FIRST, partial=False):
        """first: ids of all kinds begin behind it. partial: the shop lacks
        some of Magento's tables, and what would be written to those is left
        out."""
        self.db, self.sizes = connection, sizes
        self.first, self.partial = first, partial
        self.random = random.Random(seed)
        self.turn = 0
        self.done = []
        with connection.cursor() as c:
            c.execute("set sql_mode = 'NO_AUTO_VALUE_ON_ZERO', "
                      "time_zone = '+00:00'")

    def steps(self, rounds):
        """One piece of work after another; its name after each."""
        work = [w for kind in (PRODUCT_WORK, CATEGORY_WORK, CUSTOMER_WORK,
                               ORDER_WORK, OTHER_WORK) for w in kind]
        for _ in range(rounds):
            self.random.shuffle(work)
            for name in work:
                self.turn += 1
                try:
                    getattr(self, name)()
                except Exception as e:
                    raise AssertionError(f"{name}: {e}") from e
                self.done.append(name)
                yield name

    def write(self, *statements):
        """One transaction."""
        self.db.begin()
        with self.db.cursor() as c:
            for sql in statements:
                self.run(c, sql)
        self.db.commit()

    def run(self, cursor, sql):
        try:
            cursor.execute(sql)
        except pymysql.err.MySQLError as e:
            if not self.partial or e.args[0] not in (NO_TABLE, NO_COLUMN):
                raise

    def one(self, what):
        return self.first + self.random.randint(1, self.sizes[what])

    def some(self, what, count):
        """A condition that picks neighbours; the first and the last id."""
        first = self.one(what)
        return f"between {first} and {first + count - 1}"

    # Products

    def new_product(self):
        sku = f"new-{self.turn}"
        self.write(
            "insert into catalog_product_entity (attribute_set_id, type_id, "
            f"sku) values (4, 'simple', '{sku}')",
            "set @p = last_insert_id()",
            *(f"insert ignore into catalog_product_entity_{kind} "
              "(attribute_id, store_id, entity_id, value) select "
              f"attribute_id, 0, @p, {value} from eav_attribute where "
              f"entity_type_id = 4 and backend_type = '{kind}' limit {count}"
              for kind, value, count in (
                  ("varchar", "concat('new ', attribute_code)", 12),
                  ("int", "1", 6), ("decimal", "9.99", 3),
                  ("text", "'<p>née</p>'", 3), ("datetime", "null", 2))),
            "insert into catalog_product_website values (@p, 1), (@p, 2)",
            "insert into catalog_category_product (category_id, product_id, "
            f"position) values ({self.first + 3}, @p, 1), "
            f"({self.first + 20}, @p, 0)",
            "insert into cataloginventory_stock_item (product_id, stock_id, "
            "qty) values (@p, 1, 10)",
            "insert into url_rewrite (entity_type, entity_id, request_path, "
            f"store_id) values ('product', @p, '{sku}.html', 1)")

    def edit_product(self):
        p = self.one("products")
        self.write(
            "update catalog_product_entity set updated_at = now() where "
            f"entity_id = {p}",
            *(f"update catalog_product_entity_{kind} set value = {value} "
              f"where entity_id = {p} and store_id = 0 and "
              f"attribute_id = {attribute}"
              for kind, attribute, value in (
                  ("varchar", NAME, f"'edited {self.turn}'"),
                  ("decimal", PRICE, "value + 0.01"),
                  ("int", STATUS, "3 - value"))),
            f"delete from catalog_product_entity_text where entity_id = {p} "
            f"and attribute_id = {TEXT} and store_id = 0",
            "insert ignore into catalog_product_entity_text (attribute_id, "
            f"store_id, entity_id, value) select {TEXT}, 0, entity_id, '' "
            f"from catalog_product_entity where entity_id = {p}",
            "update catalog_product_entity_media_gallery_value set "
            f"label = 'n {self.turn}' where entity_id = {p}")

    def edit_in_store_view(self):
        self.write(
            "insert into catalog_product_entity_varchar (attribute_id, "
            f"store_id, entity_id, value) select {NAME}, 2, entity_id, "
            f"'Ansicht {self.turn}' from catalog_product_entity where "
            f"entity_id {self.some('products', 3)} "
            "on duplicate key update value = values(value)",
            "insert into catalog_product_entity_datetime (attribute_id, "
            "store_id, entity_id, value) select attribute_id, 3, entity_id, "
            "null from catalog_product_entity join eav_attribute where "
            f"entity_id = {self.one('products')} and entity_type_id = 4 and "
            "backend_type = 'datetime' "
            "on duplicate key update value = values(value)")

    def use_default(self):
        for kind in ("varchar", "int", "decimal", "text"):
            self.write(f"delete from catalog_product_entity_{kind} where "
                       f"entity_id {self.some('products', 30)} and "
                       "store_id = 2")

    def mass_update(self):
        ids = self.some("products", 1000)
        upsert = ("insert into catalog_product_entity_{} (attribute_id, "
                  "store_id, entity_id, value) select {}, 0, entity_id, {} "
                  "from catalog_product_entity where entity_id " + ids +
                  " on duplicate key update value = values(value)")
        self.write(
            upsert.format("int", STATUS, 1 + self.turn % 2),
            upsert.format("varchar", NAME, f"'mass {self.turn}'"),
            upsert.format("text", TEXT, "null"),
            "insert into catalog_product_entity (entity_id, sku, updated_at) "
            "select entity_id, sku, now() from catalog_product_entity where "
            f"entity_id {ids} on duplicate key update "
            "updated_at = values(updated_at)")

    def price_feed(self):
        for _ in range(3):
            ids = self.some("products", 500)
            self.write(
                "insert into catalog_product_entity_decimal (attribute_id, "
                f"store_id, entity_id, value) select {PRICE}, 0, entity_id, "
                f"entity_id / 7 + {self.turn} from catalog_product_entity "
                f"where entity_id {ids} "
                "on duplicate key update value = values(value)",
                "update cataloginventory_stock_item set qty = qty + 1 where "
                f"product_id {ids}")

    def price_cleanup(self):
        self.write("delete from catalog_product_entity_decimal where "
                   f"attribute_id = {PRICE} and store_id <> 0 and "
                   f"entity_id {self.some('products', 2000)}")

    def import_products(self):
        ids = self.some("products", 100)
        self.write(
            "insert into catalog_product_entity_varchar (attribute_id, "
            f"store_id, entity_id, value) select {NAME}, 0, entity_id, "
            f"concat('import ', sku) from catalog_product_entity where "
            f"entity_id {ids} on duplicate key update value = values(value)")
        for table, key, columns, value in (
                ("catalog_product_website", "product_id",
                 "product_id, website_id", "entity_id, 1"),
                ("catalog_category_product", "product_id",
                 "product_id, category_id, position",
                 f"entity_id, {self.first + 5}, 0"),
                ("catalog_product_entity_tier_price", "entity_id",
                 "entity_id, customer_group_id, qty, value, website_id",
                 "entity_id, 2, 5, 1.5, 0")):
            self.write(f"delete from {table} where {key} {ids}",
                       f"insert into {table} ({columns}) select {value} from "
                       f"catalog_product_entity where entity_id {ids}")

    def import_replaces(self):
        """Deletes first, then writes the same products again."""
        ids = self.some("products", 20)
        self.write(
            "create temporary table kept as select * from "
            f"catalog_product_entity where entity_id {ids}",
            f"delete from catalog_product_entity where entity_id {ids}",
            "insert into catalog_product_entity select * from kept",
            "insert into catalog_product_entity_varchar (attribute_id, "
            f"store_id, entity_id, value) select {NAME}, 0, entity_id, "
            "'again' from kept",
            "insert into catalog_product_entity_decimal (attribute_id, "
            f"store_id, entity_id, value) select {PRICE}, 0, entity_id, 1 "
            "from kept", "drop temporary table kept")

    def stock_of_an_order(self):
        a, b = self.one("products"), self.one("products")
        self.write(
            "update cataloginventory_stock_item set qty = case product_id "
            f"when {a} then qty - 1 when {b} then qty - 2 else qty end "
            f"where product_id in ({a}, {b})",
            "update cataloginventory_stock_item set is_in_stock = 0, "
            "low_stock_date = now() where qty < 0 and is_in_stock = 1 and "
            f"product_id {self.some('products', 300)}")

    def replace_a_value(self):
        self.write(
            "replace into catalog_product_entity_varchar (attribute_id, "
            f"store_id, entity_id, value) select {NAME}, 0, entity_id, "
            f"'replaced {self.turn}' from catalog_product_entity where "
            f"entity_id {self.some('products', 5)}")

    def replace_a_parent(self):
        """With its children, where the server runs the foreign keys."""
        self.write(
            "replace into catalog_product_entity select * from "
            f"catalog_product_entity where entity_id = {self.one('products')}",
            "replace into customer_entity select * from customer_entity "
            f"where entity_id = {self.one('customers')}")

    def delete_product(self):
        self.write("delete from catalog_product_entity where entity_id " +
                   self.some("products", 4))

    # Categories

    def assign_categories(self):
        ids = self.some("products", 10)
        one, other = self.first + 7, self.first + 8
        self.write(
            "insert ignore into catalog_category_product (category_id, "
            f"product_id, position) select {one}, entity_id, 5 from "
            f"catalog_product_entity where entity_id {ids}",
            "insert into catalog_category_product (category_id, product_id, "
            f"position) select {other}, entity_id, 6 from "
            "catalog_product_entity "
            f"where entity_id {ids} on duplicate key update "
            "position = values(position)",
            f"delete from catalog_category_product where category_id = {one} "
            f"and product_id {self.some('products', 500)}",
            "update catalog_category_product set position = position + 1 "
            f"where category_id = {other} and product_id {ids}")

    def new_category(self):
        self.write(
            "insert into catalog_category_entity (attribute_set_id, "
            "parent_id, path, position, level, children_count) values "
            "(3, 2, '', 9, 2, 0)", "set @c = last_insert_id()",
            "update catalog_category_entity set path = concat('1/2/', @c) "
            "where entity_id = @c",
            "update catalog_category_entity set children_count = "
            "children_count + 1 where entity_id in (1, 2)",
            "insert into catalog_category_entity_varchar (attribute_id, "
            f"store_id, entity_id, value) values ({CATEGORY_NAME}, 0, @c, "
            f"'New {self.turn}')")

    def move_category(self):
        moved = self.first + self.random.randint(11, 100)
        to = self.first + self.random.randint(3, 10)
        self.write(
            "update catalog_category_entity set position = position + 1 "
            f"where parent_id = {to}",
            f"update catalog_category_entity set path = "
            f"concat('1/2/{to}/', entity_id), parent_id = {to}, level = 3 "
            f"where entity_id = {moved}",
            "update catalog_category_entity set children_count = "
            f"children_count + 1 where entity_id = {to}")

    def delete_category(self):
        n = self.first + self.random.randint(30, 100)
        self.write(f"delete from catalog_category_entity where path like "
                   f"'1/2/%/{n}' or entity_id = {n}")

    # Customers

    def register(self):
        mail = f"new{self.turn}@example.com"
        self.write("insert into customer_entity (email, website_id, group_id,"
                   f" store_id, firstname) values ('{mail}', 1, 1, 1, 'New')",
                   "set @c = last_insert_id()")
        self.write("insert into customer_address_entity (parent_id, city, "
                   "country_id, firstname, lastname, street, telephone) "
                   "values (@c, 'Faro', 'PT', 'N', 'E', 'W', '1')",
                   "update customer_entity set default_billing = "
                   "last_insert_id() where entity_id = @c")
        self.write("update customer_entity set rp_token = 'planted-secret', "
                   "rp_token_created_at = now() where entity_id = @c",
                   "insert into customer_grid_flat (entity_id, email) select "
                   "entity_id, email from customer_entity where "
                   "entity_id = @c on duplicate key update "
                   "email = values(email)",
                   "insert into newsletter_subscriber (customer_id, "
                   "subscriber_email, subscriber_status, store_id) values "
                   f"(@c, '{mail}', 1, 1)")

    def edit_customer(self):
        """His orders follow his address."""
        c = self.one("customers")
        self.write(
            f"update customer_entity set email = 'e{self.turn}@example.com', "
            f"lastname = 'Ed' where entity_id = {c}",
            f"update sales_order set customer_email = 'e{self.turn}"
            f"@example.com' where customer_id = {c}")

    def drop_address(self):
        a = 2 * self.one("customers")
        self.write(
            f"delete from customer_address_entity where entity_id = {a}",
            "update customer_entity set default_billing = null where "
            f"default_billing = {a}")

    def log_in(self):
        c = self.one("customers")
        self.write(
            "insert into customer_log (customer_id, last_login_at) values "
            f"({c}, now()) on duplicate key update last_login_at = now()",
            f"insert into customer_visitor (customer_id) values ({c})",
            f"update customer_entity set failures_num = {self.turn} "
            f"where entity_id = {c}")

    def delete_customer(self):
        for _ in range(3):
            c = self.one("customers")
            self.write(
                f"delete from customer_entity where entity_id = {c}",
                f"delete from newsletter_subscriber where customer_id = {c}")

    def delete_group(self):
        self.write(
            "insert into customer_group (customer_group_code, tax_class_id) "
            f"values ('Group {self.turn}', 3)", "set @g = last_insert_id()",
            "insert into catalog_product_entity_tier_price (entity_id, "
            "all_groups, customer_group_id, qty, value, website_id) select "
            "entity_id, 0, @g, 2, 3, 0 from catalog_product_entity where "
            f"entity_id {self.some('products', 50)}",
            "update customer_entity set group_id = @g where entity_id " +
            self.some("customers", 20))
        self.write("update customer_entity set group_id = 1 where "
                   "group_id = @g",
                   "delete from customer_group where customer_group_id = @g")

    # Orders

    def place_order(self):
        self.write("insert into sequence_order_1 () values ()")
        self.write(
            "insert into sales_order (state, status, store_id, customer_id, "
            "increment_id, grand_total, customer_email) select 'new', "
            f"'pending', 1, entity_id, 'day-{self.turn}', 12.34, email from "
            f"customer_entity where entity_id >= {self.one('customers')} "
            "order by entity_id limit 1", "set @o = last_insert_id()",
            "insert into sales_order_address (parent_id, address_type, city) "
            "values (@o, 'billing', 'Braga')",
            "update sales_order set billing_address_id = last_insert_id() "
            "where entity_id = @o",
            "insert into sales_order_item (order_id, store_id, sku, name, "
            "qty_ordered, price) values (@o, 1, 'a', 'b', 1, 2), "
            "(@o, 1, 'c', 'd', 1, 2)",
            "set @i = last_insert_id()",
            "insert into sales_order_payment (parent_id, method, cc_last_4) "
            "values (@o, 'checkmo', 'planted-secret')",
            "insert into sales_order_tax (order_id, code, percent, amount, "
            "priority, position, base_amount, process, base_real_amount) "
            "values (@o, 'VAT', 23, 1, 0, 0, 1, 0, 1)",
            "insert into sales_order_tax_item (tax_id, item_id, tax_percent, "
            "amount, base_amount, real_amount, real_base_amount, "
            "taxable_item_type) values (last_insert_id(), @i, 23, 1, 1, 1, 1,"
            " 'product')",
            "insert into sales_order_grid (entity_id, status) select "
            "entity_id, status from sales_order where entity_id = @o "
            "on duplicate key update status = values(status)")
        self.write("update sales_order set send_email = 1, email_sent = 1 "
                   "where entity_id = @o")

    def comment(self):
        o = self.one("orders")
        for state in ("holded", "processing"):
            self.write(
                f"update sales_order set state = '{state}', status = "
                f"'{state}' where entity_id = {o}",
                "insert into sales_order_status_history (parent_id, status, "
                f"comment) select entity_id, '{state}', 'n {self.turn}' from "
                f"sales_order where entity_id = {o}",
                "insert into sales_order_status_change_history (order_id, "
                f"status) select entity_id, '{state}' from sales_order where "
                f"entity_id = {o}")

    def document(self, kind, o, columns="", values=""):
        return (
            f"insert into sales_{kind} (order_id, store_id, increment_id"
            f"{columns}) select entity_id, store_id, 'd{self.turn}'{values} "
            f"from sales_order where entity_id = {o}",
            "set @d = last_insert_id()",
            f"insert into sales_{kind}_item (parent_id, order_item_id, qty, "
            "sku) select d.entity_id, item_id, 1, i.sku from "
            f"sales_order_item i join sales_{kind} d on d.entity_id = @d and "
            "d.order_id = i.order_id")

    def invoice(self):
        o = self.one("orders")
        self.write(
            *self.document("invoice", o, ", grand_total", ", grand_total"),
            "update sales_order_item set qty_invoiced = qty_ordered, "
            f"row_invoiced = row_total where order_id = {o}",
            "update sales_order set total_paid = grand_total, "
            f"total_invoiced = grand_total where entity_id = {o}",
            "update sales_order_payment set amount_paid = amount_ordered "
            f"where parent_id = {o}")
        self.write(f"update sales_invoice set email_sent = 1 where "
                   f"order_id = {o}")

    def ship(self):
        o = self.one("orders")
        self.write(
            *self.document("shipment", o, ", total_qty", ", 1"),
            "insert into sales_shipment_track (parent_id, order_id, "
            "track_number) select entity_id, order_id, 'T' from "
            f"sales_shipment where order_id = {o}",
            "update sales_order_item set qty_shipped = qty_ordered where "
            f"order_id = {o}")

    def refund(self):
        o = self.one("orders")
        self.write(
            *self.document("creditmemo", o, ", grand_total", ", grand_total"),
            "insert into sales_creditmemo_comment (parent_id, comment, "
            "is_visible_on_front) select entity_id, 'sorry', 0 from "
            f"sales_creditmemo where order_id = {o}",
            "update sales_order_item set qty_refunded = qty_ordered where "
            f"order_id = {o}",
            "update sales_order set total_refunded = grand_total, "
            f"state = 'closed' where entity_id = {o}",
            "update sales_invoice set is_used_for_refund = 1, "
            f"base_total_refunded = 1 where order_id = {o}",
            "update cataloginventory_stock_item set qty = qty + 1 where "
            f"product_id = {self.one('products')}")

    def cancel(self):
        ids = self.some("orders", 20)
        self.write(
            "update sales_order_item set qty_canceled = qty_ordered where "
            f"order_id {ids}",
            "update sales_order set state = 'canceled', status = 'canceled' "
            f"where entity_id {ids}")

    def delete_order(self):
        self.write("delete from sales_order where entity_id " +
                   self.some("orders", 3))

    # The rest

    def reindex(self):
        """A swap of tables of which none is copied."""
        table = "catalog_product_index_price"
        self.write(f"truncate table {table}_replica",
                   f"insert into {table}_replica select entity_id, 0, 1, 2, "
                   "1, 1, 1, 1, null from catalog_product_entity limit 2000",
                   f"alter table {table}_replica comment 'Turn {self.turn}'")
        self.write(f"rename table {table} to {table}_outdated, "
                   f"{table}_replica to {table}, "
                   f"{table}_outdated to {table}_replica")

    def clean_changelogs(self):
        self.write("delete from catalog_product_price_cl",
                   "delete from catalog_product_attribute_cl")
        self.write("create table changelog__tmp1 (id int primary key)",
                   "insert into changelog__tmp1 values (1)",
                   "drop table changelog__tmp1")

    def options(self):
        self.write(
            "insert into eav_attribute_option (attribute_id, sort_order) "
            f"values ({CODE.format(4, 'color')}, 1)",
            "set @o = last_insert_id()",
            "insert into eav_attribute_option_value (option_id, store_id, "
            "value) values (@o, 0, 'blue'), (@o, 2, 'blau')")
        self.write("update eav_attribute_option_value set value = 'bleu' "
                   "where option_id = @o and store_id = 2")
        if self.turn % 2:
            self.write("delete from eav_attribute_option where "
                       "option_id = @o")

    def attribute(self):
        self.write(
            "insert into eav_attribute (entity_type_id, attribute_code, "
            "backend_type, frontend_input, is_user_defined) values (4, "
            f"'made_{self.turn}', 'varchar', 'text', 1)",
            "set @a = last_insert_id()",
            "insert into catalog_eav_attribute (attribute_id, is_global) "
            "values (@a, 0)",
            "insert into catalog_product_entity_varchar (attribute_id, "
            "store_id, entity_id, value) select @a, 0, entity_id, sku from "
            "catalog_product_entity where entity_id " +
            self.some("products", 200))
        if self.turn % 3:
            self.write("delete from eav_attribute where attribute_id = @a")

    def store_view(self):
        self.write("insert into store (code, website_id, group_id, name, "
                   f"is_active) values ('view_{self.turn}', 1, 1, 'V', 1)",
                   "set @s = last_insert_id()")
        self.write("insert into catalog_product_entity_varchar (attribute_id,"
                   f" store_id, entity_id, value) select {NAME}, @s, "
                   "entity_id, 'view' from catalog_product_entity where "
                   f"entity_id {self.some('products', 100)}",
                   "update sales_order set store_id = @s where entity_id " +
                   self.some("orders", 10))
        self.write("delete from store where store_id = @s")

    def rolled_back(self):
        self.db.begin()
        with self.db.cursor() as c:
            c.execute("update customer_entity set lastname = 'never' where "
                      f"entity_id {self.some('customers', 50)}")
            c.execute("delete from sales_order where entity_id = "
                      f"{self.one('orders')}")
        self.db.rollback()
