"""bootstrap.since: only members and what hangs on them, in the snapshot and in
the stream. What must be there is asked of the source in plain SQL."""

import random
import re
import threading

import pytest

from demo import journey
from tests.integration import shops
from tests.lib import compare, programs, servers

SINCE = "2025-06-01 00:00:00"
OLD, NEW = "2024-03-01 10:00:00", "2026-02-01 10:00:00"
ROOTS = {"customer": "customer_entity", "order": "sales_order",
         "catalog": "catalog_product_entity"}
# table: how its rows hang on a root, in the source's own words.
CHILDREN = {
    "customer_address_entity": ("customer_entity", "t.parent_id"),
    "catalog_product_website": ("catalog_product_entity", "t.product_id"),
    "catalog_category_product": ("catalog_product_entity", "t.product_id"),
    "cataloginventory_stock_item": ("catalog_product_entity", "t.product_id"),
    "sales_order_item": ("sales_order", "t.order_id"),
    "sales_order_address": ("sales_order", "t.parent_id"),
    "sales_order_payment": ("sales_order", "t.parent_id"),
    "sales_order_status_history": ("sales_order", "t.parent_id"),
    "sales_invoice": ("sales_order", "t.order_id"),
    "sales_invoice_item": ("sales_order", "(select i.order_id from "
                           "sales_invoice i where i.entity_id = t.parent_id)"),
}
MORE = (
    "create table sales_invoice (entity_id int unsigned not null "
    "auto_increment primary key, order_id int unsigned not null, "
    "increment_id varchar(50), foreign key (order_id) references "
    "sales_order (entity_id) on delete cascade)",
    "create table sales_invoice_item (entity_id int unsigned not null "
    "auto_increment primary key, parent_id int unsigned not null, "
    "sku varchar(255), foreign key (parent_id) references sales_invoice "
    "(entity_id) on delete cascade)",
)


class Shop:
    def __init__(self, copy, since):
        self.copy, self.since = copy, since

    def condition(self, table):
        root, key = CHILDREN.get(table, (table, "t.entity_id"))
        for domain, name in ROOTS.items():
            if name == root and domain in self.since:
                return (f" where {key} in (select entity_id from {root} "
                        f"where updated_at >= '{self.since[domain]}')")
        return ""

    def there(self, table):
        with self.copy.session() as c, c.cursor() as cursor:
            cursor.execute("set time_zone = '+00:00'")
            cursor.execute(
                "select column_name from information_schema.columns where "
                "table_schema = database() and table_name = %s", (table,))
            names = [x for x, in cursor.fetchall()
                     if not compare.secret(table, x)]
            cursor.execute("select " + ",".join(f"t.`{x}`" for x in names) +
                           f" from `{table}` t" + self.condition(table))
            return names, compare.rows_of(cursor, names)

    def here(self, table, names):
        with self.copy.target.connect(self.copy.tdb) as c:
            cursor = c.cursor()
            cursor.execute("set timezone = 'UTC'")
            cursor.execute("select " + ",".join(f'"{x}"' for x in names) +
                           f' from "{compare.FLAT[table]}"')
            return compare.rows_of(cursor, names)

    def entities(self, table):
        """Entities that have values, on both sides."""
        kind, _, homes = compare.VALUES[table]
        with self.copy.session() as c, c.cursor() as cursor:
            found = set()
            for backend, home in homes.items():
                cursor.execute(
                    f"select distinct '{home}', t.entity_id from "
                    f"`{table}_{backend}` t join eav_attribute a using "
                    "(attribute_id) where a.backend_type = %s and "
                    "t.entity_id in (select t.entity_id from "
                    f"`{table}` t{self.condition(table)})", (backend,))
                found |= set(cursor.fetchall())
        here = set()
        for home in set(homes.values()):
            here |= {(home, x) for x, in self.copy.target.run(
                f"select distinct entity_id from {home}", self.copy.tdb)}
        return found, here

    def assert_equal(self):
        for table in [*ROOTS.values(), *CHILDREN]:
            if not self.copy.source.run(
                    f"show tables like '{table}'", self.copy.sdb):
                continue
            names, there = self.there(table)
            here = self.here(table, names)

            def order(row):
                return [str(x) for x in row.values()]
            there.sort(key=order)
            here.sort(key=order)
            assert len(here) == len(there), table
            for a, b in zip(there, here):
                for name in names:
                    assert compare.same(a[name], b[name]), (table, name, a, b)
        for table in ("customer_entity", "catalog_product_entity"):
            there, here = self.entities(table)
            assert here == there, table

    def assert_converged(self):
        self.copy.cdc.wait_caught_up(60)
        self.settled()
        self.assert_equal()

    def settled(self):
        servers.wait_until(
            "nothing to read again", 60, lambda: not self.copy.target.run(
                "select * from ficus.refetch", self.copy.tdb))
        self.copy.cdc.wait_caught_up(60)


