"""Reading again what an operator asks for: `cdc --resync`, while the stream
goes on. Differences are planted into the copy; afterwards it is the source's.
"""

import contextlib
import os
import pty
import re
import signal
import subprocess
import time

import pytest

from tests.integration import shops
from tests.lib import cgroup, programs, servers, writers

pytestmark = pytest.mark.slow

# More than one digit per place makes a sequence without a numbers table.
TEN = "(" + " union all ".join(f"select {n} d" for n in range(10)) + ")"
NUMBERS = (f"(select a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d n "
           f"from {TEN} a, {TEN} b, {TEN} c, {TEN} e, {TEN} f)")
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
IDS = [3, 4, 5, 6, 7, 8, 9, 700000]


def plant(copy, domain):
    with copy.target.connect(copy.tdb) as t:
        for sql in PLANTED[domain]:
            assert t.execute(sql).rowcount > 0, sql
        t.commit()


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


FRESH = """select firstname, s.customer_fresh and not exists (select from
    ficus.refetch where domain in ('customer', 'metadata'))
    from customers, ficus.status s where entity_id = 3"""


def test_the_domain_is_not_fresh_until_the_stream_has_passed(copy):
    """As the read service proves it, value and proof in one snapshot: once the
    request is there the wrong value is never called fresh."""
    wait_healed(copy)
    servers.wait_until("fresh", 60, lambda: all(fresh(copy)))
    seen = []
    with copy.target.connect(copy.tdb) as t:
        t.execute("update customers set firstname = 'wrong' where "
                  "entity_id = 3")
        t.commit()
        command = subprocess.Popen(copy.cdc.command("--resync", "customer"),
                                   stderr=subprocess.DEVNULL)
        while command.poll() is None:
            seen.append(t.execute(FRESH).fetchone())
            t.commit()
        assert command.returncode == 0
        servers.wait_until("fresh", 60, lambda: all(fresh(copy)))
    stale = [n for n, (_, proven) in enumerate(seen) if not proven]
    assert stale, "nobody could see it"
    assert not [v for v in seen[stale[0]:] if v == ("wrong", True)]
    metrics = programs.http(copy.cdc.url("/metrics")).body.decode()
    assert 'ficus_cdc_stale_seconds{domain="customer"} 0\n' in metrics
    assert re.search(r"ficus_cdc_refetch_rows_total [1-9]", metrics)
    copy.assert_equal()


def test_what_the_target_refuses_is_said_and_put_right_later(copy):
    plant(copy, "order")
    with copy.target.connect(copy.tdb, autocommit=True) as t:
        t.execute("alter table orders add constraint x_no check (entity_id "
                  "<> 3) not valid")
        said = resync(copy, "order", 3)
        assert "refuses 1 records" in said
        assert t.execute("select domain, record from ficus.dead_letters"
                         ).fetchall() == [("order", "orders")]
        t.execute("alter table orders drop constraint x_no")
        resync(copy, "order:3")
        assert not t.execute("select from ficus.dead_letters").fetchall()
    wait_healed(copy)
    copy.assert_equal()


def test_a_terminal_sees_one_line(copy):
    ours, theirs = pty.openpty()
    command = subprocess.Popen(copy.cdc.command("--resync", "order"),
                               stderr=theirs)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # it has ended
        while True:
            said += os.read(ours, 4096)
    os.close(ours)
    assert command.wait(60) == 0
    last = said.decode().strip().rsplit("\r", 1)[-1]
    assert re.match(r"reading again \[#+\] 100%  (\d+)/\1 rows ", last)


def test_ctrl_c_leaves_the_request(copy):
    copy.cdc.kill()
    plant(copy, "customer")
    with copy.target.connect(copy.tdb) as t:
        t.execute("update ficus.status set written_at = clock_timestamp() + "
                  "interval '1 minute'")
        t.commit()
    command = subprocess.Popen(copy.cdc.command("--resync", "customer"),
                               stderr=subprocess.PIPE, text=True)
    servers.wait_until("the request", 60, lambda: pending(copy))
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=60)
    assert command.returncode == 0
    assert "the running cdc goes on reading" in said
    assert pending(copy)
    copy.cdc.start()
    wait_healed(copy)
    copy.assert_equal()


