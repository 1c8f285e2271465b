"""Row images that do not say all: sessions with binlog_row_image MINIMAL or
NOBLOB write, and the copy becomes what the source is, by reading again.

Numbers in names are those of docs/hard-cases.md."""

import contextlib
import time

import pytest

from tests.integration import shops
from tests.lib import servers, writers

pytestmark = pytest.mark.slow

# Kinds of position by turns: how a snapshot is known to show what was sent
# differs between all four.
CELLS = [("mariadb", "file"), ("mysql", "gtid")]
OTHERS = [("mariadb", "gtid"), ("mysql", "file")]
NAME = writers.NAME


def ids(cell):
    return "-".join(cell)


class Images:
    """A copy, and sessions with images of some kind."""

    def __init__(self, copy):
        self.copy = copy
        self.cdc, self.target, self.tdb = copy.cdc, copy.target, copy.tdb

    def write(self, image, *statements):
        """One transaction; rows it changed."""
        changed = 0
        with self.copy.session() as c, c.cursor() as cursor:
            cursor.execute("set sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
            cursor.execute(f"set session binlog_row_image = {image}")
            c.begin()
            for sql in statements:
                changed += cursor.execute(sql)
            c.commit()
        return changed

    def pending(self):
        return self.target.run(
            "select source_table, selection, read_position is not null, "
            "error from ficus.refetch order by 1, 2", self.tdb)

    def wait_healed(self, seconds=60):
        """What was written before this call is in the copy, and nothing is
        left to be read again."""
        self.cdc.wait_caught_up(seconds)
        servers.wait_until("nothing to read again", seconds,
                           lambda: not self.pending())

    def assert_healed(self, seconds=60):
        self.wait_healed(seconds)
        self.cdc.wait_caught_up(seconds)
        self.copy.assert_equal()

    def fresh(self):
        s = self.cdc.status()
        return s["customer_fresh"], s["catalog_fresh"], s["order_fresh"]

    def wait_fresh(self):
        servers.wait_until("all domains fresh", 60,
                           lambda: self.fresh() == (True, True, True))


@contextlib.contextmanager
def opened(request, cell, postgres, directory, extra=None):
    server, mode = cell
    source = request.getfixturevalue(server)
    extra = {"source": {"position_mode": mode, **(extra or {})}}
    with shops.databases(source, postgres, "images") as name, \
            shops.running(source, name, postgres, name, directory,
                          extra=extra) as c:
        yield Images(c)


@pytest.fixture(scope="module", params=CELLS, ids=ids)
def shared(request, postgres, tmp_path_factory):
    """One copy that the cases are written to in turn."""
    with opened(request, request.param, postgres,
                str(tmp_path_factory.mktemp("images"))) as i:
        yield i


@pytest.fixture(params=OTHERS, ids=ids)
def images(request, postgres, directory):
    with opened(request, request.param, postgres, directory) as i:
        yield i


# Texts that change and texts that don't.
NOBLOB = {
    "addresses": ["update customer_address_entity set street = 'other' "
                  "where entity_id < 4",
                  "update customer_address_entity set city = 'Faro' "
                  "where entity_id < 9"],
    "values": [
        "update catalog_product_entity_text set value = concat(value, '!') "
        "where entity_id % 2 = 0",
        "update catalog_product_entity_text set store_id = 3 where "
        "store_id = 0 and entity_id % 5 = 0",
        "delete from catalog_product_entity_text where entity_id = 3"],
    "orders": [
        "update sales_order set status = 'noblob' where entity_id < 5",
        "update sales_order_status_history set status = 'noblob' where "
        "entity_id < 5"],
}
# In this order: later ones delete what earlier ones need.
CASES = {
    "customer": [
        "insert into customer_entity (entity_id, email, website_id) values "
        "(9001, 'x@example.com', 1)",
        "update customer_entity set firstname = 'only this' where "
        "entity_id < 9",
        "insert into customer_address_entity (parent_id, street, city, "
        "country_id, firstname, lastname, telephone) values "
        "(9001, 'a', 'c', 'PT', 'f', 'l', '1')",
        "update customer_address_entity set city = 'Porto' where "
        "entity_id < 6"],
    "product_keys_and_replace": [
        "update catalog_product_entity set sku = concat('m', sku) where "
        "entity_id < 9",
        "insert into catalog_product_entity (sku, attribute_set_id) values "
        "('minimal', 4)",
        "update customer_address_entity set entity_id = 90002 where "
        "entity_id = 4",
        "replace into sales_order_item (item_id, order_id, sku) values "
        "(3, 2, 'replaced')"],
    "values": [
        "insert into catalog_product_entity_varchar (attribute_id, store_id, "
        f"entity_id, value) select ({NAME}), 1, entity_id, 'one' from "
        "catalog_product_entity where entity_id < 9",
        "update catalog_product_entity_varchar set value = 'two' where "
        "store_id = 1 and entity_id < 5",
        "insert into catalog_product_entity_int (attribute_id, entity_id, "
        "value) select attribute_id, 9, 5 from eav_attribute where "
        "attribute_code = 'visibility' and entity_type_id = 4 "
        "on duplicate key update value = 5",
        "update catalog_product_entity_decimal set value = value + 1 where "
        "entity_id < 9"],
    "values_upserted": [
        "insert into catalog_product_entity_varchar (attribute_id, store_id, "
        f"entity_id, value) select ({NAME}), 1, entity_id, 'again' from "
        "catalog_product_entity where entity_id < 20 "
        "on duplicate key update value = values(value)",
        "replace into catalog_product_entity_varchar (attribute_id, "
        f"store_id, entity_id, value) select ({NAME}), 1, 5, 'replaced'"],
    "values_moved": [
        "update catalog_product_entity_varchar set store_id = 3 where "
        "store_id = 1 and entity_id % 4 = 0",
        "update catalog_product_entity_varchar set entity_id = 30, store_id "
        "= 2 where store_id = 1 and entity_id = 5"],
    "values_deleted": [
        "delete from catalog_product_entity_varchar where store_id = 1 and "
        "entity_id < 8",
        "delete from catalog_product_entity_decimal where entity_id = 3"],
    "orders": [
        "insert into sales_order (entity_id, increment_id, store_id) values "
        "(9001, 'min', 1)",
        "insert into sales_order_item (order_id, sku) values (9001, 'a'), "
        "(9001, 'b')",
        "update sales_order set status = 'changed' where entity_id < 9",
        "delete from sales_order_item where order_id = 2"],
    "update_of_a_row_that_is_asked_for": [
        "insert into sales_order (entity_id, increment_id) values "
        "(9002, 'min')",
        "update sales_order set state = 'new' where entity_id = 9002",
        "update sales_order set entity_id = 9003 where entity_id = 9002",
        "insert into customer_entity (entity_id, email) values (9005, 'g')",
        "delete from customer_entity where entity_id = 9005"],
    "parents_deleted": [
        "delete from customer_entity where entity_id in (10, 11, 9001)",
        "delete from catalog_product_entity where entity_id in (12, 13)",
        "delete from sales_order where entity_id in (14, 9001)",
        "delete from store_group where group_id = 2"],
    "child_moved_and_former_parent_deleted": [
        "update customer_address_entity set parent_id = 20 where "
        "parent_id = 21",
        "delete from customer_entity where entity_id = 21"],
    "child_moved_and_new_parent_deleted": [
        "update customer_address_entity set parent_id = 22 where "
        "parent_id = 23",
        "delete from customer_entity where entity_id = 22"],
    "metadata": [
        "update eav_attribute set frontend_label = 'Other' where "
        "attribute_code = 'name' and entity_type_id = 4",
        "update store set name = 'Renamed' where store_id = 1",
        "delete from eav_attribute where attribute_code = 'manufacturer' "
        "and entity_type_id = 4"],
}


@pytest.mark.parametrize("name", NOBLOB)
def test_case_75_165_noblob(shared, name):
    assert shared.write("noblob", *NOBLOB[name]) > 0
    shared.assert_healed()


@pytest.mark.parametrize("name", CASES)
def test_case_74_128_162_minimal(shared, name):
    assert shared.write("minimal", *CASES[name]) > 0
    shared.assert_healed()


def test_case_75_165_what_noblob_leaves_out_is_not_null(images):
    """A text that did not change is in neither image."""
    images.copy.write("update sales_order_item set name = 'kept' where "
                      "item_id = 1",
                      "update sales_order_status_history set comment = "
                      "'kept' where entity_id = 1")
    images.assert_healed()
    images.write("noblob", "update sales_order_status_history set status = "
                 "'other' where entity_id = 1")
    images.assert_healed()
    assert images.target.run("select comment from order_status_history where "
                             "entity_id = 1", images.tdb) == [("kept",)]


def test_case_162_one_session_among_others(images):
    """Whatever the global setting says: each event is judged by itself."""
    images.write("minimal", "update customer_entity set lastname = 'm'")
    images.copy.write("update customer_entity set firstname = 'f'")
    images.assert_healed()
    images.wait_fresh()


def test_case_74_stale_until_read_again(images):
    """Whoever sees the incomplete row's transaction sees that its domain is
    not fresh; whoever sees the domain fresh sees the right values."""
    images.wait_fresh()
    wrong = []
    with images.target.connect(images.tdb) as t:
        for n in range(8):
            images.write("minimal", "update customer_entity set firstname = "
                         f"'n{n}' where entity_id = 1")
            end = time.monotonic() + 60
            while time.monotonic() < end:
                # One statement, one snapshot: as the router's proof does.
                name, fresh = t.execute(
                    "select firstname, s.customer_fresh and not exists "
                    "(select from ficus.refetch where domain in ('customer', "
                    "'metadata')) from customers, ficus.status s where "
                    "entity_id = 1").fetchone()
                passed = t.execute(
                    "select count(*) from ficus.refetch").fetchone()[0]
                if name == f"n{n}" and fresh and not passed:
                    break
                if name not in (f"n{n - 1}", f"n{n}") and fresh and n:
                    wrong.append(name)
            assert name == f"n{n}"
    assert not wrong
    images.assert_healed()


def test_case_74_source_lost_while_reading_again(request, postgres, directory):
    """Requests stay, their domain is stale; the stream goes on when it can,
    and all is made good."""
    with opened(request, CELLS[0], postgres, directory) as i:
        source = i.copy.source
        source.run(f"alter user '{source.user}'@'%' account lock")
        try:
            i.write("minimal", "update customer_entity set firstname = 'lost'",
                    "delete from catalog_product_entity_int where "
                    "entity_id = 2")
            servers.wait_until("the failure is told", 60, lambda: any(
                row[3] for row in i.pending()))
            i.copy.write("update sales_order set status = 'goes on'")
            servers.wait_until("the stream goes on", 60, lambda: i.target.run(
                "select count(*) from orders where status <> 'goes on'",
                i.tdb) == [(0,)])
            servers.wait_until("stale", 60,
                               lambda: i.fresh() == (False, False, True))
            text = i.cdc.call("--status").stdout
            assert "catalog=1 customer=" in text
        finally:
            source.run(f"alter user '{source.user}'@'%' account unlock")
        i.assert_healed()
        i.wait_fresh()


@pytest.mark.slow
def test_case_74_under_load_killed_and_started(request, postgres, directory):
    """Writers whose every session leaves columns out, a cdc that is killed,
    whole tables that are read in pieces meanwhile."""
    with opened(request, CELLS[1], postgres, directory) as i:
        source = i.copy.source
        load = writers.Load(source, i.copy.sdb, threads=3, pause=0.02)
        source.run("set global binlog_row_image = minimal")
        try:
            load.__enter__()
            # Sessions take it along; cdc would not start with it.
            servers.wait_until("all writers", 60, lambda: all(
                w.count for w in load.writers))
            source.run("set global binlog_row_image = full")
            for _ in range(3):
                servers.wait_until("some reading", 60, lambda: [
                    row for row in i.pending() if row[2]])
                i.cdc.kill()
                i.cdc.start()
        finally:
            source.run("set global binlog_row_image = full")
            load.stop()
        i.assert_healed(120)
        i.wait_fresh()
        assert i.cdc.resident_peak_mib() < 128
