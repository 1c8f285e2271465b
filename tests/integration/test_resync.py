"""Reading again what an operator asks for: `cdc --resync`, while the stream
goes on. Differences are planted into the copy; afterwards it is the source's.
"""

import re

import pytest

from tests.integration import shops
from tests.lib import servers, writers

CELLS = [("mariadb", "gtid"), ("mysql", "file")]


def ids(cell):
    return "-".join(cell)


def pending(copy):
    return copy.target.run("select source_table, selection from ficus.refetch",
                           copy.tdb)


def wait_healed(copy, seconds=60):
    def healed():
        copy.cdc.wait_caught_up(seconds)  # says so if it has ended
        return not pending(copy)
    servers.wait_until("nothing to read again", seconds, healed)


def fresh(copy):
    s = copy.cdc.status()
    return s["customer_fresh"], s["catalog_fresh"], s["order_fresh"]


@pytest.fixture(scope="module", params=CELLS, ids=ids)
def copy(request, postgres, tmp_path_factory):
    server, mode = request.param
    source = request.getfixturevalue(server)
    with shops.databases(source, postgres, "resync") as name, \
            shops.running(source, name, postgres, name,
                          str(tmp_path_factory.mktemp("resync")),
                          extra={"source": {"position_mode": mode}}) as c:
        yield c


# Into the copy alone: what no stream would ever put right.
PLANTED = {
    "customer": [
        "update customers set firstname = 'wrong' where entity_id = 3",
        "update customers set middlename = null where entity_id = 4",
        "delete from customers where entity_id = 5",
        "delete from customer_addresses where parent_id = 6",
        "update customer_addresses set city = null where parent_id = 7",
        "update customer_addresses set parent_id = 9 where parent_id = 8",
        "insert into customer_addresses (entity_id, parent_id, city) values "
        "(700001, 3, 'extra')",
        "insert into customers (entity_id, email) values (700000, 'x@y')",
        "insert into customer_addresses (entity_id, parent_id) values "
        "(700002, 700000)",
        "insert into customer_values (entity_id, store_id, attributes) values "
        "(3, 0, '{\"extra\": 1}') on conflict (entity_id, store_id) do update "
        "set attributes = '{\"extra\": 1}'"],
    "catalog": [
        "update products set sku = 'wrong' where entity_id = 3",
        "delete from products where entity_id = 4",
        "delete from product_values where entity_id = 5",
        "delete from product_prices where entity_id = 6",
        "update product_values set attributes = attributes || "
        "'{\"name\": null}' where entity_id = 7",
        "delete from product_categories where product_id = 8",
        "delete from stock_items where product_id = 9",
        "update categories set path = null where entity_id = 3",
        "delete from category_values where entity_id = 4",
        "insert into products (entity_id, sku) values (700000, 'extra')",
        "insert into product_values (entity_id, store_id, attributes) values "
        "(700000, 0, '{\"name\": \"extra\"}')"],
    "order": [
        "update orders set grand_total = grand_total + 1 where entity_id = 3",
        "delete from orders where entity_id = 4",
        "delete from order_items where order_id = 5",
        "update order_items set sku = null where order_id = 6",
        "delete from order_addresses where parent_id = 7",
        "delete from order_status_history where parent_id = 8",
        "insert into orders (entity_id, increment_id) values (700000, 'x')",
        "insert into order_items (item_id, order_id) values (700000, 9), "
        "(700001, 700000)"],
}
ROOTS = {"customer": ["customer_entity"], "order": ["sales_order"],
         "catalog": ["catalog_product_entity", "catalog_category_entity"]}
IDS = [3, 4, 5, 6, 7, 8, 9, 700000]


def plant(copy, domain):
    with copy.target.connect(copy.tdb) as t:
        for sql in PLANTED[domain]:
            assert t.execute(sql).rowcount > 0, sql
        t.commit()


@pytest.mark.parametrize("domain", PLANTED)
def test_a_root_with_all_that_hangs_on_it(copy, domain):
    """Deep requests, as the transform and the command make them."""
    plant(copy, domain)
    with copy.target.connect(copy.tdb) as t:
        for table in ROOTS[domain]:
            for key in IDS:
                t.execute("insert into ficus.refetch (domain, source_table, "
                          "selection) values (%s, %s, %s)",
                          (domain, table, f"entity_id={key},*"))
        t.commit()
    wait_healed(copy)
    copy.assert_equal()


def resync(copy, what, code=0, **more):
    done = copy.cdc.call("--resync", what, **more)
    assert done.returncode == code, done.stderr[-2000:]
    return done.stderr


