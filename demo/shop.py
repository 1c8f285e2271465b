"""Fills the tables of schema.sql with a small, repeatable shop.

    python3 demo/shop.py --port 3306 --database magento [--customers 300 …]

The same seed gives the same shop. Columns that must never leave the source
(password hashes, card data) hold texts that start with "planted-", so that a
test can search for them.
"""

import argparse
import datetime
import os
import random

SECRET = "planted-secret-"
HERE = os.path.dirname(os.path.abspath(__file__))

TYPES = {  # entity type: (id, entity table, additional attribute table)
    "customer": (1, "customer_entity"),
    "customer_address": (2, "customer_address_entity"),
    "catalog_category": (3, "catalog_category_entity"),
    "catalog_product": (4, "catalog_product_entity"),
}

# code: (backend type, input, scope) — scope 0 store view, 1 global, 2 website
PRODUCT = {
    "name": ("varchar", "text", 0), "sku": ("static", "text", 1),
    "description": ("text", "textarea", 0),
    "short_description": ("text", "textarea", 0),
    "price": ("decimal", "price", 1), "special_price": ("decimal", "price", 1),
    "special_from_date": ("datetime", "date", 2),
    "special_to_date": ("datetime", "date", 2),
    "cost": ("decimal", "price", 1), "weight": ("decimal", "weight", 1),
    "manufacturer": ("int", "select", 1), "color": ("int", "select", 1),
    "status": ("int", "select", 2), "visibility": ("int", "select", 0),
    "tax_class_id": ("int", "select", 2), "url_key": ("varchar", "text", 0),
    "image": ("varchar", "media_image", 0),
    "meta_title": ("varchar", "text", 0),
    "country_of_manufacture": ("varchar", "select", 2),
    "materials": ("text", "multiselect", 1),
}
CATEGORY = {
    "name": ("varchar", "text", 0), "is_active": ("int", "select", 0),
    "url_key": ("varchar", "text", 0), "description": ("text", "textarea", 0),
    "include_in_menu": ("int", "select", 0), "is_anchor": ("int", "select", 1),
    "display_mode": ("varchar", "select", 0),
    "custom_design_from": ("datetime", "date", 0),
    "filter_price_range": ("decimal", "text", 0),
}
CUSTOMER = {
    "email": ("static", "text", 1), "firstname": ("static", "text", 1),
    "lastname": ("static", "text", 1),
    "loyalty_level": ("int", "select", 1), "nickname": ("varchar", "text", 1),
    "credit_limit": ("decimal", "text", 1), "notes": ("text", "textarea", 1),
    "member_since": ("datetime", "date", 1),
}
ADDRESS = {
    "city": ("static", "text", 1), "door_code": ("varchar", "text", 1),
}
ATTRIBUTES = {"catalog_product": PRODUCT, "catalog_category": CATEGORY,
              "customer": CUSTOMER, "customer_address": ADDRESS}

FIRST = ("Ana Bruno Chloé Dmitri Eva Farid Grace Håkon Ines Jürgen Keiko Łukasz "
         "Mónica Nils Oksana Pedro Quentin Rosa Søren Tomáš").split()
LAST = ("Almeida Björk Costa Dvořák Eriksson Fischer Głowacki Hernández Ito "
        "Jansen Kovač Lefèvre Müller Novák O'Brien Petrov Quispe Rossi Šimić "
        "Yıldız").split()
THINGS = ("Shirt Trousers Jacket Lamp Chair Table Mug Bag Scarf Watch Camera "
          "Kettle Rug Bottle Tent").split()
STUFF = "Linen Cotton Oak Steel Glass Wool Canvas Bamboo Copper Felt".split()


def attribute_ids():
    """(entity type, code) → id, in a fixed order."""
    ids, n = {}, 1
    for kind, (_, _) in TYPES.items():
        for code in ATTRIBUTES[kind]:
            ids[kind, code] = n
            n += 1
    return ids


IDS = attribute_ids()


