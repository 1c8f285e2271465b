"""A large shop in a real Magento's database and a day of writes: the copy
equals the source after the bootstrap, after the day, and although cdc was
killed again and again in the middle of it.

FICUS_SHOP=1 is the size of the goals (20,000 products, 100,000 customers,
100,000 orders); what the tests take by themselves is a part of it.
FICUS_SEED=n repeats the day that a failed test names."""

import os
import random
import threading

import pytest
import yaml

from tests.integration import shops
from tests.lib import compare, digests, magento_shop, programs
from tests.lib.magento_day import Day

SHARE = {"mariadb": 0.1, "mysql": 0.05}
ROUNDS = 3


def sizes_for(source):
    share = float(os.environ.get("FICUS_SHOP") or SHARE[source.flavour])
    return {what: int(count * share)
            for what, count in magento_shop.SIZES.items()}


def a_seed():
    return int(os.environ.get("FICUS_SEED") or random.randrange(1 << 32))


def assert_equal(copy):
    found = digests.differences(copy.source, copy.sdb, copy.target, copy.tdb)
    assert not found, "\n".join(found[:20])


def kill_in_between(copy, day, picker, kills=8):
    """The day goes on while cdc dies and comes back."""
    failed, enough = [], threading.Event()

    def work():
        try:
            while not enough.is_set():
                for _ in day.steps(1):
                    pass
        except AssertionError as e:
            failed.append(e)
    writer = threading.Thread(target=work)
    writer.start()
    for _ in range(kills):
        enough.wait(picker.uniform(0.1, 2))
        assert copy.cdc.running(), copy.cdc.log_text()[-1500:]
        copy.cdc.kill()
        copy.cdc.start()
    enough.set()
    writer.join(120)
    assert not writer.is_alive() and not failed, failed


CHANGES = {
    "orders": "update orders set grand_total = grand_total + 0.0001 where "
              "entity_id = (select max(entity_id) from orders)",
    "customers": "update customers set lastname = '' where "
                 "entity_id = (select min(entity_id) from customers)",
    "order_items": "delete from order_items where "
                   "item_id = (select max(item_id) from order_items)",
    "product_values": "update product_values set attributes = attributes || "
                      "'{\"name\": null}' where ctid = (select max(ctid) "
                      "from product_values where attributes->>'name' <> '')",
}


def assert_changes_are_found(copy):
    """The comparison can fail: one planted difference in each of these."""
    with copy.target.connect(copy.tdb) as t:
        for sql in CHANGES.values():
            assert t.execute(sql).rowcount == 1
    found = digests.differences(copy.source, copy.sdb, copy.target, copy.tdb)
    assert {text.split()[0].rstrip(":") for text in found} == set(CHANGES)


@pytest.mark.slow
def test_a_large_shop_through_a_day(source, source_database, postgres,
                                    target_database, directory, shared):
    sizes, seed = sizes_for(source), a_seed()
    print(f"FICUS_SEED={seed} {sizes}")
    magento_shop.load(
        source, source_database,
        os.path.join(shared, "magento/magento-2.4.8-mariadb.sql"), sizes)
    copy = shops.Copy(source, source_database, postgres, target_database,
                      directory)
    copy.bootstrap()
    assert_equal(copy)
    copy.cdc.start()
    copy.cdc.wait_streaming()
    with copy.session() as connection:
        day = Day(connection, sizes, seed)
        for _ in day.steps(ROUNDS):
            pass
        copy.cdc.wait_caught_up(300)
        assert_equal(copy)
        kill_in_between(copy, day, random.Random(seed))
    copy.cdc.wait_caught_up(300)
    assert_equal(copy)
    copy.cdc.kill()
    assert_changes_are_found(copy)


@pytest.mark.slow
def test_our_own_shop_through_a_day(source, source_database, postgres,
                                    target_database, directory):
    sizes = {"products": 200, "customers": 200, "orders": 200}
    seed = a_seed()
    print(f"FICUS_SEED={seed}")
    with shops.running(source, source_database, postgres, target_database,
                       directory, {**sizes, "categories": 110}) as copy:
        copy.assert_equal()
        with copy.session() as connection:
            day = Day(connection, sizes, seed, first=0, partial=True)
            for _ in day.steps(1):
                pass
            copy.assert_converged()
            kill_in_between(copy, day, random.Random(seed), 3)
        copy.assert_converged()


def test_the_comparison_knows_every_table_of_the_mapping():
    compared = set(compare.FLAT) | {
        f"{table}_{kind}" for table in compare.VALUES
        for kind in compare.TYPES}
    with open(os.path.join(programs.ROOT, "schema", "magento.yaml"),
              encoding="utf-8") as f:
        mapped = {entry["source"] for entry in yaml.safe_load(f)["tables"]}
    assert mapped == compared
