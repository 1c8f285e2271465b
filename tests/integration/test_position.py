"""Whether the source's log continues the copy's: failover, reset, purge, file
names and offsets at their limits, GTIDs that change their kind."""

import contextlib
import os
import re
import time

import pytest

from tests.integration import shops
from tests.lib import programs, proxy, servers

pytestmark = pytest.mark.slow

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
    server.script(["drop database if exists shop",
                   "create database shop character set utf8mb4 collate "
                   "utf8mb4_general_ci"])
    return server


@pytest.fixture(scope="module", params=FLAVOURS)
def flavour(request):
    return FLAVOURS[request.param]


@pytest.fixture(scope="module")
def spoilt():
    """One server of each kind, whose logs the tests may spoil."""
    made = {}
    yield made
    for server in made.values():
        server.kill()


def one_of(spoilt, kind):
    if kind not in spoilt:
        spoilt[kind] = started(kind)
    return with_shop(spoilt[kind])


@pytest.fixture
def own(spoilt, flavour):
    return one_of(spoilt, flavour)


@pytest.fixture
def own_mariadb(spoilt):
    return one_of(spoilt, servers.MariaDB)


@pytest.fixture
def own_mysql(spoilt):
    return one_of(spoilt, servers.MySQL)


def running(source, postgres, target_database, directory, **more):
    extra = more.pop("extra", AUDIT)
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


@pytest.fixture(scope="module")
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
                     extra={"source": source, **AUDIT}) as copy:
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
    with_shop(primary)
    with behind(primary, postgres, target_database, directory,
                {"position_mode": "file"}) as (copy, relay):
        rename(copy, "before")
        copy.cdc.wait_caught_up()
        relay.move(replica.port)
        ends(copy, "file position means nothing", "GTIDs", "cdc --bootstrap")
        relay.move(primary.port)
        copy.cdc.start()
        rename(copy, "after")
        copy.assert_converged()


def test_a_read_only_replica_with_the_head_of_its_primary(
        own_mariadb, postgres, target_database, directory):
    """What the replica has not got yet is lag."""
    primary, replica = own_mariadb, started(
        servers.MariaDB, "--server-id=2", "--log-slave-updates",
        "--read-only=ON")
    try:
        reset_log(primary)
        primary.run("drop database shop")
        replicate(replica, primary)
        with_shop(primary)
        shops.fill(primary, "shop", **TINY)
        servers.wait_until("the replica has all", 60, lambda: (
            gtids(replica) == gtids(primary)))
        copy = shops.Copy(replica, "shop", postgres, target_database,
                          directory, {"source": {"head": {
                              "host": "127.0.0.1", "port": primary.port}}})
        copy.bootstrap()
        copy.cdc.start()
        try:
            copy.cdc.wait_streaming()
            copy.source = primary
            rename(copy, "on the primary")
            copy.assert_converged()
            replica.run("stop slave sql_thread")
            rename(copy, "not there yet")
            servers.wait_until("lag", 30, lambda: (
                copy.cdc.status()["lag_ms"] > 1500))
            replica.run("start slave sql_thread")
            copy.assert_converged()
        finally:
            copy.cdc.kill()
    finally:
        replica.kill()


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


# ---- The place is gone

def purge_all_but_last(server):
    server.run("flush binary logs")
    last = server.run("show binary logs")[-1][0]

    def purged():
        """Not while the server has not seen yet that its reader is gone."""
        server.run(f"purge binary logs to '{last}'")
        return server.run("show binary logs")[0][0] == last
    servers.wait_until("purged", 20, purged)


def metric(copy, name):
    text = programs.http(copy.cdc.url("/metrics")).body.decode()
    return float(re.search(rf"^ficus_cdc_{name} (\S+)$", text, re.M)[1])


def test_case_16_150_purged(own, postgres, target_database, directory):
    """Foreseen, then told: by the metric, the log, the state, the exit."""
    own.run("set global binlog_expire_logs_seconds = 1000000")
    with running(own, postgres, target_database, directory) as copy:
        rename(copy, "seen")
        copy.cdc.wait_caught_up()
        servers.wait_until("estimated", 60, lambda: (
            990000 < metric(copy, "seconds_until_purge") <= 1000000))
        assert copy.cdc.stop()[0] == 0
        rename(copy, "unseen")
        purge_all_but_last(own)
        refuses(copy, "purged", "cdc --bootstrap", "binlog_expire_logs")
        status = copy.cdc.status()
        assert "purged" in status["reason"]
        done = copy.cdc.call("--status")
        assert "failed" in done.stdout and "until_purge_s" in done.stdout


