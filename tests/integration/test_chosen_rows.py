"""Tables of which only some rows, and columns of which only some, are copied:
core_config_data by its paths, columns of extensions by their names."""

import os

import pytest

from tests.integration import shops
from tests.integration.test_more_tables import statements
from tests.lib import programs, servers
from tests.lib.compare import FLAT, secret

SECRET = "planted-secret-"
SIZES = {"customers": 6, "products": 6, "categories": 4, "orders": 6}


def config(path, value, scope="default", scope_id=0):
    return ("insert into core_config_data (scope, scope_id, path, value) "
            f"values ('{scope}', {scope_id}, '{path}', '{value}')")


@pytest.fixture
def copy(source, source_database, postgres, target_database, directory):
    shops.fill(source, source_database, **SIZES)
    source.script([x for x in statements() if "core_config_data" in x],
                  source_database)
    copy = shops.Copy(source, source_database, postgres, target_database,
                      directory)
    copy.write(config("web/unsecure/base_url", "http://shop.example/"),
               config("payment/acme/password", SECRET + "1"),
               config("web/unsecure/base_urls", SECRET + "2"))
    copy.bootstrap()
    copy.cdc.start()
    copy.cdc.wait_streaming()
    yield copy
    copy.cdc.kill()


def configured(copy):
    copy.assert_converged()
    return dict(copy.target.run("select path, value from configuration",
                                copy.tdb))


def everything(copy):
    """The whole target as text."""
    with copy.target.connect(copy.tdb) as t:
        tables = t.execute(
            "select format('%I.%I', table_schema, table_name) from "
            "information_schema.tables where table_type = 'BASE TABLE' and "
            "table_schema in ('public', 'ficus')").fetchall()
        return "".join(
            str(t.execute(f"select x::text from {name} x").fetchall()) +
            "".join(str(bytes(r)) for r, in t.execute(
                "select rows from ficus.prepared").fetchall())
            for name, in tables)


def test_only_listed_paths_are_copied(copy):
    assert configured(copy) == {
        "web/unsecure/base_url": "http://shop.example/"}
    copy.write(config("currency/options/base", "EUR"),
               config("currency/options/base", "USD", "websites", 1),
               config("currency/optionsX", SECRET + "3"),
               config("carriers/acme/token", SECRET + "4"),
               "update core_config_data set value = 'http://new.example/' "
               "where path = 'web/unsecure/base_url'",
               f"update core_config_data set value = '{SECRET}5' where path "
               "like 'payment%'")
    copy.assert_converged()
    assert copy.target.run("select count(*) from configuration",
                           copy.tdb) == [(3,)]
    # One comes in, one leaves, one goes.
    copy.write(f"update core_config_data set path = 'x', value = '{SECRET}6' "
               "where path = 'web/unsecure/base_url'",
               "update core_config_data set path = 'catalog/price/scope', "
               "value = '1' where path = 'carriers/acme/token'",
               "delete from core_config_data where scope = 'websites'",
               "delete from core_config_data where path = 'currency/optionsX'")
    assert configured(copy) == {"currency/options/base": "EUR",
                                "catalog/price/scope": "1"}
    assert SECRET not in everything(copy) + copy.cdc.log_text()


def test_rows_of_a_prepared_transaction_are_chosen_too(copy):
    with copy.session() as c, c.cursor() as cursor:
        cursor.execute("xa start 'chosen'")
        cursor.execute(config("payment/acme/secret", SECRET + "7"))
        cursor.execute(config("catalog/price/scope", "0"))
        cursor.execute(f"update core_config_data set path = 'y', value = "
                       f"'{SECRET}8' where path = 'web/unsecure/base_url'")
        cursor.execute("xa end 'chosen'")
        cursor.execute("xa prepare 'chosen'")
        try:
            servers.wait_until(
                "it is kept", 60, lambda: copy.target.run(
                    "select 1 from ficus.prepared", copy.tdb))
            assert SECRET not in everything(copy)
        finally:
            cursor.execute("xa commit 'chosen'")
    assert configured(copy) == {"catalog/price/scope": "0"}


