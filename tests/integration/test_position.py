"""Whether the source's log continues the copy's: failover, reset, purge, file
names and offsets at their limits, GTIDs that change their kind."""

import contextlib
import os
import re
import time

import pytest

from tests.integration import shops
from tests.lib import programs, proxy, servers

OPERATOR = 3
TINY = {"customers": 5, "products": 5, "categories": 4, "orders": 5}
FLAVOURS = {"mariadb": servers.MariaDB, "mysql": servers.MySQL}
AUDIT = {"replication": {"audit": True}}


def started(kind, *options):
    server = kind(["--sync-binlog=1", *options])
    try:
        server.start()
    except servers.Unavailable as e:
        pytest.skip(str(e))
    return server


def with_shop(server):
    server.grant_replica()
    server.run("create database shop character set utf8mb4 collate "
               "utf8mb4_general_ci")
    return server


@pytest.fixture(params=FLAVOURS)
def flavour(request):
    return FLAVOURS[request.param]


@pytest.fixture
def own(flavour):
    """A server whose log tests may spoil."""
    server = with_shop(started(flavour))
    yield server
    server.kill()


@pytest.fixture
def own_mariadb():
    server = with_shop(started(servers.MariaDB))
    yield server
    server.kill()


@pytest.fixture
def own_mysql():
    server = with_shop(started(servers.MySQL))
    yield server
    server.kill()


def running(source, postgres, target_database, directory, **more):
    extra = {**AUDIT, **more.pop("extra", {})}
    return shops.running(source, "shop", postgres, target_database, directory,
                         TINY, extra=extra)


def ends(copy, *parts):
    """By itself, for an operator, whom it tells what to do."""
    assert copy.cdc.process.wait(60) == OPERATOR, copy.cdc.log_text()[-1500:]
    last = copy.cdc.log_text().strip().splitlines()[-1]
    for part in parts:
        assert part in last, last
    servers.wait_until("state failed", 10,
                       lambda: copy.cdc.status()["state"] == "failed")


def refuses(copy, *parts):
    """The same when it is started."""
    copy.cdc.start()
    ends(copy, *parts)


def rename(copy, name):
    copy.write(f"update customer_entity set firstname = '{name}'")


def stored(copy, column):
    return copy.target.run(
        f"select {column} from ficus.checkpoint order by seq desc limit 1",
        copy.tdb)[0][0]


def reset_log(server):
    old = server.flavour == "mariadb"
    server.run("reset master" if old else "reset binary logs and gtids")


# ---- Another primary

def replicate(replica, primary):
    if replica.flavour == "mariadb":
        replica.script([
            "stop slave", "reset slave all", "reset master",
            "set global gtid_slave_pos = ''",
            f"change master to master_host='127.0.0.1', master_port="
            f"{primary.port}, master_user='{primary.user}', master_password="
            f"'{primary.password}', master_use_gtid=slave_pos",
            "start slave"])
    else:
        replica.script([
            "reset binary logs and gtids",
            f"change replication source to source_host='127.0.0.1', "
            f"source_port={primary.port}, source_user='{primary.user}', "
            f"source_password='{primary.password}', source_auto_position=1, "
            "get_source_public_key=1", "start replica"])


def gtids(server):
    return server.run(
        "select @@global.gtid_current_pos" if server.flavour == "mariadb"
        else "select @@global.gtid_executed")[0][0]


def promote(replica, primary):
    servers.wait_until("the replica has all", 60,
                       lambda: gtids(replica) == gtids(primary))
    replica.run("stop slave" if replica.flavour == "mariadb"
                else "stop replica")


@pytest.fixture
def pair(flavour):
    """A primary and its replica, with server identities of their own."""
    options = (["--log-slave-updates"] if flavour.flavour == "mariadb" else [])
    primary = started(flavour, *options)
    replica = started(flavour, "--server-id=2", *options)
    uuid = os.path.join(replica.data, "auto.cnf")
    if flavour.flavour == "mysql":
        replica.stop()
        os.unlink(uuid)
        replica.start()
    with_shop(primary)
    replicate(replica, primary)
    yield primary, replica
    primary.kill()
    replica.kill()


@contextlib.contextmanager
def behind(address, postgres, target_database, directory, extra=None):
    """A copy that knows its source by an address that may change hands."""
    relay = proxy.Proxy(address.port)
    source = {"port": relay.port, "tls": "off", **(extra or {})}
    try:
        with running(address, postgres, target_database, directory,
                     extra={"source": source}) as copy:
            yield copy, relay
    finally:
        relay.close()


def test_case_17_18_24_failover(pair, postgres, target_database, directory):
    primary, replica = pair
    with behind(primary, postgres, target_database, directory) as (copy,
                                                                   relay):
        for n in range(3):
            rename(copy, f"before{n}")
        copy.cdc.wait_caught_up()
        was = stored(copy, "source_id")
        promote(replica, primary)
        relay.move(replica.port)
        copy.source = replica
        for n in range(3):
            rename(copy, f"after{n}")
        copy.assert_converged()
        assert stored(copy, "source_id") != was
        assert stored(copy, "file_position").startswith("mysql-bin.")
        audited = postgres.run("select count(*), max(ordinal) from "
                               "ficus.audit", target_database)
        assert audited == [(6, 6)]
        # What only the new one has, the old one does not get.
        relay.move(primary.port)
        ends(copy, "another server", "lacks", "cdc --bootstrap")
        relay.move(replica.port)
        copy.cdc.start()
        copy.assert_converged()


def test_case_17_a_file_position_stays_on_its_server(
        pair, postgres, target_database, directory):
    primary, replica = pair
    with behind(primary, postgres, target_database, directory,
                {"position_mode": "file"}) as (copy, relay):
        rename(copy, "before")
        copy.cdc.wait_caught_up()
        promote(replica, primary)
        relay.move(replica.port)
        ends(copy, "file position means nothing", "GTIDs", "cdc --bootstrap")
        relay.move(primary.port)
        copy.cdc.start()
        rename(copy, "after")
        copy.assert_converged()


# ---- The log was reset

def test_case_20_reset_while_it_reads(own, postgres, target_database,
                                      directory):
    with running(own, postgres, target_database, directory) as copy:
        for n in range(5):
            rename(copy, f"r{n}")
        copy.cdc.wait_caught_up()
        reset_log(own)
        rename(copy, "after")
        ends(copy, "cdc --bootstrap")


@pytest.mark.parametrize("mode", ["gtid", "file"])
def test_case_20_a_position_valid_but_different(
        own, mode, postgres, target_database, directory):
    """The log is longer again than where the copy stands, and its GTIDs are
    higher."""
    with running(own, postgres, target_database, directory,
                 extra={"source": {"position_mode": mode}}) as copy:
        for n in range(3):
            rename(copy, f"r{n}")
        copy.cdc.wait_caught_up()
        servers.wait_until("the log's age is stored", 20,
                           lambda: stored(copy, "log_created") > 0)
        assert copy.cdc.stop()[0] == 0
        reset_log(own)
        while own.run("show binary logs")[-1][1] < 2 * int(
                stored(copy, "file_position").split(":")[1]):
            for n in range(20):
                rename(copy, f"other{time.monotonic()}")
        refuses(copy, "reset", "another time", "cdc --bootstrap")
