"""Deletes whose foreign-key actions the log does not say (MariaDB) or does
(MySQL 9.7), in a whole Magento's schema with rows in every table concerned:
afterwards every replicated table equals the source's."""

import csv
import os
import time

import pymysql
import pytest

from tests.integration import shops
from tests.integration.test_bootstrap import load_magento
from tests.lib import cgroup, compare, family, programs, servers

pytestmark = pytest.mark.slow
DUMP = "magento/magento-2.4.8-mariadb.sql"
MANY = int(os.environ.get("FICUS_CASCADE_ROWS") or 50_000)
LIMIT_MIB = 128
HERE = os.path.dirname(os.path.abspath(__file__))
VALUE_TABLES = {f"{entity}_{backend}" for entity in compare.VALUES
                for backend in compare.TYPES}


def add_inventory(source, database):
    """The tables of the MSI modules, which the dump is without."""
    with open(os.path.join(HERE, "more_tables.sql"), encoding="utf-8") as f:
        text = "".join(x for x in f if not x.startswith("--"))
    source.script([s for s in text.split(";\n")
                   if s.strip().startswith("create table inventory_")],
                  database)


@pytest.fixture(scope="module", params=["mariadb", "mysql"])
def copy(request, postgres, tmp_path_factory, shared):
    source = request.getfixturevalue(request.param)
    with shops.databases(source, postgres, "cascades") as name:
        load_magento(source, name, os.path.join(shared, DUMP), source.flavour)
        add_inventory(source, name)
        copy = shops.Copy(source, name, postgres, name,
                          str(tmp_path_factory.mktemp("cascades")))
        copy.bootstrap()
        copy.cdc.start()
        copy.cdc.wait_streaming()
        yield copy
        copy.cdc.kill()


@pytest.fixture(scope="module")
def tree(copy):
    with copy.session() as c, c.cursor() as cursor:
        cursor.execute("set sql_mode = 'NO_AUTO_VALUE_ON_ZERO', "
                       "time_zone = '+00:00'")
        yield family.Family(cursor, set(compare.FLAT) | VALUE_TABLES)


def converged(copy, what):
    copy.cdc.wait_caught_up()
    servers.wait_until("nothing to read again", 60, lambda: copy.target.run(
        "select count(*) from ficus.refetch", copy.tdb)[0][0] == 0)
    found = compare.differences(copy.source, copy.sdb, copy.target, copy.tdb)
    assert not found, "\n".join([what, *found[:20]])


GROUPS = {
    "case_46_scopes": ["store_website", "store_group", "store"],
    "case_46_attributes": [
        "eav_attribute_option", "eav_attribute_group", "eav_attribute_set",
        "eav_attribute"],
    "customers": ["customer_address_entity", "customer_entity",
                  "customer_group", "directory_country_region",
                  "inventory_source", "inventory_stock"],
    "catalog": ["catalog_category_entity", "catalog_product_entity",
                "cataloginventory_stock", "directory_country"],
    "parts_of_products": [
        "catalog_product_bundle_option", "catalog_product_bundle_selection",
        "catalog_product_entity_media_gallery", "catalog_product_link",
        "catalog_product_link_attribute", "catalog_product_link_type",
        "catalog_product_option", "catalog_product_option_type_value",
        "catalog_product_super_attribute", "downloadable_link",
        "downloadable_sample"],
    "sales": [
        "sales_order", "sales_order_item", "sales_order_payment",
        "sales_payment_transaction", "sales_order_tax", "sales_invoice",
        "sales_shipment", "sales_creditmemo", "sales_order_status"],
}
# Attributes of these besides that of the tables' own values.
KINDS = [("catalog_product", "decimal"), ("catalog_category", "int"),
         ("customer", "text"), ("customer_address", "datetime")]


def given(tree, table):
    """Of which sorts there are rows that matter."""
    yield {}
    if table == "eav_attribute":
        for kind, backend in KINDS:
            yield tree.attribute(kind, backend)


def unchecked(tree, do):
    tree.cursor.execute("set foreign_key_checks = 0")
    try:
        do()
    finally:
        tree.cursor.execute("set foreign_key_checks = 1")


def again(tree, table, row):
    """Children before, the same key again, children after."""
    tree.cursor.execute("begin")
    fresh = tree.grown(table)
    tree.delete(table, row, fresh)
    for one in row, fresh:
        tree.insert(table, one)
        tree.grow(table, one)
    tree.cursor.execute("commit")


def replace(tree, table, row):
    """Another key without an action may forbid it: then nothing happened."""
    try:
        tree.insert(table, row, "replace")
    except pymysql.err.IntegrityError:
        pass


WAYS = {
    "delete": lambda tree, table, row: tree.delete(table, row),
    "deleted and there again": again,
    "replace": replace,
    "delete without checks": lambda tree, table, row: unchecked(
        tree, lambda: tree.delete(table, row)),
    "replace without checks": lambda tree, table, row: unchecked(
        tree, lambda: replace(tree, table, row)),
}