@pytest.mark.parametrize("domain", PLANTED)
def test_a_domain_while_shops_write(copy, domain):
    with writers.Load(copy.source, copy.sdb, threads=2, pause=0.02):
        plant(copy, domain)
        said = resync(copy, domain)
    assert "to be read again" in said
    wait_healed(copy)
    copy.assert_equal()


def test_some_ids_while_shops_write(copy):
    with writers.Load(copy.source, copy.sdb, threads=2, pause=0.02, seed=2):
        for domain in PLANTED:
            plant(copy, domain)
        for domain in PLANTED:
            said = resync(copy, domain + ":" + ",".join(map(str, IDS)) +
                          ",3,999999")
            # What only the copy has is known; what nobody has is said.
            assert "id=999999" in said and "id=700000" not in said
            assert said.count("neither") == 1
    wait_healed(copy)
    copy.assert_equal()


def test_what_is_no_domain_and_no_id(copy):
    for what in ("orders", "", "metadata", "order:", "order:x", "order:,1",
                 "order:-1", "order:0", "order:1;2", ":3"):
        said = resync(copy, what, 2)
        assert "customer, catalog and order" in said or "is no id" in said
    for words in ([], ["order", "customer"]):
        assert copy.cdc.call("--resync", *words).returncode == 2
    assert not pending(copy)


def test_without_a_running_cdc_requests_wait(copy):
    copy.cdc.stop()
    servers.wait_until("it is known to be away", 30, lambda: copy.target.run(
        "select written_at < clock_timestamp() - interval '3 s' from "
        "ficus.status", copy.tdb) == [(True,)])
    plant(copy, "order")
    assert "cdc is not running" in resync(copy, "order", 3)
    assert len(pending(copy)) > 10
    text = copy.cdc.call("--status").stdout
    assert re.search(r"resync +order \d+ requests, 0 of about \d+ rows", text)
    copy.cdc.start()
    wait_healed(copy)
    copy.assert_equal()


UNREACHABLE = {"mariadb": "file:other-bin.999999:4",
               "mysql": "mysql:7e6f1c2a-0000-11ee-8000-0242ac120002:1-9"}


def test_a_position_that_never_comes_keeps_nothing_stale(copy):
    """Written down by a cdc that was configured otherwise, or read from a
    server that is no more; and the source is idle. Both kinds of chunks."""
    at = UNREACHABLE[copy.source.flavour]
    copy.cdc.kill()
    with copy.target.connect(copy.tdb) as t:
        t.execute("insert into ficus.refetch (domain, source_table, "
                  "selection, read_position) values ('catalog', "
                  "'catalog_product_entity', 'entity_id=3', %s)", (at,))
        t.execute("insert into ficus.chunks (domain, family, read_position, "
                  "done_at) values ('order', 'sales_order', %s, now())",
                  (at,))
        t.commit()
    copy.cdc.start()
    wait_healed(copy)
    servers.wait_until("all domains fresh", 60, lambda: fresh(copy) ==
                       (True, True, True))


def test_a_table_with_texts_in_its_key_in_pieces(copy):
    """In the order of the texts' bytes, which both sides know; the columns'
    own orders differ."""
    names = ["ä", "A", "a b", "Z", "é,", "日本", "x'6", "ß\\", "_", "😀"]
    with copy.session() as s, s.cursor() as c:
        c.execute("create table directory_country_region_name (locale "
                  "varchar(16) character set utf8mb4 collate utf8mb4_bin not "
                  "null, region_id int unsigned not null, name varchar(255), "
                  "primary key (locale, region_id))")
        for name in names:
            c.execute("insert into directory_country_region_name select "
                      "%s, a.entity_id * 100 + b.entity_id, 'n' from "
                      "catalog_product_entity a, catalog_product_entity b "
                      "where a.entity_id <= 20 and b.entity_id <= 20",
                      (name,))
        s.commit()
    copy.cdc.wait_caught_up()
    count = "select count(*) from region_names"
    assert copy.target.run(count, copy.tdb) == [(4000,)]
    with copy.target.connect(copy.tdb) as t:
        t.execute("delete from region_names where region_id % 7 = 0")
        t.execute("update region_names set name = null where region_id % 5 "
                  "= 0")
        t.execute("insert into region_names (locale, region_id) select "
                  "locale || 'x', region_id from region_names where region_id "
                  "% 3 = 0")
        t.execute("insert into ficus.refetch (domain, source_table) values "
                  "('metadata', 'directory_country_region_name')")
        t.commit()
    wait_healed(copy)
    assert copy.target.run(count, copy.tdb) == [(4000,)]
    copy.assert_equal()
    copy.write("drop table directory_country_region_name")
