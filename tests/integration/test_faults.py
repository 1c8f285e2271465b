"""Everything that can be killed is killed, at random moments, while several
writers go on. Afterwards nothing is lost, doubled or reordered: ficus.audit
names the source's transactions as SHOW BINLOG EVENTS does, and every value is
compared."""

import os
import random
import signal
import threading
import time

import pytest

from tests.integration import shops
from tests.lib import programs, servers, writers

pytestmark = pytest.mark.slow

AUDIT = {"replication": {"audit": True}}


@pytest.fixture
def source(request):
    """MariaDB but where a test says otherwise."""
    return request.getfixturevalue(getattr(request, "param", "mariadb"))


def assert_exactly_once(copy):
    """The audit has the source's transactions since P0, in the log's order,
    each once."""
    start = copy.target.run("select start_position from ficus.bootstrap",
                            copy.tdb)[0][0]
    expected = writers.transactions(copy.source, start)
    rows = copy.target.run("select transaction, ordinal from ficus.audit "
                           "order by ordinal", copy.tdb)
    names = [r[0] for r in rows]
    assert [r[1] for r in rows] == list(range(1, len(rows) + 1))
    for n, (ours, theirs) in enumerate(zip(names, expected)):
        assert ours == theirs, f"transaction {n} of {len(expected)}"
    assert len(names) == len(expected)
    return len(names)


def settle(copy, load, least):
    """After the load: all of it arrived, once."""
    load.stop()
    copy.assert_converged(90)
    assert assert_exactly_once(copy) >= least


def epoch(copy):
    return copy.target.run("select epoch from ficus.epoch", copy.tdb)[0][0]


def wait_commit(copy, seconds=30):
    """The checkpoint moved: it is replicating again."""
    def seq():
        return copy.target.run("select max(seq) from ficus.checkpoint",
                               copy.tdb)[0][0]
    first = seq()
    servers.wait_until("replication goes on", seconds, lambda: seq() > first,
                       0.02)


@pytest.mark.parametrize("source,mode,kills", [
    ("mariadb", "gtid", 50), ("mariadb", "file", 12), ("mysql", "gtid", 12)],
    indirect=["source"])
def test_case_1_cdc_killed(source, mode, kills, source_database, postgres,
                           target_database, directory):
    """Some kills come before anything is applied, some amid it."""
    extra = {"source": {"position_mode": mode}, **AUDIT}
    dice = random.Random(7)
    with shops.running(source, source_database, postgres, target_database,
                       directory, extra=extra) as copy, \
            writers.Load(source, source_database) as load:
        for n in range(kills):
            alive = epoch(copy)
            copy.cdc.kill()
            copy.cdc.start()
            if n % 2:  # amid its work, else wherever it has got to
                servers.wait_until("a new epoch", 30,
                                   lambda: epoch(copy) > alive, 0.01)
            time.sleep(dice.uniform(0, 0.4))
        settle(copy, load, 100)


def watch(copy, seen, ending):
    """Reads as the shop's readers do: each transaction as a whole."""
    with copy.target.connect(copy.tdb) as c:
        while not ending.is_set():
            seen.add(c.execute(
                "select count(distinct lastname), count(distinct suffix) "
                "from customers where entity_id <= 20").fetchone())
            time.sleep(0.005)


def test_cdc_killed_amid_large_transactions(source, source_database, postgres,
                                            target_database, directory):
    """Each is written in many parts, over a batch of 64 KiB; no part is ever
    seen alone, nor applied twice."""
    extra = {"replication": {"audit": True, "batch_bytes": "64KiB"}}
    dice = random.Random(13)
    ending, seen = threading.Event(), set()
    with shops.running(source, source_database, postgres, target_database,
                       directory, extra=extra) as copy:
        copy.write("update customer_entity set lastname = 'l', suffix = 's'")
        copy.cdc.wait_caught_up()
        reader = threading.Thread(target=watch, args=(copy, seen, ending))
        reader.start()
        try:
            for n in range(12):
                copy.write(
                    f"update customer_entity set lastname = 'l{n}'",
                    "insert into sales_order (increment_id, store_id, "
                    f"customer_note) select concat('{n}-', entity_id), 1, "
                    "repeat('n', 20000) from customer_entity",
                    "delete from sales_order where entity_id % 3 = 0",
                    "update catalog_product_entity_varchar set value = "
                    f"concat('v{n} ', entity_id)",
                    f"update customer_entity set suffix = 's{n}'")
                time.sleep(dice.uniform(0, 0.5))
                if n % 3:
                    copy.cdc.kill()
                    copy.cdc.start()
            copy.cdc.wait_caught_up()
        finally:
            ending.set()
            reader.join()
        assert seen == {(1, 1)}
        copy.assert_converged()
        assert_exactly_once(copy)


