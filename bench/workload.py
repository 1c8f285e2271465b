"""The writes of a busy shop, in transactions as Magento and its importers
make them. Each kind writes at least a given number of replicated rows; rows of
tables that are not copied are not counted.

    values   mass edits of products: all varchar, text and int values of 50
             products in one transaction, 9.5 rows a product
    feed     a price and stock feed: one price row and one stock row for each
             of 100 products in one transaction
    orders   new orders, 10 in one transaction: order, items, two addresses,
             payment, history, 7.5 rows an order
    mix      of 20 transactions 8 values, 8 feed, 3 orders, 1 of customers who
             log in; beside it the grid table, which is not copied
"""

KINDS = ("values", "feed", "orders", "mix")
ORDER = (  # table, its key, its reference to the order
    ("sales_order", "entity_id", None),
    ("sales_order_item", "item_id", "order_id"),
    ("sales_order_address", "entity_id", "parent_id"),
    ("sales_order_payment", "entity_id", "parent_id"),
    ("sales_order_status_history", "entity_id", "parent_id"),
)
MIX = "vfvfofvcfvofvfvovfvf"


class Workload:
    def __init__(self, connection, sizes):
        self.db, self.sizes = connection, sizes
        self.rows, self.transactions, self.turn = 0, 0, 0
        self.at = {"products": 0, "orders": 0, "customers": 0, "new": 0}
        with connection.cursor() as c:
            c.execute("set sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
            c.execute("set foreign_key_checks = 0")
            self.columns = {t: self.columns_of(c, t) for t, _, _ in ORDER}
            self.keep_orders(c)
            c.execute("select attribute_id from eav_attribute where "
                      "attribute_code = 'price' and entity_type_id = 4")
            self.price = c.fetchone()[0]

    @staticmethod
    def keep_orders(cursor):
        """What new orders are copied from; beside the binlog."""
        cursor.execute("set sql_log_bin = 0")
        for table, key, parent in ORDER:
            cursor.execute(f"create table bench_{table} as "
                           f"select * from {table}")
            cursor.execute(f"alter table bench_{table} "
                           f"add index ({parent or key})")
        cursor.execute("set sql_log_bin = 1")

    @staticmethod
    def columns_of(cursor, name):
        cursor.execute(
            "select column_name from information_schema.columns where "
            "table_schema = database() and table_name = %s", (name,))
        return [row[0] for row in cursor.fetchall()]

    def slice(self, what, count):
        """The next so many ids, around and around."""
        first = self.at[what]
        if first + count > self.sizes[what]:
            first = 0
        self.at[what] = first + count
        return f"between {first + 1} and {first + count}"

    def transaction(self, *statements, noise=()):
        self.db.begin()
        with self.db.cursor() as c:
            for sql in statements:
                self.rows += c.execute(sql)
            for sql in noise:
                c.execute(sql)
        self.db.commit()
        self.transactions += 1
        self.turn += 1

    def values(self):
        ids, n = self.slice("products", 50), self.turn
        table = "update catalog_product_entity_"
        self.transaction(
            f"{table}varchar set value = concat('v{n} ', value_id) "
            f"where entity_id {ids}",
            f"{table}text set value = concat('<p>text {n} of ', entity_id, "
            f"'</p>') where entity_id {ids}",
            f"{table}int set value = value % 1000 + 1 where entity_id {ids}")

    def feed(self):
        ids = self.slice("products", 100)
        self.transaction(
            "update catalog_product_entity_decimal set "
            "value = (value + 1.01) % 10000 where store_id = 0 and "
            f"attribute_id = {self.price} and entity_id {ids}",
            "update cataloginventory_stock_item set qty = (qty + 1) % 1000 "
            f"where product_id {ids}")

    def orders(self, noise=()):
        """Copies of ten orders under new ids, far from all others."""
        if self.at["orders"] + 10 > self.sizes["orders"]:
            self.at["new"] += 1
        ids = self.slice("orders", 10)
        offset = (self.at["new"] + 1) * 10_000_000
        sql = []
        for table, key, parent in ORDER:
            columns = self.columns[table]
            picked = [f"{c} + {offset}" if c in (key, parent) else
                      f"{offset} + entity_id" if c == "increment_id" else c
                      for c in columns]
            sql.append(f"insert into {table} ({','.join(columns)}) select "
                       f"{','.join(picked)} from bench_{table} "
                       f"where {parent or key} {ids}")
        self.transaction(*sql, noise=noise)

    def customers(self):
        ids = self.slice("customers", 20)
        self.transaction(
            f"update customer_entity set firstname = 'Ana {self.turn}' "
            f"where entity_id {ids}",
            noise=(f"update customer_grid_flat set name = 'Ana {self.turn}' "
                   f"where entity_id {ids}",))

    def mix(self):
        step = {"v": self.values, "f": self.feed, "o": self.orders,
                "c": self.customers}
        step[MIX[self.turn % len(MIX)]]()

    def write(self, kind, rows):
        """Until so many replicated rows are written; how many."""
        before = self.rows
        while self.rows - before < rows:
            getattr(self, kind)()
        return self.rows - before
