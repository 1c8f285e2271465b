"""Values by store view as Magento loads them: after each way they change."""

import random
import re

import pytest

from demo.shop import IDS
from tests.integration import shops
from tests.lib import compare, magento, servers

SIZES = {"customers": 20, "products": 24, "categories": 9, "orders": 12}
P = {code: n for (kind, code), n in IDS.items() if kind == "catalog_product"}
C = {code: n for (kind, code), n in IDS.items() if kind == "catalog_category"}
VALUE = "catalog_product_entity_"


def put(backend, code, store, entity, value, table=VALUE):
    n = code if isinstance(code, int) else P[code]
    return (f"insert into {table}{backend} (attribute_id, store_id, entity_id, "
            f"value) values ({n}, {store}, {entity}, {value}) "
            "on duplicate key update value = values(value)")


def drop(backend, code, store, entity):
    return (f"delete from {VALUE}{backend} where attribute_id = {P[code]} and "
            f"store_id = {store} and entity_id = {entity}")


def attribute(code, **columns):
    changed = ", ".join(f"{k} = {v}" for k, v in columns.items())
    return f"update eav_attribute set {changed} where attribute_id = {P[code]}"


def scope(code, is_global):
    return (f"update catalog_eav_attribute set is_global = {is_global} where "
            f"attribute_id = {P[code]}")


def member(code, set_id):
    n = code if isinstance(code, int) else P[code]
    return ("insert ignore into eav_entity_attribute (entity_type_id, "
            "attribute_set_id, attribute_group_id, attribute_id, sort_order) "
            f"values (4, {set_id}, {set_id}, {n}, 1)")


UNCHECKED, CHECKED = "set foreign_key_checks = 0", "set foreign_key_checks = 1"

