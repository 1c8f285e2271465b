"""Texts as the source compares them, in a copy: keys from snapshot and
stream, foreign keys that are texts, values too long for an index."""

import random
import re

import pytest

from tests.integration import shops
from tests.integration.test_events import settings
from tests.integration.test_more_tables import statements
from tests.lib import programs, servers

SKUS = ["Tee", "TEE ", "tée", "tee\u00a0", "STRASSE", "straße", "strase",
        "ÆON", "aeon", "жук", "ЖУК", "a😀", "a🎉", "и\u0306", "й", "ﬁn",
        "fin", "co\u00adop", "coop", "x y", "x  y", "0", "", " "]
PAIRS = [("mariadb", "utf8mb4_unicode_ci"),
         ("mariadb", "utf8mb4_uca1400_ai_ci"), ("mysql", "utf8mb4_0900_ai_ci")]
LETTERS = {"utf8mb4_general_ci": "g", "utf8mb4_unicode_ci": "u",
           "utf8mb4_uca1400_ai_ci": "x", "utf8mb4_0900_ai_ci": "9",
           "utf8mb4_bin": "b"}
MODIFY = ("alter table catalog_product_entity modify sku varchar(64) "
          "character set utf8mb4 collate {} null")
SAME = ("select a.entity_id, b.entity_id from {0} a join {0} b "
        "on a.{1} = b.{1} order by 1, 2")


@pytest.fixture
def copy(source, postgres, directory):
    with shops.databases(source, postgres, "text") as name:
        shops.fill(source, name, **shops.SMALL)
        copy = shops.Copy(source, name, postgres, name, directory)
        yield copy
        copy.cdc.kill()


def rename(copy, first):
    for i, sku in enumerate(SKUS):
        copy.write("update catalog_product_entity set sku = "
                   f"x'{sku.encode().hex()}' where entity_id = {first + i}")


def assert_same_are_same(copy, collation):
    there = copy.source.run(
        SAME.format("catalog_product_entity", "sku"), copy.sdb)
    here = copy.target.run(SAME.format("products", "sku_key"), copy.tdb)
    # Without a table for the collation, what is equal byte by byte is.
    if LETTERS[collation] == "x":
        assert set(here) <= set(there)
    else:
        assert list(here) == list(there)
    letters = copy.target.run("select distinct left(sku_key, 2) from products",
                              copy.tdb)
    assert letters == [(LETTERS[collation] + ":",)]


@pytest.mark.slow
@pytest.mark.parametrize("source,collation", PAIRS, indirect=["source"])
def test_case_112_trap_6_keys_are_equal_where_the_source_says_so(copy, collation):
    copy.source.run(MODIFY.format(collation), copy.sdb)
    rename(copy, 1)
    copy.bootstrap()
    assert_same_are_same(copy, collation)
    done = copy.cdc.call("--check")
    assert ("no table for" in " ".join(done.stdout.split())) == \
        (LETTERS[collation] == "x"), done.stdout
    copy.cdc.start()
    copy.cdc.wait_streaming()
    rename(copy, 10)
    copy.cdc.wait_caught_up(60)
    assert_same_are_same(copy, collation)
    # The log names the collation itself.
    with settings(copy.source, binlog_row_metadata="'FULL'"):
        rename(copy, 16)
        copy.cdc.wait_caught_up(60)
    assert_same_are_same(copy, collation)
    # Another collation: the table is read again.
    copy.source.run(MODIFY.format("utf8mb4_bin"), copy.sdb)
    servers.wait_until("all keys are new", 60, lambda: copy.target.run(
        "select count(*) from products where sku_key not like 'b:%%'",
        copy.tdb)[0][0] == 0)
    copy.assert_converged()
    assert_same_are_same(copy, "utf8mb4_bin")


@pytest.mark.slow
def test_foreign_keys_that_are_texts_follow_the_collation(copy):
    made = [s for s in statements() if s.split()[2].startswith(
        "sales_order_status") and s.split()[2] != "sales_order_status_history"]
    copy.source.script([s for s in made if "status_change" not in s], copy.sdb)
    copy.write("insert into sales_order_status values ('Héld', 'x'), "
               "('kept', 'y')",
               "insert into sales_order_status_state (status, state) values "
               "('HELD', 'a'), ('held ', 'b'), ('kept', 'c')",
               "insert into sales_order_status_label values ('HéLD', 1, 'l')")
    copy.bootstrap()
    copy.cdc.start()
    copy.cdc.wait_streaming()
    copy.write("delete from sales_order_status where status = 'held'")
    copy.assert_converged()
    assert copy.target.run("select status from order_status_states",
                           copy.tdb) == [("kept",)]
    assert copy.target.run("select count(*) from order_status_labels",
                           copy.tdb) == [(0,)]


def lost(copy, column):
    text = programs.http(copy.cdc.url("/metrics")).body.decode()
    found = re.search(r'^ficus_cdc_values_lost_total{table="sales_order",'
                      rf'column="{column}",kind="long_key"}} (\d+)', text, re.M)
    return int(found.group(1)) if found else 0


@pytest.mark.slow
@pytest.mark.parametrize("source", ["mariadb"], indirect=True)
def test_what_is_too_long_for_an_index_stops_nothing(copy):
    """The key is left out and counted; a plain column's record is set aside
    until the value is shorter."""
    copy.source.script(["alter table sales_order modify customer_email text",
                        "alter table customer_entity modify lastname "
                        "varchar(10000)"], copy.sdb)
    copy.bootstrap()
    copy.cdc.start()
    copy.cdc.wait_streaming()
    pick = random.Random(3)
    text = "".join(pick.choices("abcdefghijklmnopqrstuvwxyzÄÖÜ0123456789",
                                k=9000))
    copy.write(f"update sales_order set customer_email = '{text}' "
               "where entity_id = 1")
    copy.assert_converged()
    assert copy.target.run(
        "select customer_email_key, char_length(customer_email) from orders "
        "where entity_id = 1", copy.tdb) == [(None, 9000)]
    assert lost(copy, "customer_email") >= 1
    copy.write(f"update customer_entity set lastname = '{text}' "
               "where entity_id = 2")
    copy.write("update customer_entity set firstname = 'after' "
               "where entity_id = 3")
    copy.cdc.wait_caught_up(60)
    assert copy.target.run("select firstname from customers where "
                           "entity_id = 3", copy.tdb) == [("after",)]
    assert copy.target.run("select count(*) from ficus.dead_letters",
                           copy.tdb) == [(1,)]
    copy.write("update customer_entity set lastname = 'short' "
               "where entity_id = 2")
    copy.assert_converged()