def make_old(copy, share=2):
    """Every other root has not been touched for years."""
    with copy.session() as c, c.cursor() as cursor:
        cursor.execute("set time_zone = '+00:00'")
        for table in ROOTS.values():
            cursor.execute(f"update {table} set updated_at = if(entity_id % "
                           f"{share}, '{OLD}', '{NEW}')")
        c.commit()


def fill_invoices(copy):
    copy.source.script(list(MORE), copy.sdb)
    copy.write("insert into sales_invoice (order_id, increment_id) select "
               "entity_id, concat('i', entity_id) from sales_order",
               "insert into sales_invoice_item (parent_id, sku) select "
               "entity_id, concat('s', entity_id) from sales_invoice")


@pytest.fixture
def shop(source, source_database, postgres, target_database, directory):
    shops.fill(source, source_database, **shops.SMALL)
    since = {"customer": SINCE, "order": SINCE, "catalog": SINCE}
    copy = shops.Copy(source, source_database, postgres, target_database,
                      directory, {"bootstrap": {"since": dict(since)}})
    fill_invoices(copy)
    make_old(copy)
    yield Shop(copy, since)
    copy.cdc.kill()


def count(shop, table):
    return shop.copy.target.run(f"select count(*) from {table}",
                                shop.copy.tdb)[0][0]


def test_only_members_are_copied_and_followed(shop):
    copy = shop.copy
    copy.bootstrap()
    shop.assert_equal()
    assert 0 < count(shop, "orders") < shops.SMALL["orders"]
    assert 0 < count(shop, "invoice_items") < shops.SMALL["orders"]
    copy.cdc.start()
    copy.cdc.wait_streaming()
    copy.write(f"update sales_order set updated_at = '{NEW}' "
               "where entity_id in (1, 3)",
               f"update customer_entity set updated_at = '{NEW}' "
               "where entity_id in (1, 3)",
               f"update catalog_product_entity set updated_at = '{NEW}' "
               "where entity_id in (1, 3)")
    shop.assert_converged()
    copy.write(f"update sales_order set updated_at = '{OLD}' "
               "where entity_id in (2, 3)",
               f"update customer_entity set updated_at = '{OLD}' "
               "where entity_id in (2, 3)",
               f"update catalog_product_entity set updated_at = '{OLD}' "
               "where entity_id in (2, 3)",
               # What hangs on one that is out stays out.
               "insert into sales_invoice (order_id) values (2), (4)",
               "update sales_order_item set name = 'renamed'")
    shop.assert_converged()


@pytest.mark.slow
def test_a_changed_setting_reads_the_domain_again(shop):
    """In both directions, and away with it."""
    copy = shop.copy
    copy.bootstrap()
    copy.cdc.start()
    copy.cdc.wait_streaming()
    for since in ("2024-01-01", "2027-01-01 00:00:00", ""):
        assert copy.cdc.stop()[0] == 0
        copy.cdc.config = programs.merge(
            copy.cdc.config, {"bootstrap": {"since": {"order": since}}})
        shop.since["order"] = since
        if not since:
            del shop.since["order"]
        copy.cdc.start()
        copy.cdc.wait_streaming()
        shop.assert_converged()
    assert count(shop, "orders") == shops.SMALL["orders"]