def test_case_16_a_warning_before_it_is_purged(own_mariadb, postgres,
                                               target_database, directory):
    """The target stands still, and the log of the source has turned."""
    server = own_mariadb
    with running(server, postgres, target_database, directory) as copy:
        server.script(["set timestamp = unix_timestamp() - 800", "update "
                       "shop.customer_entity set firstname = 'long ago'"])
        copy.cdc.wait_caught_up()
        with postgres.connect(target_database, autocommit=False) as holder:
            holder.execute("lock table customers in share mode")
            rename(copy, "late")
            server.run("flush binary logs")
            rename(copy, "later")
            server.run("set global binlog_expire_logs_seconds = 1000")
            servers.wait_until(
                "warned", 60, lambda: "purges soon" in copy.cdc.log_text())
            assert 0 <= metric(copy, "seconds_until_purge") < 250
            holder.rollback()
        copy.assert_converged()
    server.run("set global binlog_expire_logs_seconds = 0")


# ---- Names and numbers at their limits

def test_case_22_after_file_999999_comes_1000000(own, postgres,
                                                 target_database, directory):
    server = own
    reset_log(server)
    server.stop()
    with open(os.path.join(server.data, "mysql-bin.index")) as f:
        names = f.read().split()
    for name in names[:-1]:
        os.unlink(os.path.join(server.data, name))
    os.rename(os.path.join(server.data, names[-1]),
              os.path.join(server.data, "mysql-bin.999999"))
    with open(os.path.join(server.data, "mysql-bin.index"), "w") as f:
        f.write("./mysql-bin.999999\n")
    server.start()
    assert server.run("show binary logs")[-1][0] == "mysql-bin.1000000"
    with running(server, postgres, target_database, directory, extra={
            "source": {"position_mode": "file"}, **AUDIT}) as copy:
        rename(copy, "a")
        server.run("flush binary logs")
        rename(copy, "b")
        copy.assert_converged()
        assert copy.cdc.stop()[0] == 0
        # As a copy that stands in the last file of six digits.
        postgres.run("update ficus.checkpoint set log_created = 0, "
                     "position = 'file:mysql-bin.999999:4', "
                     "file_position = 'mysql-bin.999999:4'",
                     target_database)
        postgres.run("truncate ficus.audit", target_database)
        copy.cdc.start()
        copy.assert_converged()
        assert "mysql-bin.1000001:" in stored(copy, "position")


# ---- GTIDs that change their kind

def gtid_mode(server, *modes):
    for mode in modes:
        server.run(f"set global gtid_mode = {mode}")


def test_case_25_anonymous_and_gtid_groups_mixed(
        own_mysql, postgres, target_database, directory):
    server = own_mysql
    with running(server, postgres, target_database, directory) as copy:
        rename(copy, "gtid")
        copy.cdc.wait_caught_up()
        assert stored(copy, "position").startswith("mysql:")
        assert copy.cdc.stop()[0] == 0
        # Both kinds are allowed: new ones have a GTID, then have none.
        gtid_mode(server, "ON_PERMISSIVE", "OFF_PERMISSIVE")
        rename(copy, "anonymous")
        gtid_mode(server, "ON_PERMISSIVE")
        rename(copy, "gtid again")
        copy.cdc.start()
        copy.assert_converged()
        assert stored(copy, "position").startswith("file:")
        gtid_mode(server, "ON")
        rename(copy, "at the end")
        copy.assert_converged()
        names = [r[0] for r in postgres.run(
            "select transaction from ficus.audit order by ordinal",
            target_database)]
        assert len(names) == 4 == len(set(names))
        assert [":" in n and not n.startswith("mysql-bin") for n in names] == [
            True, False, True, True]


def test_case_25_gtid_mode_is_never_left_quietly(
        own_mysql, postgres, target_database, directory):
    with running(own_mysql, postgres, target_database, directory, extra={
            "source": {"position_mode": "gtid"}}) as copy:
        assert copy.cdc.stop()[0] == 0
        gtid_mode(own_mysql, "ON_PERMISSIVE", "OFF_PERMISSIVE")
        refuses(copy, "gtid_mode", "position_mode: file")
    gtid_mode(own_mysql, "ON_PERMISSIVE", "ON")


def in_domain(server, number, name):
    server.script([f"set session gtid_domain_id = {number}",
                   f"update customer_entity set lastname = '{name}'"], "shop")


def test_case_14_19_domains_come_and_go(own_mariadb, postgres,
                                        target_database, directory):
    server = own_mariadb
    with running(server, postgres, target_database, directory,
                 extra={}) as copy:
        in_domain(server, 7, "a new domain")
        copy.assert_converged()
        assert ",7-1-1" in stored(copy, "position")
        copy.cdc.stop()
        copy.cdc.start()
        in_domain(server, 7, "went on")
        rename(copy, "and the other")
        copy.assert_converged()
        # Gone, and begun anew with the same numbers.
        purge_all_but_last(server)
        server.run("flush binary logs delete_domain_id=(7)")
        rename(copy, "without it")
        copy.assert_converged()
        servers.wait_until("the copy has dropped it", 30, lambda: (
            "dropped a GTID domain" in copy.cdc.log_text()))
        in_domain(server, 7, "begun anew")
        copy.assert_converged()
        assert ",7-1-1" in stored(copy, "position")


