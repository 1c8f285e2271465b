"""What happens to the connections to the source, and that the copy goes on."""

import contextlib
import re
import time

import pytest

from tests.integration import shops
from tests.lib import programs, proxy, servers

pytestmark = pytest.mark.slow

OPERATOR = 3
TINY = {"customers": 5, "products": 5, "categories": 4, "orders": 5}
AUDIT = {"replication": {"audit": True}}
NEW_PASSWORD = "planted-Source-pw2"


@contextlib.contextmanager
def running(source, database, postgres, target_database, directory,
            **settings):
    extra = {"source": settings, **AUDIT}
    with shops.running(source, database, postgres, target_database, directory,
                       TINY, extra=extra) as copy:
        yield copy


@contextlib.contextmanager
def relayed(source, database, postgres, target_database, directory,
            idle=None, **settings):
    relay = proxy.Proxy(source.port, idle=idle)
    try:
        with running(source, database, postgres, target_database, directory,
                     port=relay.port, tls="off", **settings) as copy:
            yield copy, relay
    finally:
        relay.close()


def metric(copy, name):
    text = programs.http(copy.cdc.url("/metrics")).body.decode()
    return float(re.search(rf"^ficus_cdc_{re.escape(name)} (\S+)$", text,
                           re.M)[1])


def reconnects(copy, reason):
    return metric(copy, f'reconnects_total{{reason="{reason}"}}')


def all_reconnects(copy):
    return copy.cdc.status()["reconnects"]


def rename(copy, name):
    copy.write(f"update customer_entity set firstname = '{name}'")


def dump_threads(source):
    """Ids of the threads that send the binlog to cdc."""
    return [row[0] for row in source.run("show processlist")
            if row[1] == source.user and "Binlog Dump" in row[4]]


def dump_thread(source):
    return servers.wait_until("one dump thread", 30, lambda: (
        len(dump_threads(source)) == 1 and dump_threads(source)))[0]


def audited(copy):
    return copy.target.run("select count(*) from ficus.audit", copy.tdb)[0][0]


# ---- The network

@pytest.mark.parametrize("source", ["mysql"], indirect=True)
def test_case_15_half_open_sockets(source, source_database, postgres,
                                   target_database, directory):
    """Nobody closes, nothing comes: three heartbeats missed end it."""
    with relayed(source, source_database, postgres, target_database,
                 directory) as (copy, relay):
        rename(copy, "before")
        copy.cdc.wait_caught_up()
        assert metric(copy, "connected") == 1
        dumps = relay.dumps
        relay.freeze()
        rename(copy, "meanwhile")
        servers.wait_until("a new stream", 30, lambda: relay.dumps > dumps)
        copy.assert_converged()
        assert reconnects(copy, "silence") >= 1
        assert audited(copy) == 2
        status = copy.cdc.status()
        assert status["connected"] and "silent" in status["last_error"]
        assert "silent" in copy.cdc.call("--status").stdout


@pytest.mark.parametrize("source", ["mariadb"], indirect=True)
def test_case_146_idle_timeouts_of_proxies(source, source_database, postgres,
                                           target_database, directory):
    """The shop rests for longer than a relay lets a connection be idle."""
    with relayed(source, source_database, postgres, target_database,
                 directory, idle=2) as (copy, relay):
        copy.cdc.wait_caught_up()
        dumps, thread = relay.dumps, dump_thread(source)
        time.sleep(5)
        rename(copy, "after")
        copy.assert_converged()
        assert relay.dumps == dumps and dump_thread(source) == thread
        assert all_reconnects(copy) == 0


def test_case_145_net_write_timeout_of_a_stalled_target(
        source, source_database, postgres, target_database, directory):
    """The target stands still for longer than the server would wait for a
    client; the stream keeps its place."""
    before = source.run("select @@global.net_write_timeout")[0][0]
    source.run("set global net_write_timeout = 2")
    try:
        with running(source, source_database, postgres, target_database,
                     directory, queue="1MiB") as copy:
            thread = dump_thread(source)
            with postgres.connect(target_database,
                                  autocommit=False) as holder:
                holder.execute("lock table customers in share mode")
                for n in range(30):
                    rename(copy, f"r{n}")
                    copy.write("update sales_order set customer_note = "
                               f"concat('{n}', repeat('x', 400000))")
                time.sleep(8)
                holder.rollback()
            copy.assert_converged()
            assert metric(copy, "queue_full_total") > 0
            assert dump_thread(source) == thread
            assert all_reconnects(copy) == 0 and audited(copy) == 60
    finally:
        source.run(f"set global net_write_timeout = {before}")


# ---- The server

def test_kill_of_the_dump_thread(source, source_database, postgres,
                                 target_database, directory):
    with running(source, source_database, postgres, target_database,
                 directory) as copy:
        for n in range(3):
            rename(copy, f"r{n}")
            source.run(f"kill {dump_thread(source)}")
        rename(copy, "last")
        copy.assert_converged()
        assert audited(copy) == 4
        assert reconnects(copy, "broken") >= 1 and copy.cdc.running()


