"""Whatever is wrong: one error line, the last one, which names the fault and
the cure; the exit code says whose affair it is; no secret and no row value in
what is printed."""

import contextlib
import os
import socket
import subprocess

import pytest

from tests.integration import shops
from tests.lib import programs, proxy, servers

USAGE, OPERATOR, SOURCE, TARGET = 2, 3, 4, 5
VALUE = "planted-value"


def said(text, *parts):
    """The one error line, which is the last."""
    lines = text.strip().splitlines()
    errors = [x for x in lines if " level=err " in x]
    assert errors and errors == lines[-1:], text[-2000:]
    for part in parts:
        assert part in errors[0], errors[0]
    for secret in (servers.PASSWORD, servers.PG_PASSWORD, "planted-wrong",
                   VALUE):
        assert secret not in text


def fails(cdc, code, *parts, args=(), env=None):
    done = cdc.call(*args, env=env, timeout=60)
    assert done.returncode == code, done.stderr[-2000:]
    assert done.stdout == ""
    said(done.stderr, *parts)


def ends(cdc, code, *parts, seconds=30):
    """A running one ends by itself."""
    try:
        assert cdc.process.wait(seconds) == code, cdc.log_text()[-2000:]
    except subprocess.TimeoutExpired:
        pytest.fail("still running: " + cdc.log_text()[-2000:])
    said(cdc.log_text(), *parts)


@pytest.fixture(scope="module", params=["mariadb", "mysql"])
def place(request, postgres):
    """A shop and a migrated, empty target that stay as they are."""
    source = request.getfixturevalue(request.param)
    source.run("create database plain character set utf8mb4 collate "
               "utf8mb4_general_ci")
    shops.fill(source, "plain", customers=5, products=5, categories=4,
               orders=3)
    name = postgres.create_database(f"plain_{request.param}")
    yield source, postgres, name
    source.run("drop database plain")
    postgres.drop_database(name)


@pytest.fixture
def cdc(place, directory):
    source, postgres, name = place
    return programs.Cdc(source, postgres, directory, "plain", name)


# ---- The servers refuse or are not there

def test_wrong_password_of_the_source(cdc):
    cdc.config["source"]["password"] = "planted-wrong"
    fails(cdc, SOURCE, "source.user and source.password", "1045")
    fails(cdc, SOURCE, "source.password", args=["--bootstrap"])


def test_wrong_password_of_the_target(cdc):
    cdc.config["target"]["password"] = "planted-wrong"
    for args in ([], ["--bootstrap"], ["--migrate"], ["--status"]):
        fails(cdc, TARGET, "target.user and target.password", args=args)


def test_unreachable_source(cdc):
    cdc.config["source"]["port"] = 1
    for args in ([], ["--bootstrap"]):
        fails(cdc, SOURCE, "source.host and source.port", "127.0.0.1:1",
              args=args)
    cdc.config["source"]["host"] = "nowhere.invalid"
    fails(cdc, SOURCE, "nowhere.invalid", "source.host")


def test_unreachable_target(cdc):
    cdc.config["target"]["port"] = 1
    for args in (["--bootstrap"], ["--migrate"], ["--status"], ["--print"]):
        fails(cdc, TARGET, "127.0.0.1", args=args)


def test_unknown_database_of_the_source(cdc):
    cdc.config["source"]["database"] = "nowhere"
    fails(cdc, SOURCE, "nowhere", "source.database")


def test_unknown_database_of_the_target(cdc):
    cdc.config["target"]["database"] = "nowhere"
    fails(cdc, TARGET, "nowhere", "target.database")


def test_no_tls_where_it_is_required(cdc, place):
    if place[0].flavour == "mysql":
        pytest.skip("MySQL makes its own certificates")
    cdc.config["source"]["tls"] = "required"
    fails(cdc, OPERATOR, "source.tls")


# ---- Privileges and settings of the source

@pytest.fixture
def limited(place, cdc):
    """A user with these privileges only."""
    source = place[0]

    def make(*grants):
        source.script(["drop user if exists limited@'%'",
                       "create user limited@'%' identified by 'planted-wrong'"]
                      + [f"grant {g} to limited@'%'" for g in grants])
        cdc.config["source"] |= {"user": "limited",
                                 "password": "planted-wrong"}
    yield make
    source.run("drop user if exists limited@'%'")


