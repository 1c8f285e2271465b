"""What is written on the source arrives: each case, both servers, both kinds
of position, compared value by value."""

import contextlib
import time

import pytest

from tests.integration import shops


SERVERS = [(server, mode) for server in ("mariadb", "mysql")
           for mode in ("gtid", "file")]


def ids(pair):
    return "-".join(pair)


@contextlib.contextmanager
def streaming(request, pair, postgres, directory):
    """A copy of a fresh shop on that server, by that kind of position."""
    server, mode = pair
    source = request.getfixturevalue(server)
    extra = {"source": {"position_mode": mode}, "replication": {"audit": True}}
    with shops.databases(source, postgres, "stream") as name, \
            shops.running(source, name, postgres, name, directory,
                          extra=extra) as c:
        yield c


@pytest.fixture(scope="module", params=SERVERS, ids=ids)
def shared_copy(request, postgres, tmp_path_factory):
    """One copy that all cases of a server and mode are written to in turn."""
    with streaming(request, request.param, postgres,
                   str(tmp_path_factory.mktemp("stream"))) as c:
        yield c


@pytest.fixture(params=SERVERS, ids=ids)
def copy(request, postgres, directory):
    with streaming(request, request.param, postgres, directory) as c:
        yield c


# In this order: later ones delete what earlier ones need.
CASES = {
    "insert": ["insert into customer_entity (entity_id, email, website_id, "
               "firstname) values (9001, 'x@example.com', 1, 'Ünïcode 💐')",
               "insert into customer_address_entity (parent_id, street, "
               "city, country_id, firstname, lastname, telephone) values "
               "(9001, 'a\\nb', 'c', 'PT', 'f', 'l', '1')"],
    "update": ["update catalog_product_entity_decimal set value = value + 1",
               "update sales_order set grand_total = 1.2345, "
               "status = null where entity_id < 20"],
    "delete": ["delete from catalog_product_entity_varchar where "
               "value_id % 3 = 0", "delete from sales_order_item where "
               "item_id < 10"],
    "case_55_upsert": ["insert into catalog_product_entity_varchar (attribute_id, "
               "store_id, entity_id, value) select attribute_id, 2, "
               "entity_id, concat(value, '!') from "
               "catalog_product_entity_varchar v where store_id = 0 "
               "on duplicate key update value = 'replaced'"],
    "case_41_55_replace_parent": ["replace into catalog_product_entity (entity_id, "
                       "attribute_set_id, sku) values (5, 4, 'again')"],
    "case_43_replace_parent_unchecked": [
        "set foreign_key_checks = 0",
        "replace into catalog_product_entity (entity_id, attribute_set_id, "
        "sku) values (6, 4, 'again6')", "set foreign_key_checks = 1"],
    "store_moved_and_group_deleted": [
        "update store set group_id = 1 where store_id = 3",
        "delete from store_group where group_id = 2"],
    "child_inserted_parent_deleted": [
        "insert into catalog_product_entity_int (attribute_id, store_id, "
        "entity_id, value) select attribute_id, 2, 7, 1 from eav_attribute "
        "where attribute_code = 'manufacturer'",
        "delete from catalog_product_entity where entity_id = 7"],
    "deleted_and_inserted": [
        "delete from catalog_product_entity where entity_id = 8",
        "insert into catalog_product_entity (entity_id, attribute_set_id, "
        "sku) values (8, 4, 'reborn')",
        "insert into catalog_product_entity_varchar (attribute_id, store_id, "
        "entity_id, value) select attribute_id, 0, 8, 'Reborn' from "
        "eav_attribute where attribute_code = 'name' and entity_type_id = 4"],
    "values_before_entity": [
        "set foreign_key_checks = 0",
        "insert into catalog_product_entity_varchar (attribute_id, store_id, "
        "entity_id, value) select attribute_id, 0, 7777, 'Early' from "
        "eav_attribute where attribute_code = 'name' and entity_type_id = 4",
        "insert into catalog_product_entity (entity_id, attribute_set_id, "
        "sku) values (7777, 4, 'late')", "set foreign_key_checks = 1"],
    "key_changed": [
        "update customer_address_entity set entity_id = 90001 where "
        "entity_id = 3",
        "update catalog_product_entity_varchar set store_id = 3 where "
        "store_id = 2 and entity_id % 8 = 0"],
    "attribute_created_and_used": [
        "insert into eav_attribute (attribute_id, entity_type_id, "
        "attribute_code, backend_type) values (900, 4, 'brand_new', 'text')",
        "insert into catalog_product_entity_text (attribute_id, store_id, "
        "entity_id, value) values (900, 0, 3, 'first'), (900, 2, 3, null)"],
    "case_40_44_delete_customer": ["delete from customer_entity where entity_id < 6"],
    "delete_product": ["delete from catalog_product_entity where "
                       "entity_id between 10 and 15"],
    "delete_category": ["delete from catalog_category_entity where "
                        "entity_id = 5"],
    "case_46_delete_store": ["delete from store where store_id = 2"],
    "case_46_delete_website": ["delete from store_website where website_id = 2"],
    "delete_order": ["delete from sales_order where entity_id < 9"],
    "case_46_delete_attribute": ["delete from eav_attribute where attribute_code in "
                         "('name', 'price', 'nickname')"],
    "delete_option": ["delete from eav_attribute_option where option_id < 4"],
    "delete_group": ["delete from eav_attribute_group where "
                     "attribute_group_id = 4"],
    "odd_values": [
        "update customer_entity set dob = '0000-00-00', lastname = "
        "'q\\'uo\"te \\\\ back', taxvat = '' where entity_id = 2",
        "update catalog_product_entity_datetime set value = "
        "'0000-00-00 00:00:00'",
        "insert into sales_order (increment_id, grand_total, created_at) "
        "values ('-', -99999999.9999, '2038-01-01 00:00:00')"],
}


