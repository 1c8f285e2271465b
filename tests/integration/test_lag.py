"""Lag and tickets say the truth: what is called seen is there, what stands
still grows old, what nobody knows is unknown."""

import json
import os
import signal
import time

import pytest

from tests.integration import shops
from tests.lib import programs, servers, writers

AUDIT = {"replication": {"audit": True}}


@pytest.fixture
def copy(source, source_database, postgres, target_database, directory):
    with shops.running(source, source_database, postgres, target_database,
                       directory, extra=AUDIT) as c:
        yield c


def lag(copy):
    """As /lag has it: milliseconds, or None while unknown."""
    return programs.http(copy.cdc.url("/lag")).json()["lag_ms"]


def test_a_passed_ticket_means_visible(copy):
    """Written, ticket taken, ticket passed: the row is there, at once."""
    with copy.session() as s, s.cursor() as c, \
            copy.target.connect(copy.tdb) as t:
        for n in range(200):
            c.execute("update customer_entity set firstname = %s where "
                      "entity_id = %s", (f"t{n}", 1 + n % 50))
            ticket = t.execute("insert into ficus.ticket (router) values "
                               "('test') returning n").fetchone()[0]
            end = time.monotonic() + 20
            while t.execute("select passed_ticket from ficus.checkpoint "
                            "order by seq desc limit 1").fetchone()[0] < ticket:
                assert time.monotonic() < end, f"ticket {ticket}"
            found = t.execute("select firstname from customers where "
                              "entity_id = %s", (1 + n % 50,)).fetchone()[0]
            assert found == f"t{n}"


@pytest.mark.slow
def test_a_passed_ticket_means_visible_under_load(copy):
    """The same while others write and tickets are seen in crowds."""
    with writers.Load(copy.source, copy.sdb, threads=3) as load, \
            copy.session() as s, s.cursor() as c, \
            copy.target.connect(copy.tdb) as t:
        for n in range(100):
            c.execute("update customer_entity set middlename = %s where "
                      "entity_id = 3", (f"m{n}",))
            ticket = t.execute(
                "insert into ficus.ticket (router) select 'test' from "
                "generate_series(1, 5) returning n").fetchall()[-1][0]
            end = time.monotonic() + 20
            while t.execute("select passed_ticket from ficus.checkpoint "
                            "order by seq desc limit 1").fetchone()[0] < ticket:
                assert time.monotonic() < end, f"ticket {ticket}"
            found = t.execute("select middlename from customers where "
                              "entity_id = 3").fetchone()[0]
            assert found == f"m{n}"
        load.stop()
    assert load.committed > 50


def test_a_ticket_does_not_pass_before_the_write(copy):
    """With the applier held up by a lock, neither row nor ticket nor a young
    age may show."""
    copy.cdc.wait_caught_up()
    with copy.target.connect(copy.tdb, autocommit=False) as holder, \
            copy.target.connect(copy.tdb) as t:
        holder.execute("lock table customers in share mode")
        copy.write("update customer_entity set firstname = 'held'")
        ticket = t.execute("insert into ficus.ticket (router) values "
                           "('test') returning n").fetchone()[0]
        end = time.monotonic() + 3
        while time.monotonic() < end:
            assert copy.cdc.passed_ticket() < ticket
            time.sleep(0.1)
        assert lag(copy) >= 2500
        assert copy.cdc.status()["lag_ms"] >= 2000
        holder.rollback()
    servers.wait_until("passed", 20,
                       lambda: copy.cdc.passed_ticket() >= ticket)
    assert copy.target.run("select distinct firstname from customers",
                           copy.tdb) == [("held",)]


@pytest.mark.slow
def test_case_148_an_idle_source_is_no_lag(copy):
    """Nothing happens for seconds; the age stays that of a sample."""
    copy.cdc.wait_caught_up()
    worst = 0
    for _ in range(30):
        time.sleep(0.1)
        worst = max(worst, lag(copy), copy.cdc.status()["lag_ms"])
    assert worst < 1000  # two samples and a busy machine
    assert copy.cdc.status()["state"] == "streaming"


def test_a_frozen_cdc_grows_old(copy):
    """Its row tells when it was written; the age returns to what it was."""
    copy.cdc.wait_caught_up()
    copy.cdc.signal(signal.SIGSTOP)
    try:
        time.sleep(3.5)
        age = copy.target.run(
            "select extract(epoch from clock_timestamp() - written_at)::float "
            "from ficus.status", copy.tdb)[0][0]
        assert age > 3
        done = copy.cdc.call("--status")
        assert "no, last heard of" in done.stdout
    finally:
        copy.cdc.signal(signal.SIGCONT)
    servers.wait_until("young again", 10, lambda: lag(copy) < 1000)


@pytest.fixture
def own_source():
    server = servers.MariaDB().start()
    server.grant_replica()
    server.run("create database shop character set utf8mb4 collate "
               "utf8mb4_general_ci")
    yield server
    server.kill()


