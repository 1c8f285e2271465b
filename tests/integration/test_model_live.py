"""Random histories as SQL on real servers with a live cdc, which is killed
now and then: the copy equals the source at every stop. The same operations as
in tests/model/, done by the servers themselves."""

import contextlib
import os
import random

import pymysql
import pytest

from tests.integration import shops

ATTRIBUTE = ("(select attribute_id from eav_attribute where attribute_code = "
             "'{}' and entity_type_id = 4)")
STOPS, TRANSACTIONS = 3, 40
TYPES = ("varchar", "int", "text", "decimal")


def seed_of_run():
    """The same each time, unless FICUS_SEED is a number or "random"."""
    seed = os.environ.get("FICUS_SEED") or "1"
    return random.randrange(10**9) if seed == "random" else int(seed)


class Clerk:
    """Writes as nobody would, but anybody could."""

    def __init__(self, copy, seed):
        self.copy, self.random, self.n = copy, random.Random(seed), 0
        self.works = [self.product, self.value, self.move, self.price,
                      self.remove, self.replace, self.again, self.swap,
                      self.rekey, self.category, self.customer, self.address,
                      self.order, self.shop, self.attribute, self.rename]

    def id(self, most=30):
        return self.random.randrange(1, most)

    def word(self):
        self.n += 1
        return f"r{self.n}"

    # --- statements

    def product(self):
        return [f"insert into catalog_product_entity (entity_id, "
                f"attribute_set_id, sku) values ({self.id(50)}, 4, "
                f"'{self.word()}')"]

    def value(self):
        kind = self.random.choice(TYPES)
        text = self.random.choice(("null", f"'{self.id(99)}'"))
        return [f"insert into catalog_product_entity_{kind} (attribute_id, "
                "store_id, entity_id, value) select attribute_id, "
                f"{self.id(4) - 1}, {self.id()}, {text} from eav_attribute "
                f"where entity_type_id = 4 and backend_type = '{kind}' "
                f"order by attribute_id limit {self.id(3)} "
                f"on duplicate key update value = {text}"]

    def move(self):
        kind = self.random.choice(TYPES)
        change = self.random.choice((
            f"store_id = {self.id(4) - 1}", f"entity_id = {self.id()}"))
        return [f"update ignore catalog_product_entity_{kind} set {change} "
                f"where entity_id = {self.id()}"]

    def price(self):
        return ["update catalog_product_entity_decimal set value = "
                f"{self.id(99)}.25 where entity_id % 7 = {self.id(8) - 1}"]

    def remove(self):
        table, key = self.random.choice((
            ("catalog_product_entity", "entity_id"),
            ("catalog_category_entity", "entity_id"),
            ("customer_entity", "entity_id"), ("sales_order", "entity_id"),
            ("customer_address_entity", "entity_id"),
            ("sales_order_item", "item_id")))
        return [f"delete from {table} where {key} in "
                f"({self.id(50)}, {self.id(50)})"]

    def replace(self):
        return ["replace into catalog_product_entity (entity_id, "
                f"attribute_set_id, sku) values ({self.id()}, 4, "
                f"'{self.word()}')"]

    def again(self):
        n = self.id()
        return [f"delete from catalog_product_entity where entity_id = {n}",
                "insert into catalog_product_entity (entity_id, "
                f"attribute_set_id, sku) values ({n}, 4, '{self.word()}')",
                "insert into catalog_product_entity_varchar (attribute_id, "
                "store_id, entity_id, value) values "
                f"({ATTRIBUTE.format('name')}, 0, {n}, '{self.word()}')"]

    def swap(self):
        a, b, free = self.id(), self.id(), self.word()
        return [f"set @a = (select sku from catalog_product_entity where "
                f"entity_id = {a})",
                "set @b = (select sku from catalog_product_entity where "
                f"entity_id = {b})",
                *[f"update catalog_product_entity set sku = {to} where "
                  f"entity_id = {n} and @a is not null and @b is not null"
                  for n, to in ((a, f"'{free}'"), (b, "@a"), (a, "@b"))]]

    def rekey(self):
        return ["update ignore catalog_category_product set category_id = "
                f"{self.id(12)} where product_id = {self.id()}",
                "update customer_address_entity set entity_id = "
                f"{1000 + self.id(500)} where entity_id = {self.id(60)}"]

    def category(self):
        return ["insert into catalog_category_product (category_id, "
                f"product_id, position) values ({self.id(12)}, {self.id()}, "
                f"{self.id()}) on duplicate key update position = 7"]

    def customer(self):
        return ["insert into customer_entity (email, website_id, store_id, "
                f"firstname) values ('{self.word()}@example.com', 1, 1, "
                "'New')", "set @c = last_insert_id()",
                "insert into customer_address_entity (parent_id, street, "
                "city, country_id, firstname, lastname, telephone) values "
                "(@c, 's', 'c', 'PT', 'f', 'l', '1')",
                *(["delete from customer_entity where entity_id = @c"]
                  if self.random.random() < 0.3 else [])]

    def address(self):
        return ["update customer_address_entity set parent_id = "
                f"{self.id(50)} where entity_id = {self.id(60)}"]

    def order(self):
        return [f"update sales_order set customer_id = {self.id(50)}, "
                f"store_id = {self.id(4) - 1} where entity_id % 9 = "
                f"{self.id(10) - 1}"]

    def shop(self):
        n = 20 + self.id(5)
        return self.random.choice((
            ["insert into store (store_id, code, website_id, group_id, name) "
             f"values ({n}, '{self.word()}', 1, 1, 'New')",
             "insert into catalog_product_entity_varchar (attribute_id, "
             f"store_id, entity_id, value) values "
             f"({ATTRIBUTE.format('name')}, {n}, {self.id()}, 'here')"],
            [f"update sales_order set store_id = {n} where entity_id % 11 = "
             "3"],
            [f"delete from store where store_id = {n}"]))

    def attribute(self):
        n = 900 + self.id(5)
        kind = self.random.choice(TYPES)
        return self.random.choice((
            ["insert into eav_attribute (attribute_id, entity_type_id, "
             f"attribute_code, backend_type) values ({n}, 4, "
             f"'{self.word()}', '{kind}')",
             f"insert into catalog_product_entity_{kind} (attribute_id, "
             f"store_id, entity_id, value) values ({n}, 0, {self.id()}, "
             "'12')"],
            [f"delete from eav_attribute where attribute_id = {n}"]))

    def rename(self):
        return [f"update eav_attribute set attribute_code = '{self.word()}' "
                f"where attribute_id = {900 + self.id(5)}"]

    # --- transactions

    def write(self):
        pick = self.random
        statements = [sql for _ in range(pick.choice((1, 1, 2, 4)))
                      for sql in pick.choice(self.works)()]
        ending = pick.choices(("commit", "rollback", "xa"), (8, 1, 1))[0]
        with self.copy.session() as c, c.cursor() as self.cursor:
            self.run("set sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
            # An attribute without its values' end is no shop's.
            if pick.random() < 0.1 and not any("eav_attribute where" in s
                                               or "into eav" in s
                                               for s in statements):
                self.run("set foreign_key_checks = 0")
            self.transaction(statements, ending)

    def transaction(self, statements, ending):
        name = f"'m{self.copy.sdb}{self.n}'"
        self.run(f"xa start {name}" if ending == "xa" else "begin")
        for sql in statements:
            if ending != "xa" and self.random.random() < 0.05:
                self.run("savepoint s")
                self.run(sql)
                self.run("rollback to s")
            self.run(sql)
        if ending != "xa":
            self.run(ending)
            return
        self.run(f"xa end {name}")
        self.run(f"xa prepare {name}")
        self.run(f"xa {self.random.choice(('commit', 'rollback'))} {name}")

    def run(self, sql):
        """What does not apply, the server refuses."""
        with contextlib.suppress(pymysql.err.IntegrityError,
                                 pymysql.err.DataError):
            self.cursor.execute(sql)


@pytest.mark.slow
def test_random_histories_live(source, postgres, directory):
    seed = seed_of_run()
    print(f"seed {seed}")
    settings = {"source": {"queue": "1MiB"},
                "replication": {"batch_bytes": "64KiB", "audit": True}}
    with shops.databases(source, postgres, "model") as name, \
            shops.running(source, name, postgres, name, directory,
                          extra=settings) as copy:
        clerk = Clerk(copy, seed)
        for _ in range(STOPS):
            killed = clerk.random.randrange(TRANSACTIONS)
            for n in range(TRANSACTIONS):
                clerk.write()
                if n == killed:
                    copy.cdc.kill()
                    copy.cdc.start()
            copy.cdc.wait_streaming()
            copy.assert_converged(120)