class Shop:
    def __init__(self, connection, seed=1):
        self.db = connection
        self.random = random.Random(seed)

    def insert(self, table, columns, rows):
        """Multi-row inserts, as an importer makes them."""
        columns = columns.split()
        marks = "(" + ",".join(["%s"] * len(columns)) + ")"
        with self.db.cursor() as c:
            for i in range(0, len(rows), 500):
                part = rows[i:i + 500]
                c.execute(f"insert into {table} ({','.join(columns)}) values "
                          + ",".join([marks] * len(part)),
                          [x for row in part for x in row])

    def begin(self):
        with self.db.cursor() as c:
            # Ids of 0 are real here: the admin website, group and store.
            c.execute("set sql_mode = 'NO_AUTO_VALUE_ON_ZERO', "
                      "time_zone = '+00:00'")

    def fill(self, customers=300, products=200, categories=30, orders=250):
        self.begin()
        self.metadata()
        self.customers(customers)
        self.categories(categories)
        self.products(products, categories)
        self.orders(orders, customers, products)
        self.db.commit()

    def metadata(self):
        self.insert("store_website", "website_id code name default_group_id "
                    "is_default", [(0, "admin", "Admin", 0, 0),
                                   (1, "base", "Main Website", 1, 1),
                                   (2, "outlet", "Outlet", 2, 0)])
        self.insert("store_group", "group_id website_id name root_category_id "
                    "default_store_id code",
                    [(0, 0, "Default", 0, 0, "default"),
                     (1, 1, "Main Store", 2, 1, "main_store"),
                     (2, 2, "Outlet Store", 2, 3, "outlet_store")])
        self.insert("store", "store_id code website_id group_id name "
                    "sort_order is_active",
                    [(0, "admin", 0, 0, "Admin", 0, 1),
                     (1, "default", 1, 1, "Default Store View", 0, 1),
                     (2, "german", 1, 1, "Deutsch", 1, 1),
                     (3, "outlet", 2, 2, "Outlet", 0, 1)])
        self.insert("eav_entity_type", "entity_type_id entity_type_code "
                    "entity_model entity_table default_attribute_set_id",
                    [(n, kind, "model", table, n)
                     for kind, (n, table) in TYPES.items()])
        self.insert("eav_attribute_set", "attribute_set_id entity_type_id "
                    "attribute_set_name sort_order",
                    [(n, n, "Default", 1) for n, _ in TYPES.values()])
        self.insert("eav_attribute_group", "attribute_group_id "
                    "attribute_set_id attribute_group_name sort_order",
                    [(n, n, "General", 1) for n, _ in TYPES.values()])
        self.attributes()
        self.insert("customer_group", "customer_group_id customer_group_code "
                    "tax_class_id", [(0, "NOT LOGGED IN", 3), (1, "General", 3),
                                     (2, "Wholesale", 3), (3, "Retailer", 3)])
        self.insert("cataloginventory_stock", "stock_id website_id stock_name",
                    [(1, 0, "Default")])

    def attributes(self):
        rows, catalog, customer, members = [], [], [], []
        for (kind, code), n in IDS.items():
            backend, kind_of_input, scope = ATTRIBUTES[kind][code]
            type_id = TYPES[kind][0]
            rows.append((n, type_id, code, backend, kind_of_input,
                         code.replace("_", " ").title(), 0))
            members.append((n, type_id, type_id, type_id, n, n))
            if kind.startswith("catalog"):
                catalog.append((n, scope))
            else:
                customer.append((n, 1))
        self.insert("eav_attribute", "attribute_id entity_type_id "
                    "attribute_code backend_type frontend_input "
                    "frontend_label is_user_defined", rows)
        self.insert("catalog_eav_attribute", "attribute_id is_global", catalog)
        self.insert("customer_eav_attribute", "attribute_id is_visible",
                    customer)
        self.insert("eav_entity_attribute", "entity_attribute_id "
                    "entity_type_id attribute_set_id attribute_group_id "
                    "attribute_id sort_order", members)
        options, labels = [], []
        for attribute in ("manufacturer", "color"):
            for i in range(8):
                option = len(options) + 1
                options.append((option, IDS["catalog_product", attribute], i))
                labels.append((option, 0, f"{attribute} {i}"))
                labels.append((option, 2, f"{attribute} {i} (de)"))
        self.insert("eav_attribute_option",
                    "option_id attribute_id sort_order", options)
        self.insert("eav_attribute_option_value", "option_id store_id value",
                    labels)

    def when(self):
        return (datetime.datetime(2024, 1, 1) + datetime.timedelta(
            seconds=self.random.randrange(60_000_000)))

    def values(self, kind, rows, stores=True):
        """rows: (code, store, entity, value), sorted into the value tables."""
        table = TYPES[kind][1]
        tables = {}
        for code, store, entity, value in rows:
            backend = ATTRIBUTES[kind][code][0]
            row = (IDS[kind, code], entity, value)
            tables.setdefault(backend, []).append(
                row + ((store,) if stores else ()))
        for backend, part in tables.items():
            self.insert(f"{table}_{backend}", "attribute_id entity_id value"
                        + (" store_id" if stores else ""), part)

    def customers(self, count):
        pick = self.random.choice
        people, addresses, values, grid = [], [], [], []
        for n in range(1, count + 1):
            first, last = pick(FIRST), pick(LAST)
            email = f"customer{n}@example.com"
            at = self.when()
            people.append((
                n, 1 + n % 2, email, pick((1, 1, 2, 3)), 1 + n % 3, at, at,
                1, "Default Store View", first, last,
                pick((None, "1980-02-29", "2001-12-31")), pick((None, 1, 2)),
                SECRET + "hash", SECRET + "token", SECRET + "confirmation",
                2 * n - 1, 2 * n))
            grid.append((n, f"{first} {last}", email))
            for k in (2 * n - 1, 2 * n):
                addresses.append((
                    k, n, first, last, f"{k} Main Street\nFloor {k % 9}",
                    pick(("Lisboa", "Køln", "Brno", "São Paulo")),
                    pick(("PT", "DE", "CZ", "BR")), f"{10000 + k}",
                    f"+35191{k:07}", at, at))
            if n % 3 == 0:
                values += [("nickname", 0, n, f"nick{n}"),
                           ("credit_limit", 0, n, f"{n * 10}.500000"),
                           ("loyalty_level", 0, n, n % 5)]
            if n % 7 == 0:
                values += [("notes", 0, n, None),
                           ("member_since", 0, n, at.replace(microsecond=0))]
        self.insert("customer_entity", "entity_id website_id email group_id "
                    "store_id created_at updated_at is_active created_in "
                    "firstname lastname dob gender password_hash rp_token "
                    "confirmation default_billing default_shipping", people)
        self.insert("customer_address_entity", "entity_id parent_id firstname "
                    "lastname street city country_id postcode telephone "
                    "created_at updated_at", addresses)
        self.values("customer", values, stores=False)
        self.values("customer_address", [
            ("door_code", 0, k, f"D{k}") for k in range(5, 2 * count, 11)],
            stores=False)
        self.insert("customer_grid_flat", "entity_id name email", grid)

    def categories(self, count):
        rows, values = [(1, 3, 0, "1", 0, 0, count - 1)], []
        rows.append((2, 3, 1, "1/2", 1, 1, count - 2))
        for n in range(3, count + 1):
            parent = 2 if n < 10 else self.random.randrange(3, 10)
            path = f"1/2/{n}" if parent == 2 else f"1/2/{parent}/{n}"
            rows.append((n, 3, parent, path, n, path.count("/"), 0))
        for n in range(1, count + 1):
            name = f"{self.random.choice(THINGS)}s {n}"
            values += [("name", 0, n, name), ("is_active", 0, n, 1),
                       ("include_in_menu", 0, n, 1), ("is_anchor", 0, n, n % 2),
                       ("url_key", 0, n, name.lower().replace(" ", "-")),
                       ("description", 0, n, None),
                       ("custom_design_from", 0, n, None)]
            if n % 4 == 0:
                values.append(("name", 2, n, name + " (de)"))
        self.insert("catalog_category_entity", "entity_id attribute_set_id "
                    "parent_id path position level children_count", rows)
        self.values("catalog_category", values)

    def products(self, count, categories):
        pick = self.random.choice
        rows, values, sites, links, stock = [], [], [], [], []
        for n in range(1, count + 1):
            at = self.when()
            name = f"{pick(STUFF)} {pick(THINGS)} №{n}"
            kind = ("configurable" if n % 10 == 0 else
                    "virtual" if n % 13 == 0 else "simple")
            rows.append((n, 4, kind, f"SKU-{n:05}", 0, 0, at, at))
            values += self.product_values(n, name)
            sites += [(n, w) for w in ((1,), (1, 2), (2,))[n % 3]]
            links += [(c, n, n) for c in {3 + n % (categories - 2),
                                          3 + n * 7 % (categories - 2)}]
            stock.append((n, 1, self.random.randrange(500), n % 9 != 0, 0))
        self.insert("catalog_product_entity", "entity_id attribute_set_id "
                    "type_id sku has_options required_options created_at "
                    "updated_at", rows)
        self.values("catalog_product", values)
        self.insert("catalog_product_website", "product_id website_id", sites)
        self.insert("catalog_category_product",
                    "category_id product_id position", links)
        self.insert("cataloginventory_stock_item",
                    "product_id stock_id qty is_in_stock website_id", stock)

    def product_values(self, n, name):
        cents = self.random.randrange(100, 99999)
        url = f"p-{n}"
        values = [
            ("name", 0, n, name), ("url_key", 0, n, url),
            ("description", 0, n, f"<p>{name} — “fine”, 100 % \\ 'new'</p>"),
            ("meta_title", 0, n, None), ("status", 0, n, 1 + (n % 17 == 0)),
            ("visibility", 0, n, 4), ("tax_class_id", 0, n, 2),
            ("price", 0, n, f"{cents // 100}.{cents % 100:02}0000"),
            ("weight", 0, n, f"{n % 50}.250000"),
            ("manufacturer", 0, n, 1 + n % 8),
            ("image", 0, n, f"/p/{n % 10}/p{n}.jpg"),
        ]
        if n % 4 == 0:
            values += [("name", 2, n, name + " (deutsch)"),
                       ("description", 2, n, None),
                       ("status", 3, n, 2)]
        if n % 5 == 0:
            values += [("special_price", 0, n, f"{cents // 200}.990000"),
                       ("special_from_date", 0, n, "2026-01-01 00:00:00"),
                       ("special_to_date", 0, n, None),
                       ("materials", 0, n, "1,2,3")]
        return values

    def orders(self, count, customers, products):
        orders, items, addresses, payments, history = [], [], [], [], []
        for n in range(1, count + 1):
            customer = self.random.randrange(1, customers + 1)
            at, total = self.when(), 0
            for k in range(1 + n % 4):
                product = self.random.randrange(1, products + 1)
                price = self.random.randrange(500, 20000) / 100
                total += price
                items.append((len(items) + 1, n, 1, product, f"SKU-{product:05}",
                              f"Thing {product}", 1, price, price, at))
            email = f"customer{customer}@example.com"
            orders.append((n, ("new", "processing", "complete")[n % 3],
                           ("pending", "processing", "complete")[n % 3],
                           1, customer, f"{n:09}", total, total, "EUR", email,
                           FIRST[n % 20], LAST[n % 19], 2 * n - 1, 2 * n, at,
                           at, SECRET + "protect", SECRET + "ip"))
            for k, kind in ((2 * n - 1, "billing"), (2 * n, "shipping")):
                addresses.append((k, n, kind, FIRST[n % 20], LAST[n % 19],
                                  f"{n} Harbour Road", "Porto", "PT", email))
            payments.append((n, n, "checkmo", total, SECRET + "cc",
                             SECRET + "1234"))
            history.append((n, n, "pending", "Order received", at))
        self.insert("sales_order", "entity_id state status store_id "
                    "customer_id increment_id grand_total base_grand_total "
                    "order_currency_code customer_email customer_firstname "
                    "customer_lastname billing_address_id shipping_address_id "
                    "created_at updated_at protect_code remote_ip", orders)
        self.insert("sales_order_item", "item_id order_id store_id product_id "
                    "sku name qty_ordered price row_total created_at", items)
        self.insert("sales_order_address", "entity_id parent_id address_type "
                    "firstname lastname street city country_id email",
                    addresses)
        self.insert("sales_order_payment", "entity_id parent_id method "
                    "amount_ordered cc_number_enc cc_last_4", payments)
        self.insert("sales_order_status_history",
                    "entity_id parent_id status comment created_at", history)
        self.insert("sequence_order_1", "sequence_value",
                    [(n,) for n in range(1, count + 1)])


def schema():
    """The statements of schema.sql."""
    with open(os.path.join(HERE, "schema.sql"), encoding="utf-8") as f:
        lines = [x for x in f if not x.startswith("--")]
    return [s for s in "".join(lines).split(";\n") if s.strip()]


def create(connection):
    with connection.cursor() as c:
        for statement in schema():
            c.execute(statement)


def main():
    import pymysql
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--port", type=int, required=True)
    p.add_argument("--database", default="magento")
    for name, number in (("customers", 300), ("products", 200),
                         ("categories", 30), ("orders", 250)):
        p.add_argument("--" + name, type=int, default=number)
    a = p.parse_args()
    db = pymysql.connect(host="127.0.0.1", port=a.port, user="root",
                         charset="utf8mb4", database=a.database)
    create(db)
    Shop(db).fill(a.customers, a.products, a.categories, a.orders)


if __name__ == "__main__":
    main()