# In this order; each a transaction. Later ones need what earlier ones did.
HISTORY = {
    "a_null_overrides_and_no_row_does_not": [
        put("varchar", "name", 1, 1, "null"), put("varchar", "name", 2, 1, "''"),
        put("varchar", "name", 0, 2, "null"), drop("varchar", "name", 0, 4),
        drop("varchar", "name", 2, 8), put("text", "description", 1, 3, "null"),
        put("int", "visibility", 1, 3, "0"), drop("int", "visibility", 0, 5),
        put("varchar", C["name"], 1, 3, "null", "catalog_category_entity_")],
    "values_of_website_scope_stand_at_each_store": [
        put("int", "status", 1, 6, 2), put("int", "status", 2, 6, 2),
        put("datetime", "special_from_date", 1, 6, "'2026-05-01 00:00:00'"),
        put("datetime", "special_from_date", 2, 6, "'0000-00-00 00:00:00'"),
        put("int", "tax_class_id", 3, 6, "null"), drop("int", "status", 3, 4)],
    "stray_store_rows_of_global_attributes_do_not_count": [
        put("decimal", "price", 1, 7, "1.5"), put("decimal", "price", 2, 7,
                                                  "null"),
        put("int", "manufacturer", 1, 7, "3"), drop("decimal", "price", 0, 7),
        put("int", C["is_anchor"], 1, 4, "0", "catalog_category_entity_")],
    "prices_become_website_scope": [scope("price", 2),
                                    put("decimal", "price", 1, 8, "7.25")],
    "an_attribute_becomes_global_and_store_again": [scope("name", 1)],
    "a_scope_that_nobody_has_said_is_that_of_the_store": [
        scope("name", 0), "delete from catalog_eav_attribute where "
        f"attribute_id = {P['manufacturer']}"],
    "values_in_the_wrong_table_do_not_count": [
        put("text", "name", 0, 9, "'in text'"),
        put("varchar", "price", 0, 9, "'in varchar'"),
        put("int", "price", 0, 9, "5"), put("decimal", "status", 0, 9, "1"),
        put("varchar", C["name"], 0, 9, "'a category''s'")],
    "a_value_s_store_changes": [
        "delete from catalog_product_entity_varchar where store_id = 0 and "
        "entity_id in (select entity_id from (select entity_id from "
        "catalog_product_entity_varchar where store_id = 2 and attribute_id = "
        f"{P['name']}) x) and attribute_id = {P['name']}",
        "update catalog_product_entity_varchar set store_id = 0 where "
        f"store_id = 2 and attribute_id = {P['name']}",
        "update ignore catalog_product_entity_int set store_id = 1 where "
        "store_id = 3"],
    "a_value_s_entity_and_attribute_change": [
        f"delete from {VALUE}varchar where entity_id = 23",
        f"update {VALUE}varchar set entity_id = 23 where entity_id = 22",
        f"delete from {VALUE}varchar where attribute_id = {P['meta_title']} "
        "and entity_id = 3",
        f"update {VALUE}varchar set attribute_id = {P['meta_title']} where "
        f"attribute_id = {P['image']} and entity_id = 3"],
    "out_of_set_values_stay_and_are_not_seen": [
        "insert into eav_attribute_set (attribute_set_id, entity_type_id, "
        "attribute_set_name) values (50, 4, 'Small')",
        "insert into eav_attribute_group (attribute_group_id, attribute_set_id,"
        " attribute_group_name) values (50, 50, 'General')",
        member("name", 50), member("price", 50), member(C["name"], 50),
        "update catalog_product_entity set attribute_set_id = 50 where "
        "entity_id in (1, 8, 9)",
        "update catalog_product_entity set attribute_set_id = 77 where "
        "entity_id = 2",
        f"delete from eav_entity_attribute where attribute_id = {P['weight']}",
        f"delete from eav_entity_attribute where attribute_id = "
        f"{C['url_key']}"],
    "an_attribute_comes_into_a_set": [member("description", 50),
                                      member("weight", 50)],
    "an_attribute_is_created_with_options": [
        "insert into eav_attribute (attribute_id, entity_type_id, "
        "attribute_code, backend_type, frontend_input) values "
        "(900, 4, 'brand_new', 'int', 'select')",
        "insert into catalog_eav_attribute (attribute_id, is_global) values "
        "(900, 0)", member(900, 4), member(900, 50),
        "insert into eav_attribute_option (option_id, attribute_id) values "
        "(900, 900), (901, 900)",
        "insert into eav_attribute_option_value (option_id, store_id, value) "
        "values (900, 0, 'first'), (900, 2, 'erste'), (901, 0, 'second')",
        put("int", 900, 0, 3, 900), put("int", 900, 1, 3, 901),
        put("int", 900, 0, 4, 901), put("int", 900, 2, 4, "null")],
    "an_option_is_relabelled_and_one_deleted": [
        "update eav_attribute_option_value set value = 'renamed' where "
        "option_id = 900 and store_id = 0",
        "delete from eav_attribute_option where option_id = 901",
        f"update {VALUE}int set value = null where attribute_id = 900 and "
        "value = 901"],
    "values_come_before_their_attribute": [
        UNCHECKED, put("text", 910, 0, 3, "'early'"),
        put("text", 910, 1, 3, "null"), member(910, 4),
        "insert into eav_attribute (attribute_id, entity_type_id, "
        "attribute_code, backend_type) values (910, 4, 'late', 'text')",
        CHECKED],
    "an_attribute_is_retyped_and_its_values_moved": [
        attribute("meta_title", backend_type="'text'"),
        f"insert into {VALUE}text (attribute_id, store_id, entity_id, value) "
        f"select attribute_id, store_id, entity_id, value from {VALUE}varchar "
        f"where attribute_id = {P['meta_title']} and entity_id < 12",
        f"delete from {VALUE}varchar where attribute_id = {P['meta_title']} "
        "and entity_id % 2 = 0"],
    "an_attribute_is_retyped_and_its_values_left": [
        attribute("url_key", backend_type="'text'"),
        attribute("weight", backend_type="'int'"),
        attribute("status", backend_type="'static'")],
    "attributes_are_what_they_were": [
        attribute("url_key", backend_type="'varchar'"),
        attribute("weight", backend_type="'decimal'"),
        attribute("status", backend_type="'int'")],
    "an_attribute_has_a_table_of_its_own": [
        attribute("image", backend_table="'catalog_product_entity_text'"),
        attribute("special_price", backend_table="'some_module_values'"),
        put("text", "image", 0, 5, "'/in/text.jpg'")],
    "an_attribute_has_no_table_of_its_own": [
        attribute("image", backend_table="null"),
        attribute("special_price", backend_table="''")],
    "an_attribute_is_renamed": [
        attribute("description", attribute_code="'long_text'"),
        attribute("manufacturer", attribute_code="'maker'"),
        f"update eav_attribute set attribute_code = 'title' where "
        f"attribute_id = {C['name']}",
        "update eav_attribute set attribute_code = 'handle' where "
        f"attribute_id = {IDS['customer', 'nickname']}"],
    "attributes_swap_their_names": [
        attribute("name", attribute_code="'between'"),
        attribute("meta_title", attribute_code="'name'"),
        attribute("name", attribute_code="'meta_title'"),
        put("varchar", "name", 1, 3, "'under the other name'")],
    "an_attribute_is_of_another_entity": [
        attribute("color", entity_type_id=3),
        attribute("materials", entity_type_id=1)],
    "an_attribute_is_written_again": [
        "replace into eav_attribute (attribute_id, entity_type_id, "
        "attribute_code, backend_type) values (900, 4, 'brand_newer', "
        "'int')", put("int", 900, 0, 6, 900)],
    "an_attribute_is_written_again_unchecked": [
        UNCHECKED, "replace into eav_attribute (attribute_id, entity_type_id, "
        "attribute_code, backend_type) values (900, 4, 'newest', 'int')",
        member(900, 4), CHECKED],
    "an_attribute_is_deleted_unchecked": [
        UNCHECKED, "delete from eav_attribute where attribute_id = 910",
        CHECKED],
    "attributes_are_deleted": [
        f"delete from eav_attribute where attribute_id in ({P['visibility']}, "
        f"{P['cost']}, 900, {C['description']})"],
    "attributes_are_loaded_from_a_dump": [
        UNCHECKED, "create table dumped select * from eav_attribute",
        "truncate table eav_attribute",
        "update dumped set attribute_code = 'other_name' where attribute_id = "
        f"{P['image']}",
        "update dumped set backend_type = 'text' where attribute_id = "
        f"{P['url_key']}",
        "insert into eav_attribute select * from dumped",
        "drop table dumped", CHECKED],
    "a_set_is_deleted": ["delete from eav_attribute_set where "
                         "attribute_set_id = 50"],
    "a_store_comes": [
        "insert into store (store_id, code, website_id, group_id, name) "
        "values (9, 'nine', 1, 1, 'Nine')", put("varchar", "url_key", 9, 3,
                                               "'nine'")],
    "stores_go": ["delete from store where store_id = 2",
                  "delete from store_website where website_id = 2"],
    "an_entity_type_is_renamed": [
        "update eav_entity_type set entity_type_code = 'someone' where "
        "entity_type_code = 'customer'"],
    "an_entity_type_has_its_name_again": [
        "update eav_entity_type set entity_type_code = 'customer' where "
        "entity_type_code = 'someone'"],
}