def client(source):
    return ("binlog monitor" if source.flavour == "mariadb"
            else "replication client")


def test_no_replication_slave(cdc, place, limited):
    limited(f"select, {client(place[0])} on *.*")
    fails(cdc, OPERATOR, "GRANT", "REPLICATION SLAVE")


def test_no_select(cdc, place, limited):
    limited(f"replication slave, {client(place[0])} on *.*",
            "insert on plain.*")
    fails(cdc, OPERATOR, "SELECT", "GRANT", args=["--bootstrap"])


@pytest.fixture
def variable(place):
    source, kept = place[0], {}

    def set_to(name, value):
        kept.setdefault(name, source.run(f"select @@global.{name}")[0][0])
        source.run(f"set global {name} = %s", args=(value,))
    yield set_to
    for name, value in kept.items():
        source.run(f"set global {name} = %s", args=(value,))


@pytest.mark.parametrize("name, value, cure", [
    ("binlog_format", "STATEMENT", "SET GLOBAL binlog_format = 'ROW'"),
    ("binlog_row_image", "MINIMAL", "SET GLOBAL binlog_row_image = 'FULL'")])
def test_setting_of_the_source(cdc, variable, name, value, cure):
    variable(name, value)
    for args in ([], ["--bootstrap"]):
        fails(cdc, OPERATOR, value, cure, args=args)


@pytest.fixture
def source_without_log():
    server = servers.MariaDB(["--skip-log-bin"]).start()
    server.grant_replica()
    server.run("create database plain")
    yield server
    server.kill()


def test_log_bin_off(source_without_log, postgres, target_database,
                     directory):
    cdc = programs.Cdc(source_without_log, postgres, directory, "plain",
                       target_database)
    fails(cdc, OPERATOR, "log_bin")


def test_no_checkpoint(cdc):
    fails(cdc, OPERATOR, "cdc --bootstrap")
    fails(cdc, OPERATOR, "cdc --bootstrap", args=["--print"])


# ---- While it runs

@pytest.fixture
def copy(source, source_database, postgres, target_database, directory):
    with shops.running(source, source_database, postgres, target_database,
                       directory) as c:
        yield c


def test_a_session_that_logs_statements(copy):
    copy.source.script([
        "set session binlog_format = 'STATEMENT'",
        f"update customer_entity set lastname = '{VALUE}'"], copy.sdb)
    ends(copy.cdc, OPERATOR, "customer_entity", "--bootstrap")


def test_purged_position(copy):
    assert copy.cdc.stop()[0] == 0
    copy.write("update customer_entity set firstname = 'unseen'")
    copy.source.run("flush binary logs")
    copy.write("update customer_entity set firstname = 'seen'")
    last = copy.source.run("show binary logs")[-1][0]

    def purged():
        """Not while the server has not seen yet that its reader is gone."""
        copy.source.run(f"purge binary logs to '{last}'")
        return copy.source.run("show binary logs")[0][0] == last
    servers.wait_until("purged", 20, purged)
    fails(copy.cdc, OPERATOR, "purged", "cdc --bootstrap")


@contextlib.contextmanager
def damaged_stream(source, source_database, postgres, target_database,
                   directory, times):
    """A copy whose stream comes through a relay."""
    relay = proxy.Proxy(source.port, b"planted-value", times)
    extra = {"source": {"port": relay.port, "tls": "off"}}
    try:
        with shops.running(source, source_database, postgres,
                           target_database, directory, extra=extra) as copy:
            yield copy, relay
    finally:
        relay.close()


def test_a_damaged_event_is_read_again(source, source_database, postgres,
                                       target_database, directory):
    with damaged_stream(source, source_database, postgres, target_database,
                        directory, 1) as (copy, relay):
        copy.write(f"update customer_entity set lastname = '{VALUE}'")
        copy.assert_converged()
        assert relay.damaged == 1 and relay.dumps >= 2
        assert "mysql-bin." in copy.cdc.log_text()
        assert VALUE not in copy.cdc.log_text()


