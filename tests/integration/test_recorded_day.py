"""The recorded day of a real Magento, written again on a private MariaDB while
cdc follows: 295 admin and REST steps with all their DDL and cascades."""

import json
import os
import random
import re
import subprocess

import pytest

from tests.integration import shops
from tests.integration.test_bootstrap import load_magento
from tests.lib import digests


@pytest.fixture
def copy(mariadb, postgres, target_database, directory, shared):
    # The log names its database: it must have this name here too.
    database = "magento"
    mariadb.run(f"create database {database} character set utf8mb4 "
                "collate utf8mb4_general_ci")
    load_magento(mariadb, database,
                 os.path.join(shared, "magento/golden/before.sql.gz"),
                 "mariadb")
    made = shops.Copy(mariadb, database, postgres, target_database, directory)
    yield made
    made.cdc.kill()
    mariadb.run(f"drop database {database}")


MARK = b"select 'written'/*!*/;\n"


class Day:
    """The steps, one at a time: row events through the server itself, so that
    its cascades run. One client writes all: later events build on what
    earlier ones set for the session."""

    def __init__(self, source, shared):
        folder = os.path.join(shared, "magento/golden")
        with open(os.path.join(folder, "steps.jsonl")) as f:
            self.steps = [json.loads(line) for line in f]
        self.events = self.read(os.path.join(folder, "binlog.000002"))
        self.done = 0
        self.client = subprocess.Popen(
            [*source.client(), "-h127.0.0.1", f"-P{source.port}", "-uroot",
             "--batch", "--skip-column-names", "--unbuffered",
             "--default-character-set=utf8mb4", "magento"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

    @staticmethod
    def read(log):
        """[(position, text)] of the events; what is in front comes with the
        first."""
        done = subprocess.run(["mariadb-binlog", "--start-position=365", log],
                              capture_output=True)
        assert done.returncode == 0, done.stderr[-500:]
        # This server numbers its transactions itself; the log's old numbers
        # would repeat what it has used already.
        sql = re.sub(rb"(?m)^.*SET @@session\.gtid_seq_no=.*\n", b"",
                     done.stdout)
        front, *parts = re.split(rb"(?m)^# at (\d+)\n", sql)
        events = list(zip(map(int, parts[::2]), parts[1::2]))
        return [(0, front)] + events

    def write(self, steps=1):
        """The next so many steps; their last one's name."""
        last = self.steps[self.done + steps - 1]
        rest = next((i for i, (at, _) in enumerate(self.events)
                     if at >= last["end"]["pos"]), len(self.events))
        self.client.stdin.write(b"".join(t for _, t in self.events[:rest]))
        self.client.stdin.write(MARK)
        self.client.stdin.flush()
        answer = self.client.stdout.readline()
        assert answer == b"written\n", answer + self.client.stdout.read()
        del self.events[:rest]
        self.done += steps
        return f"{self.done}: {last['step']}"

    def left(self):
        return len(self.steps) - self.done

    def close(self):
        self.client.stdin.close()
        self.client.stdout.close()
        self.client.wait(60)


@pytest.fixture
def day(copy, shared):
    made = Day(copy.source, shared)
    yield made
    made.close()


def a_seed():
    """FICUS_SEED=n repeats what a failed test printed."""
    seed = int(os.environ.get("FICUS_SEED") or random.randrange(1 << 32))
    print(f"FICUS_SEED={seed}")
    return random.Random(seed)


def assert_equal(copy, sums, step):
    """What has other sums is looked at value by value."""
    copy.cdc.wait_caught_up()
    if sums.unequal():
        found = digests.differences(copy.source, copy.sdb, copy.target,
                                    copy.tdb)
        assert not found, f"after step {step}:\n" + "\n".join(found[:20])


def sums_of(copy):
    return digests.Sums(copy.source, copy.sdb, copy.target,
                        copy.tdb).prepare()


@pytest.mark.slow
def test_the_copy_equals_the_shop_after_every_step(copy, day):
    copy.bootstrap()
    sums = sums_of(copy)
    assert not sums.unequal()
    copy.cdc.start()
    copy.cdc.wait_streaming()
    while day.left():
        assert_equal(copy, sums, day.write())
    assert day.done == 295
    copy.assert_converged()
    rows = copy.target.run(
        "select transactions from ficus.checkpoint order by seq desc limit 1",
        copy.tdb)
    assert rows[0][0] > 1000
    with copy.target.connect(copy.tdb) as t:
        t.execute("update order_items set name = name || '.' where "
                  "item_id = (select max(item_id) from order_items)")
    assert sums.unequal() == {"order_items"}


@pytest.mark.slow
def test_the_copy_is_made_at_any_step_while_the_day_goes_on(copy, day):
    picked = a_seed()
    day.write(picked.randrange(1, 250))
    copy.cdc.start("--bootstrap", "--follow")
    for _ in range(picked.randrange(day.left() // 2)):
        day.write()
    copy.cdc.wait_streaming()
    sums = sums_of(copy)
    while day.left():
        assert_equal(copy, sums, day.write(min(10, day.left())))
    copy.assert_converged()


@pytest.mark.slow
def test_cdc_is_killed_at_any_step(copy, day):
    """While it reads what the step wrote, or before."""
    picked = a_seed()
    copy.bootstrap()
    sums = sums_of(copy)
    copy.cdc.start()
    copy.cdc.wait_streaming()
    stops = sorted(picked.sample(range(1, day.left()), 15))
    for n, stop in enumerate(stops):
        step = day.write(stop - day.done)
        assert copy.cdc.running()
        copy.cdc.kill()
        copy.cdc.start()
        if n % 3 == 2:
            assert_equal(copy, sums, step)
    day.write(day.left())
    copy.assert_converged()


@pytest.mark.slow
def test_the_same_read_as_a_backlog(copy, day):
    """In one go: many transactions folded into few batches."""
    copy.bootstrap()
    day.write(day.left())
    copy.cdc.start()
    copy.assert_converged()


def test_a_table_rebuilt_by_create_like_and_rename_of_others_is_no_harm(copy):
    """What a reindex does all day."""
    copy.bootstrap()
    copy.cdc.start()
    copy.cdc.wait_streaming()
    copy.source.script([
        "create table idx_replica like catalog_category_product_index",
        "insert into idx_replica select * from catalog_category_product_index",
        "rename table catalog_category_product_index to idx_outdated, "
        "idx_replica to catalog_category_product_index, "
        "idx_outdated to idx_replica",
        "truncate table idx_replica", "drop table idx_replica"], "magento")
    copy.assert_converged()
    assert copy.cdc.running()