def test_cdc_killed_while_the_target_is_busy(source, source_database,
                                             postgres, target_database,
                                             directory):
    """Its backend is amid a statement that lasts; the next cdc need not wait
    for it, nor for an operator."""
    with shops.running(source, source_database, postgres, target_database,
                       directory, extra=AUDIT) as copy:
        with postgres.connect(target_database, autocommit=False) as holder:
            holder.execute("lock table customers in share mode")
            for n in range(2):
                copy.write(f"update customer_entity set firstname = 'b{n}'")
                servers.wait_until("waits for the lock", 10, lambda: (
                    postgres.run("select count(*) from pg_locks where not "
                                 "granted", target_database)[0][0]))
                alive = epoch(copy)
                copy.cdc.kill()
                copy.cdc.start()
                servers.wait_until("a new epoch", 15,
                                   lambda: epoch(copy) > alive)
                assert copy.cdc.running()
            holder.rollback()
        copy.assert_converged()
        assert_exactly_once(copy)


@pytest.fixture
def own_source(request):
    """A server that tests may kill, which keeps what it has promised."""
    kind = getattr(request, "param", servers.MariaDB)
    server = kind(["--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1"])
    try:
        server.start()
    except servers.Unavailable as e:
        pytest.skip(str(e))
    server.grant_replica()
    server.run("create database shop character set utf8mb4 collate "
               "utf8mb4_general_ci")
    yield server
    if server.running():
        server.signal(signal.SIGCONT)
    server.kill()