@pytest.mark.parametrize("group", GROUPS)
def test_deletes_of(copy, tree, group):
    rows = [(table, more, {way: tree.grown(table, **more) for way in WAYS})
            for table in GROUPS[group] for more in given(tree, table)]
    for way, do in WAYS.items():
        for table, _, by_way in rows:
            do(tree, table, by_way[way])
        if way in ("replace", "replace without checks"):
            converged(copy, f"{group}, up to {way}")


def test_every_parent_is_among_them(tree):
    tested = {table for group in GROUPS.values() for table in group}
    assert set(tree.parents()) - tested == {"eav_entity_type"}


def test_the_closure_is_that_of_the_recorded_schema(tree, shared):
    """What the rows above were made for is all there is."""
    expected = {}
    with open(os.path.join(shared, "magento/magento-cascades.tsv")) as f:
        for row in csv.DictReader(f, delimiter="\t"):
            expected.setdefault(row["root"], set()).add(
                (row["child_table"], row["child_column"], row["action"]))
    known = {table for reached in expected.values()
             for table, _, _ in reached} | set(expected)
    for root, reached in expected.items():
        if root in tree.columns:
            here = {x for x in reached if x[0] in tree.columns}
            found = {x for x in tree.closure(root) if x[0] in known}
            assert found == here, root


def read_chunks_again(copy, *tables):
    """As if the bootstrap had been killed before it read these, and went on
    now: P0, the metadata and the plan are those of its begin."""
    for table in tables:
        copy.target.run(f"delete from {table}", copy.tdb)
    copy.target.run("update ficus.chunks set done_at = null, "
                    "read_position = null where family = 'customer_entity'",
                    copy.tdb)
    copy.target.run("delete from ficus.checkpoint", copy.tdb)
    copy.bootstrap()


def test_a_cascade_over_rows_read_ahead_of_the_stream(
        mariadb, postgres, tmp_path):
    """An address gets its customer after that customer's delete: replayed
    over the chunk, which has it there already, the delete takes the address,
    which comes back with its own event, and the address's values, which have
    none."""
    with shops.databases(mariadb, postgres, "ahead") as name:
        shops.fill(mariadb, name, **shops.SMALL)
        copy = shops.Copy(mariadb, name, postgres, name, str(tmp_path))
        copy.bootstrap()
        copy.write("delete from customer_entity where entity_id = 1",
                   "insert into customer_entity (entity_id, email, website_id)"
                   " values (1, 'again@example.com', 1)",
                   "update customer_address_entity set parent_id = 1")
        values = "select count(*) from customer_address_values"
        assert copy.target.run(values, name)[0][0] > 10
        read_chunks_again(copy, "customers", "customer_values",
                          "customer_addresses", "customer_address_values")
        copy.cdc.start()
        try:
            copy.cdc.wait_streaming()
            converged(copy, "caught up")
        finally:
            copy.cdc.kill()


def many_products():
    """Values in two scopes, two websites, a tree of categories."""
    yield "create table x_n (n int primary key)"
    yield "insert into x_n values (0)"
    step = 1
    while step < MANY:
        yield (f"insert into x_n select n + {step} from x_n "
               f"where n + {step} < {MANY}")
        step *= 2
    yield ("insert into catalog_product_entity (entity_id, attribute_set_id, "
           "sku) select 1000 + n, 4, concat('many', n) from x_n")
    for code, stores in (("url_key", (0,)), ("name", (0, 3))):
        for store in stores:
            yield ("insert into catalog_product_entity_varchar (attribute_id, "
                   "store_id, entity_id, value) select a.attribute_id, "
                   f"{store}, 1000 + n, concat('{code} of ', n) from x_n, "
                   f"eav_attribute a where attribute_code = '{code}' and "
                   "entity_type_id = 4")
    yield ("insert into catalog_product_website (product_id, website_id) "
           "select 1000 + n, 2 from x_n")
    yield ("insert into catalog_category_product (category_id, product_id) "
           "select 2 + n % 8, 1000 + n from x_n")


def test_case_46_many_values_in_bounded_memory(mariadb, postgres, tmp_path):
    """One event each; FICUS_CASCADE_ROWS for more of them, by hand."""
    with shops.databases(mariadb, postgres, "many") as name:
        shops.fill(mariadb, name, **shops.SMALL)
        mariadb.script(many_products(), name)
        copy = shops.Copy(mariadb, name, postgres, name, str(tmp_path))
        with cgroup.limit(LIMIT_MIB) as prefix:
            copy.cdc.executable = [*prefix, programs.binary("cdc")]
            copy.bootstrap()
            copy.cdc.start()
            try:
                copy.cdc.wait_streaming(120)
                delete_much(copy)
                assert copy.cdc.resident_peak_mib() < LIMIT_MIB
            finally:
                copy.cdc.kill()
        copy.assert_equal()


def delete_much(copy):
    for what, sql in (
            ("attribute", "eav_attribute where attribute_code = 'url_key' and "
             "entity_type_id = 4"),
            ("website", "store_website where website_id = 2"),
            ("categories", "catalog_category_entity where entity_id > 1")):
        begun = time.monotonic()
        copy.write("delete from " + sql)
        there = time.monotonic()
        copy.cdc.wait_caught_up(120 + MANY / 1000)
        print(f"{what}: {there - begun:.1f} s in the source, "
              f"{time.monotonic() - there:.1f} s here")