CODE = ("update eav_attribute set attribute_code = '{}' where attribute_code "
        "= '{}' and entity_type_id = 4")
COST = ("(select attribute_id from eav_attribute where attribute_code = "
        "'cost' and entity_type_id = 4)")


def retype(before, after):
    """With its values moved from one value table to the other."""
    old, new = (f"catalog_product_entity_{t}" for t in (before, after))
    return [
        f"update eav_attribute set backend_type = '{after}' where "
        "attribute_code = 'cost' and entity_type_id = 4",
        f"insert into {new} (attribute_id, store_id, entity_id, value) "
        f"select attribute_id, store_id, entity_id, value from {old} where "
        f"attribute_id = {COST}",
        f"delete from {old} where attribute_id = {COST}"]


ATTRIBUTES = {
    "renamed": [
        CODE.format("address_key", "url_key"),
        "update catalog_product_entity_varchar set value = concat(value, '+')"
        " where attribute_id = (select attribute_id from eav_attribute where "
        "attribute_code = 'address_key') and entity_id % 3 = 0",
        CODE.format("url_key", "address_key"),
        CODE.format("web_key", "url_key")],
    "renamed_back": [CODE.format("url_key", "web_key")],
    "retyped": retype("decimal", "varchar"),
    "retyped_back": retype("varchar", "decimal"),
    "two_change_names": [
        CODE.format("x_name", "url_key"), CODE.format("url_key", "name"),
        CODE.format("name", "x_name")],
    "two_change_names_back": [
        CODE.format("x_name", "url_key"), CODE.format("url_key", "name"),
        CODE.format("name", "x_name")],
}
# One snapshot: is the name that the values had before still in them, though
# the attribute has another by now, and the domain fresh?
MIXED = """select not exists (select from ficus.refetch where domain in
    ('catalog', 'metadata')) and s.catalog_fresh and not exists (select from
    attributes where attribute_code = 'url_key' and entity_type_id = 4) and
    exists (select from product_values where attributes ? 'url_key')
    from ficus.status s"""


@pytest.mark.parametrize("behind", [False, True], ids=["live", "behind"])
def test_attributes_renamed_and_retyped(copy, behind):
    """The values are read again under the new name, from the new table; until
    then the catalog is not fresh."""
    mixed = []
    if behind:
        copy.cdc.stop()
    for statements in ATTRIBUTES.values():
        for sql in statements:
            copy.write(sql)
        if behind:
            continue
        with copy.target.connect(copy.tdb, autocommit=True) as t:
            while pending(copy):
                mixed += [r for r in t.execute(MIXED).fetchall() if r[0]]
        wait_healed(copy)
        copy.assert_equal()
    if behind:
        copy.cdc.start()
        wait_healed(copy)
        copy.assert_equal()
    assert not mixed


# 20,000 products of six values and a stock row each.
PRODUCTS = 20000
GREAT = [
    "insert into catalog_product_entity (entity_id, attribute_set_id, sku) "
    f"select 1000 + n, 4, concat('big', n) from {{numbers}} x where n < {PRODUCTS}",
    "insert into catalog_product_entity_varchar (attribute_id, store_id, "
    "entity_id, value) select a.attribute_id, s.d, p.entity_id, "
    "concat(repeat('value ', 20), p.entity_id) from "
    "catalog_product_entity p, eav_attribute a, (select 0 d union all "
    "select 1) s where p.entity_id >= 1000 and a.entity_type_id = 4 and "
    "a.attribute_code in ('name', 'url_key')",
    "insert into catalog_product_entity_decimal (attribute_id, store_id, "
    "entity_id, value) select a.attribute_id, 0, p.entity_id, 1.25 from "
    "catalog_product_entity p, eav_attribute a where p.entity_id >= 1000 "
    "and a.entity_type_id = 4 and a.attribute_code in ('price', 'cost')"]