def settle(copy):
    copy.cdc.wait_caught_up()
    servers.wait_until(
        "what had to be read again is read", 60,
        lambda: not copy.target.run("select 1 from ficus.refetch limit 1",
                                    copy.tdb))


def assert_as_loaded(copy, prefix=""):
    settle(copy)
    found = magento.differences(copy.source, copy.sdb, copy.target, copy.tdb,
                                prefix=prefix)
    assert not found, "\n".join(found[:20])


@pytest.fixture(scope="module", params=["mariadb", "mysql"])
def copy(request, postgres, tmp_path_factory):
    source = request.getfixturevalue(request.param)
    with shops.databases(source, postgres, "semantics") as name, \
            shops.running(source, name, postgres, name,
                          str(tmp_path_factory.mktemp("semantics")),
                          sizes=SIZES) as c:
        yield c


def write(copy, statements):
    """All in one transaction; the rows changed."""
    with copy.session() as c, c.cursor() as cursor:
        cursor.execute("set sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
        c.begin()
        changed = sum(cursor.execute(sql) for sql in statements)
        c.commit()
    return changed


def test_records_are_what_magento_loads(copy):
    """At first, and after every step of a history."""
    assert_as_loaded(copy)
    for name, statements in HISTORY.items():
        assert write(copy, statements) > 0, name
        try:
            assert_as_loaded(copy)
        except AssertionError as e:
            raise AssertionError(f"{name}: {e}") from None
    copy.assert_equal()


class Chance:
    """Writes of all these kinds, as they come."""

    CODES = ("name", "url_key", "image", "description", "price", "weight",
             "status", "visibility", "special_from_date", "manufacturer")
    HOMES = {"name": "varchar", "url_key": "varchar", "image": "varchar",
             "description": "text", "price": "decimal", "weight": "decimal",
             "status": "int", "visibility": "int", "manufacturer": "int",
             "special_from_date": "datetime"}

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = 0

    def value(self, backend):
        n = self.random.randrange(1000)
        return self.random.choice((
            "null", str(n) if backend in ("int", "decimal") else
            "'2026-01-02 03:04:05'" if backend == "datetime" else f"'v{n}'"))

    def spot(self):
        code = self.random.choice(self.CODES)
        return (code, self.HOMES[code], self.random.randrange(4),
                self.random.randrange(1, 13))

    def statement(self):
        code, home, store, entity = self.spot()
        other = self.random.choice(("varchar", "text", "int"))
        kinds = [
            lambda: put(home, code, store, entity, self.value(home)),
            lambda: put(home, code, store, entity, self.value(home)),
            lambda: drop(home, code, store, entity),
            lambda: f"update ignore {VALUE}{home} set store_id = {store} "
                    f"where entity_id = {entity}",
            lambda: f"update ignore {VALUE}{home} set entity_id = {entity} "
                    f"where entity_id = {self.random.randrange(1, 13)} and "
                    f"store_id = {store}",
            lambda: put(other, code, store, entity, self.value(other)),
            lambda: scope(code, self.random.randrange(3)),
            lambda: "update catalog_product_entity set attribute_set_id = "
                    f"{self.random.choice((3, 4))} where entity_id = {entity}",
            lambda: f"replace into catalog_product_entity (entity_id, "
                    f"attribute_set_id, sku) values ({entity}, 4, 'again')",
        ]
        return self.random.choice(kinds)()

    def rare(self):
        code = self.random.choice(self.CODES)
        self.names += 1
        return self.random.choice((
            lambda: attribute(code, attribute_code=f"'{code}_{self.names}'"),
            lambda: attribute(code, backend_type=self.random.choice(
                ("'varchar'", "'text'", "'int'", "'static'"))),
            lambda: attribute(code, backend_type=f"'{self.HOMES[code]}'"),
            lambda: f"delete from eav_entity_attribute where attribute_id = "
                    f"{P[code]}",
            lambda: "insert ignore into eav_entity_attribute (entity_type_id,"
                    " attribute_set_id, attribute_group_id, attribute_id) "
                    f"values (4, 4, 4, {P[code]})",
        ))()

    def transaction(self):
        out = [self.statement() for _ in range(self.random.randrange(1, 9))]
        if self.random.random() < 0.25:
            out.insert(self.random.randrange(len(out)), self.rare())
        return out


@pytest.mark.slow
def test_records_through_a_random_history(source, source_database, postgres,
                                          target_database, directory):
    chance = Chance(7)
    with shops.running(source, source_database, postgres, target_database,
                       directory, sizes=SIZES) as copy:
        for part in range(3):
            for _ in range(25):
                write(copy, chance.transaction())
            if part == 1:
                copy.cdc.kill()
                copy.cdc.start()
                copy.cdc.wait_streaming()
            assert_as_loaded(copy)
        copy.assert_equal()


def prefix_all(source, database, prefix):
    """As an installer with a table prefix would have named them."""
    names = [n for n, in source.run(
        "select table_name from information_schema.tables where "
        f"table_schema = '{database}' and table_type = 'BASE TABLE'")]
    source.run("rename table " + ", ".join(
        f"{database}.{n} to {database}.{prefix}{n}" for n in names))


def prefixed(statement, prefix, tables):
    for name in sorted(tables, key=len, reverse=True):
        statement = re.sub(rf"\b{name}\b", prefix + name, statement)
    return statement


PREFIX = "m2_"


@pytest.mark.slow
def test_a_shop_with_a_table_prefix(source, source_database, postgres,
                                    target_database, directory):
    shops.fill(source, source_database, **SIZES)
    tables = [n for n, in source.run(
        "select table_name from information_schema.tables where table_schema ="
        f" '{source_database}'")]
    prefix_all(source, source_database, PREFIX)
    copy = shops.Copy(source, source_database, postgres, target_database,
                      directory, {"source": {"table_prefix": PREFIX}})
    copy.bootstrap()
    copy.cdc.start()
    try:
        copy.cdc.wait_streaming()
        for name in ("a_null_overrides_and_no_row_does_not",
                     "an_attribute_is_retyped_and_its_values_left",
                     "an_attribute_is_renamed", "attributes_are_deleted",
                     "stores_go"):
            write(copy, [prefixed(s, PREFIX, tables) for s in HISTORY[name]])
        write(copy, [f"delete from {PREFIX}sales_order where entity_id = 3",
                     f"truncate table {PREFIX}catalog_category_product"])
        assert_as_loaded(copy, PREFIX)
        found = compare.differences(source, source_database, postgres,
                                    target_database, prefix=PREFIX)
        assert not found, "\n".join(found[:20])
    finally:
        copy.cdc.kill()
