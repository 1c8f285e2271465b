"""Writers that keep a shop busy, and what the source says they did.

Several threads write as a shop's clerks, importers and buyers do: single
rows, transactions over many tables, deletes whose foreign keys fire, work
that is rolled back. A source that goes away is waited for.
"""

import contextlib
import random
import re
import threading
import time

import pymysql

NAME = ("select attribute_id from eav_attribute where attribute_code = "
        "'name' and entity_type_id = 4")
PRICE = ("select attribute_id from eav_attribute where attribute_code = "
         "'price' and entity_type_id = 4")


class Writer(threading.Thread):
    """One connection, one random but repeatable history."""

    def __init__(self, load, number):
        super().__init__(daemon=True)
        self.load, self.number = load, number
        self.random = random.Random(1000 * load.seed + number)
        self.count = 0

    def run(self):
        while not self.load.ending.is_set():
            try:
                with self.load.source.connect(
                        self.load.database, read_timeout=20) as c:
                    self.write(c)
            except (pymysql.Error, OSError) as e:
                # Refused, lost, half done: the source's binlog is the truth.
                self.load.lost += 1
                self.load.last_error = e
                time.sleep(0.1)

    def write(self, connection):
        works = [self.customer, self.prices, self.names, self.order,
                 self.new_customer, self.new_product, self.new_order,
                 self.drop_values, self.drop_customer, self.drop_product,
                 self.drop_order, self.all_at_once, self.nothing]
        with connection.cursor() as self.c:
            while not self.load.ending.is_set():
                self.count += 1
                work = self.random.choice(works)
                if self.load.xa:
                    self.prepared(work)
                else:
                    self.plain(connection, work)
                time.sleep(self.load.pause)

    def plain(self, connection, work):
        connection.begin()
        try:
            work()
            if work == self.nothing:
                connection.rollback()
            else:
                connection.commit()
                self.load.committed += 1
        except pymysql.err.OperationalError as e:
            if e.args[0] not in (1205, 1213):  # lock wait, deadlock
                raise
            connection.rollback()

    def prepared(self, work):
        """As an XA transaction, which others' come between."""
        name = f"'{self.load.database}-{self.number}'"
        self.run_sql(f"xa start {name}")
        try:
            work()
        except pymysql.err.OperationalError as e:
            if e.args[0] not in (1205, 1213):
                raise
            with contextlib.suppress(pymysql.Error):
                self.run_sql(f"xa end {name}")
            self.run_sql(f"xa rollback {name}")
            return
        self.run_sql(f"xa end {name}")
        if self.count % 4 == 0:
            self.run_sql(f"xa commit {name} one phase")
        else:
            self.run_sql(f"xa prepare {name}")
            time.sleep(self.random.choice((0, self.load.pause)))
            what = "rollback" if work == self.nothing else "commit"
            self.run_sql(f"xa {what} {name}")
        self.load.committed += 1

    def key(self, most):
        return self.random.randrange(1, most + 1)

    def run_sql(self, *statements):
        for sql in statements:
            self.c.execute(sql)

    def customer(self):
        self.run_sql(f"update customer_entity set firstname = 'n{self.count}'"
                     f" where entity_id % 20 = {self.key(20) - 1}")

    def prices(self):
        self.run_sql("update catalog_product_entity_decimal set value = "
                     f"{self.count}.25 where entity_id % 10 = "
                     f"{self.key(10) - 1}")

    def names(self):
        self.run_sql(
            "insert into catalog_product_entity_varchar (attribute_id, "
            "store_id, entity_id, value) select (" + NAME + "), "
            f"{self.key(3)}, entity_id, 'name {self.count}' from "
            f"catalog_product_entity where entity_id = {self.key(40)} "
            "on duplicate key update value = values(value)")

    def order(self):
        self.run_sql(f"update sales_order set state = 's{self.count}' where "
                     f"entity_id % 20 = {self.key(20) - 1}")

    def new_customer(self):
        mail = f"w{self.number}-{self.count}-{self.load.seed}@example.com"
        self.run_sql(
            "insert into customer_entity (email, website_id, firstname) "
            f"values ('{mail}', 1, 'new')",
            "insert into customer_address_entity (parent_id, street, city, "
            "country_id, firstname, lastname, telephone) values "
            "(last_insert_id(), 's', 'c', 'PT', 'f', 'l', '1'), "
            "(last_insert_id(), 't', 'd', 'BR', 'f', 'l', '2')")

    def new_product(self):
        sku = f"w{self.number}-{self.count}-{self.load.seed}"
        self.run_sql(
            "insert into catalog_product_entity (attribute_set_id, sku) "
            f"values (4, '{sku}')", "set @product = last_insert_id()",
            "insert into catalog_product_entity_varchar (attribute_id, "
            "store_id, entity_id, value) select (" + NAME + "), 0, @product, "
            "'new'",
            "insert into catalog_product_entity_decimal (attribute_id, "
            "store_id, entity_id, value) select (" + PRICE + "), 0, "
            "@product, 9.5")

    def new_order(self):
        self.run_sql(
            "insert into sales_order (increment_id, store_id, grand_total) "
            f"values ('w{self.number}-{self.count}', 1, {self.count})",
            "set @o = last_insert_id()",
            "insert into sales_order_item (order_id, store_id, sku, name) "
            "values (@o, 1, 'a', 'b'), (@o, 1, 'c', 'd')",
            "insert into sales_order_address (parent_id, address_type, "
            "city) values (@o, 'billing', 'Porto')",
            "insert into sales_order_status_history (parent_id, status) "
            "values (@o, 'pending')")

    def drop_values(self):
        self.run_sql("delete from catalog_product_entity_varchar where "
                     f"store_id <> 0 and entity_id % 8 = {self.key(8) - 1}")

    def drop(self, table):
        """Any row but the first ones, which the others go on writing."""
        self.run_sql(f"delete from {table} where entity_id > 20 order by "
                     f"entity_id limit {self.key(2)}")

    def drop_customer(self):
        self.drop("customer_entity")

    def drop_product(self):
        self.drop("catalog_product_entity")

    def drop_order(self):
        self.drop("sales_order")

    def all_at_once(self):
        self.new_customer()
        self.new_product()
        self.customer()
        self.prices()
        self.drop("sales_order")
        self.new_order()

    def nothing(self):
        """What is done here is rolled back."""
        self.run_sql("update customer_entity set lastname = 'never'",
                     "delete from sales_order where entity_id < 10")