class Writer:
    """Random transactions about few orders and customers."""

    def __init__(self, copy, seed):
        self.copy, self.random = copy, random.Random(seed)
        self.next = 1000
        self.columns = {}
        self.written = 0

    def clone(self, cursor, table, key, source, **changes):
        """A row like another, with some columns changed."""
        if table not in self.columns:
            cursor.execute(
                "select column_name from information_schema.columns where "
                "table_schema = database() and table_name = %s and extra not "
                "like '%%GENERATED%%'", (table,))
            self.columns[table] = [x for x, in cursor.fetchall()]
        names = [x for x in self.columns[table]
                 if x != "entity_id" and x != "item_id" or x in changes]
        cursor.execute(
            f"insert into {table} ({','.join(names)}) select " +
            ",".join(repr(changes[x]) if x in changes else x
                     for x in names) +
            f" from {table} where {key} = {source} limit 1")

    def order(self):
        return self.random.randint(1, 12)

    def child(self, cursor, order):
        self.clone(cursor, "sales_order_item", "order_id", 20, order_id=order)

    def root(self, cursor, order, when):
        self.clone(cursor, "sales_order", "entity_id", 20, entity_id=order,
                   increment_id=f"x{order}.{self.written}", updated_at=when)

    def any_time(self):
        return self.random.choice([OLD, NEW])

    def new_order(self, cursor):
        """Children first, in the transaction or in one of its own."""
        self.next += 1
        cursor.execute("set foreign_key_checks = 0")
        self.child(cursor, self.next)
        if self.random.random() < 0.5:
            cursor.connection.commit()
        self.root(cursor, self.next, self.any_time())
        self.child(cursor, self.next)
        cursor.execute("set foreign_key_checks = 1")

    def again(self, cursor):
        """Deleted, with what hangs on it or without, and back again."""
        order = self.order()
        cursor.execute("set foreign_key_checks = "
                       f"{self.random.randint(0, 1)}")
        cursor.execute(f"delete from sales_order where entity_id = {order}")
        if self.random.random() < 0.5:
            cursor.connection.commit()
        cursor.execute("set foreign_key_checks = 0")
        self.root(cursor, order, self.any_time())
        cursor.execute("set foreign_key_checks = 1")

    def touch(self, cursor):
        cursor.execute(f"update sales_order set updated_at = "
                       f"'{self.any_time()}' where entity_id = {self.order()}")

    def customer(self, cursor):
        n = self.order()
        cursor.execute(f"update customer_entity set updated_at = "
                       f"'{self.any_time()}' where entity_id = {n}")
        cursor.execute("update customer_address_entity set city = "
                       f"'c{self.written}' where parent_id = {n}")
        if self.random.random() < 0.1:
            cursor.execute(f"delete from customer_entity where entity_id = {n}")

    def move(self, cursor):
        cursor.execute(f"update sales_order_item set order_id = "
                       f"{self.random.randint(13, 20)} where order_id = "
                       f"{self.random.randint(13, 20)} limit 1")

    def invoice(self, cursor):
        order = self.random.randint(13, 20)
        cursor.execute("insert into sales_invoice (order_id, increment_id) "
                       f"values ({order}, 'n{self.written}')")
        cursor.execute("insert into sales_invoice_item (parent_id, sku) "
                       "values (last_insert_id(), 'n')")

    def write(self, count):
        kinds = [self.new_order, self.again, self.touch, self.touch,
                 self.customer, self.move, self.invoice]
        with self.copy.session() as c, c.cursor() as cursor:
            cursor.execute("set time_zone = '+00:00'")
            for _ in range(count):
                c.begin()
                for kind in self.random.choices(kinds, k=2):
                    kind(cursor)
                    self.written += 1
                if self.random.random() < 0.1:
                    c.rollback()
                else:
                    c.commit()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_random_histories_converge(shop, seed):
    """A bootstrap in the midst of it, and kill -9 later."""
    copy = shop.copy
    writer = Writer(copy, seed)
    writing = threading.Thread(target=writer.write, args=(60,))
    writing.start()
    copy.bootstrap()
    copy.cdc.start()
    writing.join()
    copy.cdc.wait_streaming()
    shop.assert_converged()
    for _ in range(2):
        writing = threading.Thread(target=writer.write, args=(40,))
        writing.start()
        writing.join(writer.random.random())
        copy.cdc.kill()
        copy.cdc.start()
        writing.join()
        copy.cdc.wait_streaming()
        shop.assert_converged()


def test_the_router_asks_magento_for_what_is_left_out(
        source, source_database, postgres, target_database, directory):
    stage = journey.Stage(
        source, postgres, directory, source_database, target_database,
        extra={"bootstrap": {"since": {"order": SINCE}},
               "router": {"resume_dwell": "300ms"}})
    try:
        stage.fill(**shops.SMALL)
        make_old(shops.Copy(source, source_database, postgres,
                            target_database, directory))
        stage.bootstrap()
        stage.start()
        stage.flag("all=on")
        stage.client.get_from("copy", "/api/v1/orders/2", 60)
        old = stage.client.get("/api/v1/orders/1")
        assert old.status == 200 and old.json()["id"] == 1
        assert old.route == "magento;reason=fell_not_found"
        servers.wait_until(  # the first is Magento's to authorise
            "a list to be refused", 30, lambda: stage.client.get(
                "/api/v1/orders?limit=3").route ==
            "magento;reason=fell_partial")
        # Customers are all there.
        stage.client.get_from("copy", "/api/v1/customers/1", 60)
        stage.client.get_from("copy", "/api/v1/customers?limit=3", 60)
        # It enters, and is the copy's.
        source.run(f"update sales_order set updated_at = '{NEW}' "
                   "where entity_id = 1", source_database)
        stage.client.get_from("copy", "/api/v1/orders/1", 60)
    finally:
        stage.stop()


WRONG = {
    "yesterday": r"bootstrap\.since\.order: \S*yesterday.* is neither a date",
    "2024-02-31": r"bootstrap\.since: .*SQLSTATE 22008",
    "18 moons": r"neither a date",
}


def test_what_is_no_date_is_refused(mariadb, postgres, target_database,
                                    directory):
    cdc = programs.Cdc(mariadb, postgres, directory, "none", target_database)
    for since, wanted in WRONG.items():
        cdc.config = programs.merge(
            cdc.config, {"bootstrap": {"since": {"order": since}}})
        done = cdc.call("--migrate")
        assert done.returncode == 2, done.stderr
        assert re.search(wanted, done.stderr), done.stderr
    cdc.config = programs.merge(
        cdc.config, {"bootstrap": {"since": {"order": "18 months"}}})
    assert cdc.call("--migrate").returncode == 0
    found, = postgres.run(
        "select setting, bound::timestamp between now() - interval "
        "'19 months' and now() - interval '17 months' from ficus.since",
        target_database)
    assert found == ("18 months", True)