def test_case_19_a_domain_that_diverged(own_mariadb, postgres,
                                        target_database, directory):
    """Two servers wrote the same numbers: which of them are new, nobody can
    tell."""
    server = own_mariadb
    with running(server, postgres, target_database, directory) as copy:
        rename(copy, "before")
        copy.cdc.wait_caught_up()
        server.script(["set session server_id = 9, gtid_seq_no = 5",
                       "update customer_entity set lastname = 'errant'"],
                      "shop")
        ends(copy, "0-9-5", "gtid_strict_mode", "cdc --bootstrap")


def test_case_154_the_servers_uuid_changed(own_mysql, postgres,
                                           target_database, directory):
    """By GTID the copy goes on, and says so."""
    server = own_mysql
    with running(server, postgres, target_database, directory) as copy:
        rename(copy, "before")
        copy.cdc.wait_caught_up()
        server.stop()
        os.unlink(os.path.join(server.data, "auto.cnf"))
        server.start()
        rename(copy, "after")
        copy.assert_converged()
        assert "another source server" in copy.cdc.log_text()


# ---- A file beyond 4 GiB

MIB = 1 << 20
FILLER = 16 * MIB - 2048  # bytes of one event that says nothing
FLAGS_AT, POSITION_AT, HEADER = 17, 13, 19


def events(data):
    at = 4
    while at < len(data):
        size = int.from_bytes(data[at + 9:at + 13], "little")
        yield data[at:at + size]
        at += size


def placed(event, at):
    """The event as it stands in the log at that offset: it has the low half
    of where it ends."""
    end = (at + len(event)) % (1 << 32)
    return event[:POSITION_AT] + end.to_bytes(4, "little") + event[
        POSITION_AT + 4:]


def stretch(path, first):
    """Put more than 4 GiB of ignorable events before the offset `first` of a
    log; they are holes, and take no room. Returns the offsets of the ends of
    what came behind."""
    with open(path, "rb") as f:
        data = f.read()
    assert FLAGS_AT + 2 == HEADER
    filler = (b"\0" * 4 + bytes([28]) + (1).to_bytes(4, "little") +
              FILLER.to_bytes(4, "little") + b"\0" * 4 +
              (0x80).to_bytes(2, "little"))
    at, ends = first, []
    with open(path, "r+b") as f:
        while at <= 1 << 32:
            end = (at + FILLER) % (1 << 32)
            f.seek(at)
            f.write(filler[:POSITION_AT] + end.to_bytes(4, "little") +
                    filler[POSITION_AT + 4:])
            at += FILLER
        f.seek(at)
        for event in events(data[:4] + data[first:]):
            f.write(placed(event, at))
            at += len(event)
            if event[4] == 16:  # XID
                ends.append(at)
    return ends


def test_case_21_28_a_file_beyond_4_gib(postgres, target_database, directory):
    """COM_BINLOG_DUMP takes 32 bits: the file is read from its start, and
    what is known is passed over."""
    server = with_shop(started(servers.MariaDB, "--binlog-checksum=NONE"))
    try:
        with running(server, postgres, target_database, directory, extra={
                "source": {"position_mode": "file"}}) as copy:
            server.run("flush binary logs")
            copy.cdc.wait_caught_up()
            name = server.run("show binary logs")[-1][0]
            servers.wait_until("it is in the new file", 30, lambda: (
                name in stored(copy, "position")))
            assert copy.cdc.stop()[0] == 0
            first = int(stored(copy, "position").split(":")[2])
            copy.write("update customer_entity set firstname = 'a'")
            copy.write("update sales_order set state = 'b'")
            server.stop()
            end_of_a, _ = stretch(os.path.join(server.data, name), first)
            assert end_of_a > 1 << 32
            server.start()
            copy.cdc.start()
            copy.assert_converged(300)
            assert copy.cdc.stop()[0] == 0
            # As if it had been stopped between the two.
            postgres.run("update orders set state = 'not yet'",
                         target_database)
            postgres.run("update customers set firstname = 'as it was'",
                         target_database)
            postgres.run(
                "update ficus.checkpoint set position = 'file:' || %s, "
                "file_position = %s, log_created = 0", target_database,
                (f"{name}:{end_of_a}", f"{name}:{end_of_a}"))
            copy.cdc.start()
            copy.cdc.wait_caught_up(300)
            assert postgres.run("select distinct state from orders",
                                target_database) == [("b",)]
            assert postgres.run("select distinct firstname from customers",
                                target_database) == [("as it was",)]
    finally:
        server.kill()