class Load:
    def __init__(self, source, database, threads=4, pause=0.01, seed=1,
                 xa=False):
        self.source, self.database, self.xa = source, database, xa
        self.pause, self.seed = pause, seed
        self.committed = self.lost = 0
        self.last_error = None
        self.ending = threading.Event()
        self.writers = [Writer(self, n) for n in range(threads)]

    def __enter__(self):
        for w in self.writers:
            w.start()
        return self

    def __exit__(self, *ignored):
        self.stop()

    def stop(self):
        self.ending.set()
        for w in self.writers:
            if w.is_alive():
                w.join(30)
                assert not w.is_alive(), f"a writer hangs: {self.last_error}"


def binlog_events(source):
    """(file, type, end, info) of every event of every log there is. A
    statement's text has whatever bytes its client sent."""
    with source.connect() as c, source.connect(use_unicode=False) as raw, \
            c.cursor() as logs, raw.cursor() as events:
        logs.execute("show binary logs")
        for (name, *_) in logs.fetchall():
            events.execute(f"show binlog events in '{name}'")
            for _, _, kind, _, end, info in events.fetchall():
                yield (name, kind.decode().lower(), end,
                       info.decode(errors="replace"))


def parse_set(text):
    """mysql:… as {server or server:tag: [(first, last), …]}."""
    found = {}
    for part in text.removeprefix("mysql:").split(","):
        server, *rest = part.split(":")
        name = server
        for i in rest:
            if not i[0].isdigit():
                name = f"{server}:{i}"  # of the intervals that follow
                continue
            first, _, last = i.partition("-")
            found.setdefault(name, []).append((int(first), int(last or first)))
    return found


def before(position):
    """A function: is a transaction (GTID, file, end) before the position?"""
    kind, _, rest = position.partition(":")
    if kind == "mariadb":
        reached = {int(d): int(n) for d, _, n in
                   (g.split("-") for g in rest.split(",") if g)}

        def known(gtid, *_):
            domain, _, number = gtid.split("-")
            return int(number) <= reached.get(int(domain), 0)
    elif kind == "mysql":
        executed = parse_set(position)

        def known(gtid, *_):
            server, _, number = gtid.rpartition(":")
            return any(a <= int(number) <= b
                       for a, b in executed.get(server, ()))
    else:
        name, _, offset = rest.rpartition(":")

        def known(_, file, end):
            return (file, end) <= (name, int(offset))
    return known


def transactions(source, position):
    """GTIDs of the source's transactions after `position`, in the order of
    its log."""
    known = before(position)
    gtid, plain, found = None, False, []
    for file, kind, end, info in binlog_events(source):
        if kind in ("gtid", "gtid_tagged_log_event"):
            match = re.search(r"GTID (\d+-\d+-\d+)|GTID_NEXT= '([^']+)'", info)
            gtid = match.group(1) or match.group(2)
            # MariaDB says BEGIN here, MySQL in an event of its own.
            plain = (source.flavour == "mysql" or
                     not info.startswith(("BEGIN", "XA START")))
        elif gtid is None:
            continue
        elif kind == "query" and info.startswith(("BEGIN", "XA START")):
            plain = False
        elif kind in ("xid", "xa_prepare") or (
                kind == "query" and (plain or info == "COMMIT")):
            if not known(gtid, file, end):
                found.append(gtid)
            gtid = None
        elif kind == "query" and info == "ROLLBACK":
            gtid = None
    return found


def children(pid):
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(x) for x in f.read().split()]
    return []
