"""cdc's resident peak stays under 128 MiB whatever it is given."""

import re
import time

import pytest

from tests.integration import shops
from tests.lib import servers

pytestmark = pytest.mark.slow

LIMIT_MIB = 128
PRODUCTS = 12000
# More than one digit per place makes a sequence without a numbers table.
TEN = ("(select 0 d union all select 1 union all select 2 union all select 3 "
       "union all select 4 union all select 5 union all select 6 union all "
       "select 7 union all select 8 union all select 9)")
NUMBERS = (f"(select a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d n "
           f"from {TEN} a, {TEN} b, {TEN} c, {TEN} e, {TEN} f)")


@pytest.fixture
def source(request):
    """MariaDB but where a test says otherwise."""
    return request.getfixturevalue(getattr(request, "param", "mariadb"))


def grow(source, database):
    """Some 150,000 rows: products with values in three scopes, customers."""
    source.script([
        "insert into catalog_product_entity (entity_id, attribute_set_id, "
        f"sku) select 1000 + n, 4, concat('big', n) from {NUMBERS} x "
        f"where n < {PRODUCTS}",
        "insert into catalog_product_entity_varchar (attribute_id, store_id, "
        "entity_id, value) select a.attribute_id, s.d, p.entity_id, "
        "concat(repeat('value ', 20), p.entity_id) from "
        "catalog_product_entity p, eav_attribute a, (select 0 d union all "
        "select 1 union all select 2) s where p.entity_id >= 1000 and "
        "a.entity_type_id = 4 and a.attribute_code in ('name', 'url_key')",
        "insert into catalog_product_entity_decimal (attribute_id, store_id, "
        "entity_id, value) select a.attribute_id, 0, p.entity_id, 1.25 from "
        "catalog_product_entity p, eav_attribute a where p.entity_id >= 1000 "
        "and a.entity_type_id = 4 and a.attribute_code in ('price', 'cost')",
        "insert into customer_entity (email, website_id, firstname, lastname) "
        "select concat('big', n, '@example.com'), 1, repeat('f', 100), "
        f"repeat('l', 100) from {NUMBERS} x where n < 30000",
    ], database)


def peak_of_run(copy, *args):
    """A command to its end; what was most resident in it."""
    copy.cdc.start(*args)
    peak = 0
    while copy.cdc.running():
        try:
            with open(f"/proc/{copy.cdc.process.pid}/status") as f:
                found = re.search(r"VmHWM:\s+(\d+)", f.read())
            peak = max(peak, int(found.group(1)) / 1024 if found else 0)
        except OSError:
            break  # it ended between the two looks
        time.sleep(0.005)
    assert copy.cdc.process.wait() == 0, copy.cdc.log_text()[-2000:]
    return peak


@pytest.mark.parametrize("source", ["mariadb", "mysql"], indirect=True)
def test_bootstrap_and_great_deletes(source, source_database, postgres,
                                     target_database, directory):
    shops.fill(source, source_database, **shops.SMALL)
    grow(source, source_database)
    copy = shops.Copy(source, source_database, postgres, target_database,
                      directory, {"bootstrap": {"workers": 4}})
    peak = peak_of_run(copy, "--bootstrap")
    print(f"bootstrap: {peak:.0f} MiB")
    assert 2 < peak < LIMIT_MIB
    copy.assert_equal()
    copy.cdc.start()
    try:
        copy.cdc.wait_streaming()
        for name, sql in (
                ("price feed", "update catalog_product_entity_decimal set "
                 "value = value + 1"),
                ("attribute", "delete from eav_attribute where "
                 "attribute_code = 'url_key' and entity_type_id = 4"),
                ("products", "delete from catalog_product_entity where "
                 "entity_id between 1000 and 9000"),
                ("store", "delete from store where store_id = 2")):
            copy.write(sql)
            copy.cdc.wait_caught_up(120)
            print(f"{name}: {copy.cdc.resident_peak_mib():.0f} MiB")
        copy.assert_equal()
        assert copy.cdc.resident_peak_mib() < LIMIT_MIB
    finally:
        copy.cdc.kill()


@pytest.fixture
def copy(source, source_database, postgres, target_database, directory):
    with shops.running(source, source_database, postgres, target_database,
                       directory) as c:
        yield c


def test_a_transaction_of_200000_rows(copy):
    """With default settings; several tables, some rows more than once."""
    with copy.session() as s, s.cursor() as c:
        c.execute("set foreign_key_checks = 1")
        c.execute("insert into customer_entity (email, website_id) values "
                  "('warm@example.com', 1)")
        c.execute("create table numbers (n int primary key)")
        c.execute(f"insert into numbers select n from {NUMBERS} x where "
                  "n < 70000")
        s.begin()
        c.execute("insert into customer_entity (email, website_id, firstname, "
                  "lastname) select concat('c', n), 1, repeat('f', 60), "
                  "repeat('l', 60) from numbers")
        c.execute("insert into sales_order (increment_id, store_id, "
                  "customer_email) select concat('i', n), 1, "
                  "repeat('e', 60) from numbers")
        c.execute("update customer_entity set middlename = 'again'")
        s.commit()
        c.execute("drop table numbers")
    copy.cdc.wait_caught_up(180)
    for query in (
            "select count(*), min(middlename), sum(char_length(lastname)) "
            "from {customers}",
            "select count(*), sum(char_length(customer_email)), sum(entity_id) "
            "from {orders}"):
        ours = copy.target.run(query.format(customers="customers",
                                            orders="orders"), copy.tdb)
        theirs = copy.source.run(query.format(
            customers="customer_entity", orders="sales_order"), copy.sdb)
        assert ours == list(theirs) and ours[0][0] > 70000
    peak = copy.cdc.resident_peak_mib()
    print(f"200000 rows: {peak:.0f} MiB")
    assert peak < LIMIT_MIB


def test_values_of_a_mebibyte(copy):
    """Each as large as documented, many in one transaction, again and
    again."""
    describe = ("select attribute_id from eav_attribute where attribute_code "
                "= 'description' and entity_type_id = 4")
    for n in range(3):
        copy.write(
            "delete from catalog_product_entity_text",
            "insert into catalog_product_entity_text (attribute_id, store_id, "
            f"entity_id, value) select ({describe}), 0, entity_id, "
            f"repeat('{n}', 1048576) from catalog_product_entity",
            "update catalog_product_entity_text set value = "
            "concat('x', substring(value, 2))")
        copy.cdc.wait_caught_up(120)
        print(f"values of 1 MiB: {copy.cdc.resident_peak_mib():.0f} MiB")
    copy.assert_equal()
    assert copy.cdc.resident_peak_mib() < LIMIT_MIB


def test_a_slow_target_does_not_fill_the_memory(copy):
    """The applier is held up while the source writes on: the reader waits."""
    with copy.target.connect(copy.tdb, autocommit=False) as holder:
        holder.execute("lock table customers in share mode")
        for n in range(5):
            copy.write("update customer_entity set lastname = "
                       f"repeat('{n % 10}', 200)")
            copy.write("insert into customer_entity (email, website_id, "
                       "firstname) select concat(n, '-', "
                       f"{n}), 1, repeat('y', 200) from {NUMBERS} x "
                       "where n < 10000")
        time.sleep(1)
        assert copy.cdc.running()
        holder.rollback()
    servers.wait_until("caught up", 120, lambda: copy.cdc.wait_caught_up(60)
                       or True)
    peak = copy.cdc.resident_peak_mib()
    print(f"slow target: {peak:.0f} MiB")
    assert peak < LIMIT_MIB