def extra(copy, table, key="entity_id = 1"):
    found, = copy.target.run(f"select extra from {table} where {key}",
                             copy.tdb)[0]
    return found


def test_columns_of_extensions_are_taken_up_but_secrets(copy):
    copy.source.run("alter table sales_order add x_gift varchar(30) default "
                    "'none', add x_api_key varchar(50) default "
                    f"'{SECRET}9', add cc_x int default 4", copy.sdb)
    copy.write("update customer_entity set firstname = 'before' where "
               "entity_id = 1")
    copy.cdc.wait_caught_up()
    servers.wait_until(
        "rows that were there have the default", 60, lambda: not
        copy.target.run("select 1 from orders where extra is null", copy.tdb))
    assert extra(copy, "orders") == {"x_gift": "none"}
    copy.source.run("alter table customer_entity add x_points int, add "
                    "x_rp_token varchar(40), add extra varchar(20)", copy.sdb)
    copy.write("update customer_entity set x_points = 7, x_rp_token = "
               f"'{SECRET}', extra = 'own' where entity_id = 1",
               "update sales_order set x_gift = null where entity_id = 1")
    copy.cdc.wait_caught_up()
    assert extra(copy, "customers") == {"x_points": 7, "extra": "own"}
    assert extra(copy, "orders") == {"x_gift": None}
    assert SECRET not in everything(copy)
    copy.source.run("alter table sales_order drop x_gift", copy.sdb)
    copy.write("update sales_order set state = 'new2' where entity_id = 1")
    copy.cdc.wait_caught_up()
    assert extra(copy, "orders") is None


def columns_of_magento(shared):
    """(table, column): type, of a whole Magento."""
    with open(os.path.join(shared, "magento", "magento-columns.tsv"),
              encoding="utf-8") as f:
        next(f)
        for line in f:
            table, _, column, kind, *_ = line.rstrip("\n").split("\t")
            yield table, column, kind


BYTES = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8}
HOLDS = {"smallint": 2, "integer": 4, "bigint": 8}


def digits(kind):
    """Before and behind the point."""
    a, b = kind[kind.index("(") + 1:kind.index(")")].split(",")
    return int(a) - int(b), int(b)


def fits(source, target):
    word = source.split("(")[0].split()[0]
    if word in BYTES:
        wide = BYTES[word] + ("unsigned" in source and 0.5)
        return target == "numeric" or wide <= HOLDS.get(target, 0)
    if word == "decimal":
        if target == "numeric":
            return True
        have = digits(target) if target.startswith("numeric(") else (0, 0)
        return all(a <= b for a, b in zip(digits(source), have))
    return target in {
        "float": ("real", "double precision"), "double": ("double precision",),
        "date": ("date",), "timestamp": ("timestamp with time zone",),
        "datetime": ("timestamp without time zone",), "blob": ("bytea",),
        "mediumblob": ("bytea",), "varbinary": ("bytea",),
        "varchar": ("text",), "text": ("text",), "mediumtext": ("text",),
        "longtext": ("text",), "char": ("text",)}.get(word, ())


def test_every_column_of_magento_has_a_place_that_holds_it(
        shared, mariadb, postgres, target_database, directory):
    cdc = programs.Cdc(mariadb, postgres, directory,
                       target_database=target_database)
    assert cdc.call("--migrate").returncode == 0
    types = {(t, c): k for t, c, k in postgres.run(
        "select c.relname, a.attname, format_type(a.atttypid, a.atttypmod) "
        "from pg_attribute a join pg_class c on c.oid = a.attrelid where "
        "c.relnamespace = 'public'::regnamespace and a.attnum > 0",
        target_database)}
    wrong, seen = [], set()
    for table, column, kind in columns_of_magento(shared):
        if table not in FLAT:
            continue
        seen.add(table)
        there = types.get((FLAT[table], column))
        if secret(table, column):
            if there:
                wrong.append(f"{table}.{column}: a secret")
        elif not there or not fits(kind, there):
            wrong.append(f"{table}.{column}: {kind}, here {there}")
    assert not wrong, "\n".join(wrong)
    assert len(seen) > 80
