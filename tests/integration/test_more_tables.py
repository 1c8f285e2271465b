"""The tables that hang on products, orders and customers beyond the small
shop's: copied, followed, and taken along when their parents go."""

import os

import pytest

from tests.integration import shops

HERE = os.path.dirname(os.path.abspath(__file__))
TIMES = "2026-03-01 10:20:30"


def statements():
    with open(os.path.join(HERE, "more_tables.sql"), encoding="utf-8") as f:
        lines = [x for x in f if not x.startswith("--")]
    return [s for s in "".join(lines).split(";\n") if s.strip()]


def table_names():
    """Parents first, as the file has them."""
    return [s.split()[2] for s in statements() if s.split()[0] == "create"]


class Filler:
    """Rows of made-up values with parents that exist."""

    def __init__(self, cursor):
        self.cursor = cursor

    def ask(self, sql, *args):
        self.cursor.execute(sql, args)
        return self.cursor.fetchall()

    def parents(self, table):
        """Column: values that its foreign key allows."""
        found = {}
        for column, parent, key in self.ask(
                "select column_name, referenced_table_name, "
                "referenced_column_name from "
                "information_schema.key_column_usage where table_schema = "
                "database() and table_name = %s and referenced_table_name "
                "is not null", table):
            found[column] = [None] if parent == table else [
                x for x, in self.ask(f"select {key} from {parent} "
                                     f"order by {key} desc limit 3")]
        return found

    def value(self, column, kind, n):
        if kind in ("varchar", "text", "mediumtext", "longtext", "char"):
            return f"{column[0]}{n}"
        if kind in ("timestamp", "datetime"):
            return TIMES
        if kind == "decimal":
            return f"{n}.25"
        if kind.endswith("blob"):
            return bytes([0, n, 255])
        return n

    def fill(self, table, first, count):
        parents = self.parents(table)
        columns = self.ask(
            "select column_name, data_type, extra from "
            "information_schema.columns where table_schema = database() and "
            "table_name = %s order by ordinal_position", table)
        columns = [(c, t) for c, t, extra in columns
                   if "auto_increment" not in extra]
        for n in range(first, first + count):
            row = [parents[c][n % len(parents[c])] if c in parents
                   else self.value(c, t, n) for c, t in columns]
            self.cursor.execute(
                f"insert ignore into {table} ({','.join(c for c, _ in columns)}) "
                f"values ({','.join(['%s'] * len(row))})", row)

    def fill_all(self, first, count):
        for table in table_names():
            self.fill(table, first, count)


@pytest.fixture
def copy(source, source_database, postgres, target_database, directory):
    shops.fill(source, source_database, **shops.SMALL)
    source.script(statements(), source_database)
    copy = shops.Copy(source, source_database, postgres, target_database,
                      directory)
    with copy.session() as c:
        Filler(c.cursor()).fill_all(1, 3)
    copy.bootstrap()
    copy.cdc.start()
    copy.cdc.wait_streaming()
    yield copy
    copy.cdc.kill()


def change_every_table(copy):
    """Its first column that is no part of a key."""
    with copy.session() as c, c.cursor() as cursor:
        for table in table_names():
            cursor.execute(
                "select column_name from information_schema.columns where "
                "table_schema = database() and table_name = %s and "
                "column_key = '' and data_type in ('varchar', 'text') and "
                "column_name not in (select column_name from "
                "information_schema.key_column_usage where table_schema = "
                "database() and table_name = %s) limit 1", (table, table))
            found = cursor.fetchone()
            if found:
                cursor.execute(f"update {table} set {found[0]} = 'z'")


PARENTS = (
    "catalog_product_entity_media_gallery", "catalog_product_link",
    "catalog_product_super_attribute", "catalog_product_bundle_option",
    "catalog_product_bundle_selection", "catalog_product_option",
    "catalog_product_option_type_value", "downloadable_link",
    "sales_payment_transaction", "sales_invoice", "sales_shipment",
    "sales_creditmemo", "sales_order_tax", "sales_order_status",
    "inventory_source", "inventory_stock", "directory_country",
    "eav_attribute_option", "customer_group", "catalog_product_entity",
    "sales_order_payment", "sales_order", "store", "store_website",
)


def delete_one(copy, table):
    with copy.session() as c, c.cursor() as cursor:
        cursor.execute(
            "select column_name from information_schema.key_column_usage "
            "where table_schema = database() and table_name = %s and "
            "constraint_name = 'PRIMARY'", (table,))
        key, = cursor.fetchone()
        cursor.execute(f"delete from {table} order by {key} desc limit 1")


@pytest.mark.slow
def test_every_table_is_copied_followed_and_cascades(copy):
    copy.assert_equal()
    with copy.session() as c:
        Filler(c.cursor()).fill_all(11, 3)
    change_every_table(copy)
    copy.assert_converged()
    for table in table_names():
        assert copy.source.run(f"select count(*) from {table}",
                               copy.sdb)[0][0], table
    for n, table in enumerate(PARENTS):
        delete_one(copy, table)
        if n % 4 == 3:
            copy.assert_converged()
    copy.assert_converged()


def test_a_transaction_s_own_children_go_with_it(copy):
    """A table that is its own child: InnoDB follows it to its leaves."""
    with copy.session() as c, c.cursor() as cursor:
        cursor.execute("select transaction_id from sales_payment_transaction "
                       "order by 1")
        ids = [x for x, in cursor.fetchall()]
        for child, parent in zip(ids[1:], ids):
            cursor.execute("update sales_payment_transaction set parent_id = "
                           "%s where transaction_id = %s", (parent, child))
        copy.assert_converged()
        cursor.execute("delete from sales_payment_transaction where "
                       "transaction_id = %s", ids[:1])
    copy.assert_converged()
    assert not copy.target.run("select * from payment_transactions", copy.tdb)