def test_a_second_reader_with_the_same_id(source, source_database, postgres,
                                          target_database, directory):
    """The older stream is ended by the server: say with which id."""
    with running(source, source_database, postgres, target_database,
                 directory, server_id=4242) as copy:
        other = postgres.create_database(target_database + "other")
        try:
            second = programs.Cdc(
                source, postgres, directory, source_database, other,
                {"source": {"server_id": 4242}}, "second")
            done = second.call("--bootstrap")
            assert done.returncode == 0, done.stderr[-1000:]
            second.start()
            try:
                assert copy.cdc.process.wait(60) == OPERATOR
            finally:
                second.kill()
            last = copy.cdc.log_text().strip().splitlines()[-1]
            assert "replica 4242" in last and "source.server_id" in last
            if source.flavour == "mysql":
                assert "uuid f1c05000-" in last
        finally:
            postgres.drop_database(other)


def test_two_copies_of_one_shop_have_ids_of_their_own(
        mariadb, source_database_of_mariadb, postgres, target_database,
        directory):
    database = source_database_of_mariadb
    other = postgres.create_database(target_database + "other")
    try:
        with running(mariadb, database, postgres, target_database,
                     directory) as copy:
            second = programs.Cdc(mariadb, postgres, directory, database,
                                  other, AUDIT, "second")
            assert second.call("--bootstrap").returncode == 0
            second.start()
            try:
                second.wait_streaming()
                # As does one that only looks.
                looks = programs.Cdc(mariadb, postgres, directory, database,
                                     target_database, AUDIT, "looks")
                looks.start("--print", "--from", copy.cdc.status()["position"])
                rename(copy, "both")
                copy.cdc.wait_caught_up()
                second.wait_caught_up()
                servers.wait_until("printed", 30,
                                   lambda: "both" in looks.log_text())
                looks.kill()
                assert all_reconnects(copy) == 0
                assert second.status()["reconnects"] == 0
            finally:
                second.kill()
    finally:
        postgres.drop_database(other)


@pytest.fixture
def source_database_of_mariadb(mariadb):
    name = "twice"
    mariadb.run(f"create database {name} character set utf8mb4 "
                "collate utf8mb4_general_ci")
    yield name
    mariadb.run(f"drop database {name}")


# ---- Who may log in

@pytest.fixture
def user(source):
    """Of our own: its password and limits change."""
    source.script([
        f"create user rotated@'%' identified by '{servers.PASSWORD}'",
        f"grant {source.replica_privileges} on *.* to rotated@'%'"])
    yield "rotated"
    source.run("drop user rotated@'%'")


def end_connections(source, user):
    for row in source.run("show processlist"):
        if row[1] == user:
            with contextlib.suppress(servers.pymysql.MySQLError):
                source.run(f"kill {row[0]}")


def test_case_143_credentials_rotated_while_running(
        source, source_database, user, postgres, target_database, directory,
        tmp_path):
    secret = tmp_path / "source.pw"
    secret.write_text(servers.PASSWORD + "\n")
    shops.fill(source, source_database, **TINY)
    copy = shops.Copy(source, source_database, postgres, target_database,
                      directory, AUDIT)
    settings = copy.cdc.config["source"]
    settings["user"], settings["password_file"] = user, str(secret)
    del settings["password"]
    copy.bootstrap()
    copy.cdc.start()
    try:
        copy.cdc.wait_streaming()
        source.run(f"alter user rotated@'%' identified by '{NEW_PASSWORD}'")
        end_connections(source, user)
        servers.wait_until("refused", 30, lambda: (
            copy.cdc.status()["state"] == "paused" and
            "1045" in copy.cdc.status()["reason"]))
        rename(copy, "meanwhile")
        # As configuration management does it; half a file is no reason to end.
        secret.write_text("")
        time.sleep(0.5)
        secret.write_text(NEW_PASSWORD + "\n")
        copy.assert_converged()
        servers.wait_until("the head is sampled", 30, lambda: (
            metric(copy, "head_connected") == 1))
        assert copy.cdc.running()
        assert servers.PASSWORD not in copy.cdc.log_text()
        assert NEW_PASSWORD not in copy.cdc.log_text()
    finally:
        copy.cdc.kill()


def wait_named(copy, user, cause):
    """One that is just being opened can't be ended: so it is done again."""
    def named():
        if cause in copy.cdc.status()["reason"]:
            return True
        end_connections(copy.source, user)
        return False

    servers.wait_until(f"{cause} named", 60, named, every=1)


def test_case_145_limits_are_named(source, source_database, user, postgres,
                                   target_database, directory):
    """Too few connections, init_connect that fails: paused, with the cause;
    then on."""
    with running(source, source_database, postgres, target_database,
                 directory, user=user) as copy:
        source.run("alter user rotated@'%' with max_user_connections 1")
        wait_named(copy, user, "max_user_connections")
        source.run("alter user rotated@'%' with max_user_connections 0")
        copy.cdc.wait_streaming()
        source.run("set global init_connect = 'select from nowhere'")
        try:
            wait_named(copy, user, "init_connect")
        finally:
            source.run("set global init_connect = ''")
        rename(copy, "after")
        copy.assert_converged()