class DurablePostgres(servers.Postgres):
    """With fsync, but a lazy writer: what was committed asynchronously in
    the last seconds is lost with the process."""

    def __init__(self):
        super().__init__(["fsync=on", "full_page_writes=on",
                          "wal_writer_delay=2s", "wal_buffers=16MB"])

    def crash(self):
        """Backends outlive their postmaster for a moment, and would flush."""
        pids = [self.process.pid, *writers.children(self.process.pid)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        servers.wait_until("the backends are gone", 10, lambda: not any(
            os.path.exists(f"/proc/{pid}") for pid in pids))


@pytest.fixture
def own_target():
    server = DurablePostgres()
    try:
        server.start()
    except servers.Unavailable as e:
        pytest.skip(str(e))
    server.create_database("copy")
    yield server
    server.kill()


def test_postgres_killed(own_target, source, source_database, directory):
    """The checkpoint goes back together with the rows."""
    dice = random.Random(3)
    lost = 0
    with shops.running(source, source_database, own_target, "copy",
                       directory, extra=AUDIT) as copy, \
            writers.Load(source, source_database) as load:
        for _ in range(4):
            time.sleep(dice.uniform(0.5, 1.5))
            seen = own_target.run("select max(seq) from ficus.checkpoint",
                                  "copy")[0][0]
            own_target.crash()
            own_target.start()
            now = own_target.run("select max(seq) from ficus.checkpoint",
                                 "copy")[0][0]
            lost += now < seen
            wait_commit(copy)
        assert copy.cdc.running()
        settle(copy, load, 100)
    assert lost > 0  # else this test has shown nothing


def test_postgres_killed_while_the_source_rests(own_target, source,
                                                source_database, directory):
    """Nobody writes, nobody asks: the rows that went back return by
    themselves."""
    with shops.running(source, source_database, own_target, "copy",
                       directory, extra=AUDIT) as copy:
        for n in range(4):
            copy.cdc.wait_caught_up()
            copy.write(f"update customer_entity set firstname = 'r{n}'")

            def arrived():
                return own_target.run(
                    "select count(*) from customers where firstname <> "
                    f"'r{n}'", "copy")[0][0] == 0
            servers.wait_until("arrived", 20, arrived, 0.01)
            own_target.crash()
            own_target.start()
            servers.wait_until("arrived again", 20, arrived)
        copy.assert_converged()
        assert_exactly_once(copy)


@pytest.mark.parametrize("own_source", [servers.MariaDB, servers.MySQL],
                         indirect=True, ids=["mariadb", "mysql"])
def test_case_5_source_killed(own_source, postgres, target_database,
                              directory):
    dice = random.Random(5)
    with shops.running(own_source, "shop", postgres, target_database,
                       directory, extra=AUDIT) as copy, \
            writers.Load(own_source, "shop") as load:
        for _ in range(3):
            time.sleep(dice.uniform(0.3, 1.2))
            own_source.kill()
            own_source.start()
            wait_commit(copy, 60)
        assert copy.cdc.running() and load.lost > 0
        settle(copy, load, 50)


def test_case_152_sigterm_under_load(source, source_database, postgres,
                            target_database, directory):
    with shops.running(source, source_database, postgres, target_database,
                       directory, extra=AUDIT) as copy, \
            writers.Load(source, source_database, pause=0.002) as load:
        for n in range(6):
            time.sleep(0.2 + n % 3 * 0.3)
            code, seconds = copy.cdc.stop()
            assert code == 0 and seconds <= 2, copy.cdc.log_text()[-1000:]
            copy.cdc.start()
        settle(copy, load, 100)


def backend(copy):
    """The applier's, from the row that a successor would read."""
    return copy.target.run("select backend from ficus.epoch", copy.tdb)[0][0]


@pytest.mark.parametrize("source", ["mariadb", "mysql"], indirect=True)
def test_case_4_answer_of_commit_lost(source, source_database, postgres,
                                      target_database, directory):
    """The applier's backend ends at random moments, COMMIT sent or not; the
    program goes on by what the checkpoint says."""
    dice = random.Random(11)
    with shops.running(source, source_database, postgres, target_database,
                       directory, extra=AUDIT) as copy, \
            writers.Load(source, source_database, pause=0.003) as load:
        for _ in range(10):
            pid = backend(copy)
            assert copy.target.run("select pg_terminate_backend(%s)", copy.tdb,
                                   (pid,))[0][0]
            wait_commit(copy)
            time.sleep(dice.uniform(0, 0.3))
        assert copy.cdc.running()
        settle(copy, load, 100)


def state(copy):
    """From the program itself: its target may be away."""
    return programs.http(copy.cdc.url("/status")).json()


def wait_state(copy, name, seconds=20):
    return servers.wait_until(
        f"state {name}", seconds,
        lambda: state(copy)["state"] == name and state(copy))


def test_target_away(own_target, source, source_database, directory):
    """At the start and in the middle: paused, with the reason; then on. It
    is no refusal, however often it is tried: no flag goes off."""
    extra = programs.merge(AUDIT, {"replication": {"max_retries": 1}})
    with shops.running(source, source_database, own_target, "copy",
                       directory, extra=extra) as copy, \
            writers.Load(source, source_database) as load:
        own_target.run("update ficus.feature_flags set enabled = true",
                       "copy")
        own_target.stop()
        wait_state(copy, "paused")
        time.sleep(10)
        assert copy.cdc.running()
        assert str(own_target.port) in state(copy)["reason"]
        assert programs.http(copy.cdc.url("/readyz")).status == 503
        assert programs.http(copy.cdc.url("/healthz")).status == 200
        code, seconds = copy.cdc.stop()
        assert code == 0 and seconds <= 2
        copy.cdc.start()
        wait_state(copy, "paused")
        own_target.start()
        copy.cdc.wait_streaming(60)
        settle(copy, load, 100)
        assert own_target.run("select count(*) from ficus.feature_flags "
                              "where enabled", "copy") == [(3,)]


def test_source_away(own_source, postgres, target_database, directory):
    with shops.running(own_source, "shop", postgres, target_database,
                       directory, extra=AUDIT) as copy, \
            writers.Load(own_source, "shop") as load:
        time.sleep(1)
        own_source.stop()
        wait_state(copy, "paused")
        time.sleep(10)
        seen = copy.cdc.status()
        assert seen["state"] == "paused" and seen["lag_ms"] > 8000
        assert str(own_source.port) in seen["reason"]
        code, seconds = copy.cdc.stop()
        assert code == 0 and seconds <= 2
        copy.cdc.start()
        wait_state(copy, "paused")
        own_source.start()
        copy.cdc.wait_streaming(60)
        settle(copy, load, 50)


def test_source_falls_silent(own_source, postgres, target_database,
                             directory):
    """Neither closed nor answering: three heartbeats missed end it."""
    with shops.running(own_source, "shop", postgres, target_database,
                       directory, extra=AUDIT) as copy, \
            writers.Load(own_source, "shop") as load:
        time.sleep(1)
        own_source.signal(signal.SIGSTOP)
        try:
            begun = time.monotonic()
            wait_state(copy, "paused", 10)
            assert time.monotonic() - begun > 1  # three periods of 500 ms
            time.sleep(3)
        finally:
            own_source.signal(signal.SIGCONT)
        copy.cdc.wait_streaming(60)
        settle(copy, load, 50)


def test_two_at_once(source, source_database, postgres, target_database,
                     directory):
    with shops.running(source, source_database, postgres, target_database,
                       directory, extra=AUDIT) as copy, \
            writers.Load(source, source_database) as load:
        alive = epoch(copy)
        other = programs.Cdc(source, postgres, directory, source_database,
                             target_database, AUDIT, "second")
        for _ in range(2):
            done = other.call(timeout=30)
            last = done.stderr.strip().splitlines()[-1]
            assert done.returncode == 3 and "another cdc" in last
            assert str(copy.cdc.process.pid) in last and "stop it" in last
        assert epoch(copy) == alive and copy.cdc.running()
        assert copy.cdc.status()["state"] == "streaming"
        settle(copy, load, 50)


def test_pushed_out_it_does_not_commit(source, source_database, postgres,
                                       target_database, directory):
    """A higher epoch in the target (a successor took over while we were
    frozen) ends the former one at its next commit."""
    with shops.running(source, source_database, postgres, target_database,
                       directory, extra=AUDIT) as copy:
        postgres.run("update ficus.epoch set epoch = epoch + 1",
                     target_database)
        before = postgres.run("select max(seq) from ficus.checkpoint",
                              target_database)[0][0]
        copy.write("update customer_entity set firstname = 'too late'")
        assert copy.cdc.process.wait(20) == 3
        assert "has taken over" in copy.cdc.log_text().splitlines()[-1]
        assert postgres.run(
            "select max(seq), count(*) filter (where firstname = 'too late') "
            "from ficus.checkpoint, customers", target_database
        ) == [(before, 0)]