@pytest.mark.parametrize("name", CASES)
def test_case(shared_copy, name):
    # A case that changes nothing would test nothing.
    assert shared_copy.write(*CASES[name]) > 0
    shared_copy.assert_converged()


def test_all_cases_in_one_batch(copy):
    """The same without pauses: barriers inside batches."""
    for statements in CASES.values():
        copy.write(*statements)
    copy.assert_converged()
    assert_audit(copy)


def assert_audit(copy):
    """One row per transaction, in order, without gaps."""
    rows = copy.target.run(
        "select count(*), count(distinct transaction), min(ordinal), "
        "max(ordinal) from ficus.audit", copy.tdb)[0]
    assert rows[0] == rows[1] and rows[3] - rows[2] + 1 == rows[0]


def test_rolled_back_work_leaves_nothing(copy):
    with copy.session() as c, c.cursor() as cursor:
        c.begin()
        cursor.execute("update customer_entity set firstname = 'never'")
        cursor.execute("savepoint a")
        cursor.execute("delete from sales_order")
        cursor.execute("rollback to a")
        cursor.execute("update customer_group set customer_group_code = "
                       "'never' where customer_group_id = 2")
        c.rollback()
        c.begin()
        cursor.execute("update customer_entity set firstname = 'once'")
        cursor.execute("savepoint a")
        cursor.execute("delete from sales_order")
        cursor.execute("rollback to a")
        c.commit()
    copy.assert_converged()


def test_a_change_arrives_within_milliseconds(copy):
    """Not a benchmark: the order of magnitude, with room for a busy
    machine."""
    waits = []
    with copy.target.connect(copy.tdb) as t:
        for n in range(30):
            copy.write(f"update customer_entity set firstname = 'w{n}' where "
                       "entity_id = 1")
            begun = time.monotonic()
            while t.execute("select firstname from customers where "
                            "entity_id = 1").fetchone()[0] != f"w{n}":
                assert time.monotonic() - begun < 5
            waits.append(time.monotonic() - begun)
    assert sorted(waits)[15] < 0.25


@pytest.mark.slow
def test_trap_22_a_transaction_of_200000_rows(copy):
    """Becomes visible at once, in bounded memory."""
    with copy.session() as c, c.cursor() as cursor:
        c.begin()
        for part in range(20):
            cursor.execute(
                "insert into customer_entity (email, website_id, firstname) "
                "values " + ",".join(
                    f"('big{part}-{n}@example.com', 1, 'Big')"
                    for n in range(10000)))
        c.commit()
    seen = set()
    with copy.target.connect(copy.tdb) as t:
        end = time.monotonic() + 120
        while 200000 not in seen and time.monotonic() < end:
            seen.add(t.execute("select count(*) from customers where "
                               "firstname = 'Big'").fetchone()[0])
    assert seen <= {0, 200000}
    copy.assert_converged(120)
    assert copy.cdc.resident_peak_mib() < 128


def test_stops_on_sigterm_and_goes_on(copy):
    copy.write("update customer_entity set firstname = 'before'")
    code, seconds = copy.cdc.stop()
    assert code == 0 and seconds < 2
    copy.write("update customer_entity set lastname = 'while away'")
    copy.cdc.start()
    copy.assert_converged()
    assert_audit(copy)