@pytest.mark.slow
def test_a_lost_source_grows_old(own_source, postgres, target_database,
                                 directory):
    with shops.running(own_source, "shop", postgres, target_database,
                       directory) as copy:
        copy.cdc.wait_caught_up()
        own_source.stop()
        begun = time.monotonic()
        last = 0
        while time.monotonic() - begun < 4:
            time.sleep(0.25)
            seen = copy.cdc.status()["lag_ms"]
            assert seen is not None and seen >= last
            last = seen
        waited = (time.monotonic() - begun) * 1000
        assert waited - 1500 < last < waited + 1500
        assert programs.http(copy.cdc.url("/readyz")).status == 503
        # The history has it too: the worst of each second.
        history = programs.http(copy.cdc.url("/lag")).json()["history"]
        assert max(h["worst_ms"] or 0 for h in history[:3]) > 2000
        own_source.start()
        servers.wait_until("young again", 60, lambda: lag(copy) < 1000)


def test_unknown_then_catching_up_then_streaming(copy):
    """A backlog: no age before the first sample has passed, then a great one,
    then a small one; the states in their order."""
    copy.cdc.stop()
    with copy.session() as s, s.cursor() as c:
        for n in range(1500):
            c.execute("update catalog_product_entity_decimal set value = "
                      f"{n}.5 where entity_id = {1 + n % 40}")
        c.execute("insert into customer_entity (email, website_id, firstname) "
                  "select concat('bulk', a.value_id, '-', b.entity_id), 1, "
                  "'bulk' from catalog_product_entity_varchar a, "
                  "sales_order b")
    states, lags = [], []
    copy.cdc.start()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            now = programs.http(copy.cdc.url("/status")).json()
        except OSError:
            continue  # it does not listen yet
        if not states or states[-1] != now["state"]:
            states.append(now["state"])
        lags.append(now["lag_seconds"])
        if now["state"] == "streaming":
            break
    assert states[-2:] == ["catching_up", "streaming"]
    assert lags[0] == -1  # unknown
    assert -1 <= lags[-1] <= 1.1
    assert 'program=cdc msg="caught up"' in copy.cdc.log_text()
    copy.assert_converged()


def test_endpoints(copy):
    copy.cdc.wait_caught_up()

    def get(path):
        answer = programs.http(copy.cdc.url(path))
        return answer.status, answer.headers["Content-Type"], answer.body

    status, kind, body = get("/metrics")
    assert status == 200 and kind.startswith("text/plain")
    values = {}
    for line in body.decode().splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            values[name] = float(value)
    assert values["ficus_cdc_streaming"] == 1
    assert 0 <= values["ficus_cdc_lag_seconds"] < 5
    assert values["ficus_cdc_passed_ticket"] >= 1
    assert values["ficus_cdc_epoch"] == copy.target.run(
        "select epoch from ficus.epoch", copy.tdb)[0][0]
    assert all(name.startswith(("ficus_cdc_", "process_")) for name in values)
    assert get("/healthz") == (200, "text/plain; charset=utf-8",
                               b"streaming\n")
    assert get("/readyz")[0] == 200
    status, kind, body = get("/lag")
    assert status == 200 and kind == "application/json"
    report = json.loads(body)
    assert report["lag_ms"] >= 0
    assert 0 < len(report["history"]) <= 900
    status, kind, body = get("/")
    assert status == 200 and kind.startswith("text/html")
    assert b"</html>" in body
    assert get("/nothing")[0] == 404
    assert programs.http(copy.cdc.url("/lag"), "POST", b"x").status == 405


def commits_of(copy, count, env):
    """Target transactions it took to apply `count` source transactions that
    were waiting."""
    copy.cdc.stop()
    before = copy.target.run("select max(seq) from ficus.audit", copy.tdb)
    with copy.session() as s, s.cursor() as c:
        for n in range(count):
            c.execute("update customer_entity set suffix = %s where "
                      "entity_id = %s", (str(n), 1 + n % 30))
    os.environ.update(env)
    try:
        copy.cdc.start()
    finally:
        for name in env:
            del os.environ[name]
    copy.cdc.wait_caught_up()
    return [r[0] for r in copy.target.run(
        "select count(*) from ficus.audit where seq > %s group by seq",
        copy.tdb, (before[0][0] or 0,))]


@pytest.mark.slow
def test_batch_size_from_the_environment(copy):
    """Never more source transactions in a commit than it says."""
    assert max(commits_of(copy, 60, {"BATCH_SIZE": "5"})) <= 5
    assert max(commits_of(copy, 400, {"BATCH_SIZE": "100"})) in \
        range(20, 101)


@pytest.mark.slow
def test_sync_interval_from_the_environment(copy):
    """The longest that a change waits while others keep coming."""
    for text in ("0.5", "500ms"):
        done = copy.cdc.call("--print-config", env={"SYNC_INTERVAL": text})
        assert "sync_interval: 500ms" in done.stdout
    assert copy.cdc.call("--print-config", env={"SYNC_INTERVAL": "soon"}
                         ).returncode == 2