GREAT_PLANTED = [
    "update products set sku = sku || '?' where entity_id % 50 = 7",
    "delete from products where entity_id % 50 = 8",
    "delete from product_values where entity_id % 50 = 9",
    "update product_values set attributes = attributes - 'name' where "
    "entity_id % 50 = 10",
    "update product_prices set attributes = '{\"price\": null}' where "
    "entity_id % 50 = 11",
    "insert into products (entity_id, sku) select 500000 + n, 'extra' || n "
    "from generate_series(1, 3000) n",
    "insert into product_values (entity_id, store_id, attributes) select "
    "500000 + n, 0, '{\"name\": \"extra\"}' from generate_series(1, 3000) n"]


def latencies(copy, name, go_on):
    """From a commit on the source until it is seen in the copy, in ms."""
    found, n = [], 0
    with copy.session() as s, s.cursor() as c, \
            copy.target.connect(copy.tdb) as t:
        while go_on() or not found:
            n += 1
            c.execute("update sales_order set customer_note = %s where "
                      "entity_id = 1", (f"{name}{n}",))
            s.commit()
            begun = time.monotonic()
            while t.execute("select customer_note from orders where entity_id "
                            "= 1").fetchone() != (f"{name}{n}",):
                t.commit()
                assert time.monotonic() < begun + 60
                time.sleep(0.001)
            t.commit()
            found.append(1000 * (time.monotonic() - begun))
            time.sleep(0.01)
    found.sort()
    print(f"{name}: commit to visible, {len(found)} times: p50 "
          f"{found[len(found) // 2]:.1f} ms, p99 "
          f"{found[len(found) * 99 // 100]:.1f} ms, worst {found[-1]:.1f} ms")
    return found[len(found) // 2]


def plant_great(copy):
    with copy.target.connect(copy.tdb) as t:
        for sql in GREAT_PLANTED:
            t.execute(sql)
        t.commit()


def half_read(copy):
    return copy.target.run("select count(*) from ficus.refetch where progress "
                           "<> ''", copy.tdb)[0][0]


@pytest.fixture
def great(request, postgres, directory):
    source = request.getfixturevalue("mariadb")
    with shops.databases(source, postgres, "great") as name, \
            cgroup.limit(128) as prefix:
        shops.fill(source, name, **shops.SMALL)
        source.script([sql.format(numbers=NUMBERS) for sql in GREAT], name)
        copy = shops.Copy(source, name, postgres, name, directory)
        copy.cdc.executable = [*prefix, programs.binary("cdc")]
        copy.bootstrap()
        copy.cdc.start()
        try:
            copy.cdc.wait_streaming()
            yield copy
        finally:
            copy.cdc.kill()


def test_a_great_domain_under_load_killed_and_killed(great):
    """What others see of it are pauses of the stream of a tenth of a second,
    never its end; then either side is killed half-way. Memory is the kernel's
    to limit."""
    command = great.cdc.command("--resync", "catalog")

    def start():
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    with writers.Load(great.source, great.sdb, threads=2, pause=0.02):
        great.cdc.wait_caught_up()
        end = time.monotonic() + 2
        without = latencies(great, "without", lambda: time.monotonic() < end)
        plant_great(great)
        watcher = start()
        during = latencies(great, "with", lambda: watcher.poll() is None)
        assert watcher.wait() == 0, watcher.stderr.read()

        plant_great(great)
        watcher = start()
        servers.wait_until("half read", 60, lambda: half_read(great))
        watcher.kill()
        watcher.communicate()
        great.cdc.kill()
        assert half_read(great), "what was read is written down"
        great.cdc.start()
        watcher = start()
        _, said = watcher.communicate(timeout=120)
        assert watcher.returncode == 0, said
    wait_healed(great)
    great.assert_equal()
    assert great.cdc.resident_peak_mib() < 128
    assert during < without + 1000