def test_an_event_damaged_again_ends_it(source, source_database, postgres,
                                        target_database, directory):
    with damaged_stream(source, source_database, postgres, target_database,
                        directory, 99) as (copy, relay):
        copy.write("update customer_entity set firstname = 'before'")
        copy.cdc.wait_caught_up()
        copy.write(f"update customer_entity set lastname = '{VALUE}'")
        ends(copy.cdc, OPERATOR, "mysql-bin.", "checksum", "--bootstrap")
        assert copy.cdc.log_text().count("trying again") == 1
        assert copy.target.run(
            "select distinct firstname from customers where lastname <> "
            f"'{VALUE}'", copy.tdb) == [("before",)]


# ---- Configuration and usage; no server is asked

@pytest.fixture
def run(directory):
    """cdc with a configuration text."""
    path = os.path.join(directory, "ficus.yaml")

    def call(text, *args, env=None):
        if text is not None:
            with open(path, "w") as f:
                f.write(text)
        return subprocess.run(
            [programs.binary("cdc"), *(["--config", path] if text is not None
                                       else []), *args],
            capture_output=True, text=True, timeout=20, cwd=directory,
            env={**os.environ, **(env or {})})
    return call


@pytest.mark.parametrize("text, parts", [
    ("source:\n  hots: x\n", ["ficus.yaml:2:3", "hots", "source.host"]),
    ("sauce:\n  host: x\n", ["ficus.yaml:1:1", "sauce"]),
    ("source:\n  host: a\n  port: 1\n  host: b\n",
     ["ficus.yaml:4:3", "host"]),
    ("source: {host: a}\ntarget: {}\nsource: {}\n", ["ficus.yaml:3:1"]),
    ("source:\n  port: 70000\n", ["ficus.yaml:2:9", "65535"]),
    ("source:\n  port: many\n", ["ficus.yaml:2:9"]),
    ("source:\n  tls: maybe\n", ["ficus.yaml:2:8", "verify_ca"]),
    ("source:\n  host: [a\n", ["ficus.yaml:"]),
    ("- source\n", ["ficus.yaml:"]),
    ("replication:\n  batch_bytes: 1TiB\n", ["ficus.yaml:2:16"]),
    ("source:\n  password_file: nowhere/pw\n", ["nowhere/pw"]),
    ("transform:\n  mapping: nowhere.yaml\n", ["nowhere.yaml"]),
])
def test_configuration(run, text, parts):
    done = run(text, "--check")
    assert done.returncode == USAGE, done.stderr
    said(done.stderr, *parts)


@pytest.mark.parametrize("name, value", [
    ("MAGENTO_DB_PORT", "http"), ("BATCH_SIZE", "0"), ("BATCH_SIZE", "-1"),
    ("SYNC_INTERVAL", "soon"), ("MAX_RETRIES", "2.5")])
def test_environment(run, name, value):
    done = run("", "--print-config", env={name: value})
    if "is empty" in done.stderr:
        done = run("metrics: {}\n", "--print-config", env={name: value})
    assert done.returncode == USAGE, done.stdout + done.stderr
    said(done.stderr, name)


def test_no_configuration_file(run):
    done = run(None, "--config", "nowhere.yaml", "--check")
    assert done.returncode == USAGE
    said(done.stderr, "nowhere.yaml")


@pytest.mark.parametrize("args, part", [
    (["--nonsense"], "--nonsense"), (["-x"], "-x"), (["word"], "word"),
    (["--check", "--bootstrap"], "two commands"),
    (["--config"], "--config"), (["--from", "x"], "--print"),
    (["--follow"], "--bootstrap"), (["--json"], "--check"),
    (["--print", "--from", "nonsense"], "mysql-bin.000007:4211")])
def test_usage(run, place, args, part):
    source, postgres, name = place
    config = {"source": {"host": "127.0.0.1", "port": source.port,
                         "user": source.user, "password": source.password,
                         "database": "plain", "allow_public_key": True},
              "target": {"host": "127.0.0.1", "port": postgres.port,
                         "user": postgres.user,
                         "password": postgres.password, "database": name}}
    done = run(programs.yaml_text(config) + "\n", *args)
    assert done.returncode == USAGE, done.stderr
    said(done.stderr, part)


def test_port_in_use(copy):
    """Named by its setting; the copy is left as it is."""
    assert copy.cdc.stop()[0] == 0
    with socket.create_server(("127.0.0.1", copy.cdc.metrics_port)):
        fails(copy.cdc, USAGE, "metrics.listen", str(copy.cdc.metrics_port))
    copy.cdc.start()
    copy.assert_converged()
