"""cdc --check: each thing that would stop replication is named, with its cure,
in one line; and changes nothing."""

import json

import pytest

from demo import shop
from tests.lib import programs


@pytest.fixture(scope="module", params=["mariadb", "mysql"])
def place(request, postgres, tmp_path_factory):
    """An empty shop and a migrated target; the check changes neither."""
    source = request.getfixturevalue(request.param)
    source.run("create database checked")
    with source.connect("checked") as c:
        shop.create(c)
    target = postgres.create_database(f"checked_{request.param}")
    program = programs.Cdc(source, postgres,
                           str(tmp_path_factory.mktemp("check")), "checked",
                           target)
    done = program.call("--migrate")
    assert done.returncode == 0, done.stderr
    yield source, postgres, target
    source.run("drop database checked")
    postgres.drop_database(target)


@pytest.fixture
def source(place):
    return place[0]


@pytest.fixture
def cdc(place, directory):
    source, postgres, target = place
    yield programs.Cdc(source, postgres, directory, "checked", target)
    postgres.run("delete from ficus.checkpoint", target)


def check(cdc, code):
    """The items by name, after the exit code was as expected."""
    done = cdc.call("--check", "--json", timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["result"] == ("fail" if code else report["result"])
    assert cdc.config["source"]["password"] not in done.stdout + done.stderr
    return {i["name"]: i for i in report["items"]}


def fails(cdc, name, *parts):
    """One FAIL, of that name, with these words and on one line."""
    items = check(cdc, 1)
    failed = [i for i in items.values() if i["level"] == "fail"]
    assert [i["name"] for i in failed] == [name], failed
    said = failed[0]["text"] + " " + (failed[0]["cure"] or "")
    for part in parts:
        assert part in said
    assert "\n" not in said


@pytest.fixture
def variable(source):
    """Sets a global variable until the test is over."""
    kept = {}

    def set_to(name, value):
        old = source.run(f"select @@global.{name}")[0][0]
        kept.setdefault(name, old)
        source.run(f"set global {name} = %s", args=(value,))
    yield set_to
    for name, value in kept.items():
        source.run(f"set global {name} = %s", args=(value,))


@pytest.fixture
def other_user(source):
    """A user with the given privileges only."""
    def make(*grants):
        source.script(["drop user if exists limited@'%'",
                       "create user limited@'%' identified by 'planted-pw'"]
                      + [g + " to limited@'%'" for g in grants])
        return {"user": "limited", "password": "planted-pw"}
    yield make
    source.run("drop user if exists limited@'%'")


def test_a_good_shop_passes(cdc):
    items = check(cdc, 0)
    assert items["source.stream"]["level"] == "ok"
    assert items["source.tables"]["level"] == "ok"
    assert items["source.foreign_keys"]["level"] == "ok"
    assert items["target.checkpoint"]["level"] == "warn"
    text = cdc.call("--check").stdout
    assert "OK   source.binlog_format: ROW" in text
    assert "cure: run cdc --bootstrap" in text


def test_before_the_first_migration(cdc, postgres, target_database):
    cdc.config["target"]["database"] = target_database
    items = check(cdc, 0)
    assert "cdc --migrate" in items["target.migrations"]["cure"]


def test_wrong_password(cdc):
    cdc.config["source"]["password"] = "planted-wrong"
    fails(cdc, "source.connect", "source.password", "Access denied")


def test_unreachable_source(cdc):
    cdc.config["source"]["port"] = 1
    fails(cdc, "source.connect", "source.host and source.port")


def test_unreachable_target(cdc):
    cdc.config["target"]["port"] = 1
    items = check(cdc, 1)
    assert items["target.connect"]["level"] == "fail"
    assert items["source.stream"]["level"] == "ok"


def test_no_such_database(cdc):
    cdc.config["source"]["database"] = "nowhere"
    fails(cdc, "source.connect", "source.database")


def test_wrong_prefix(cdc):
    cdc.config["source"]["table_prefix"] = "m2_"
    fails(cdc, "source.tables", "source.table_prefix")


def test_no_replication_privilege(cdc, source, other_user):
    client = ("binlog monitor" if source.flavour == "mariadb"
              else "replication client")
    cdc.config["source"] |= other_user(f"grant select, {client} on *.*")
    fails(cdc, "source.stream", "REPLICATION SLAVE", "GRANT")


def test_no_client_privilege(cdc, other_user):
    cdc.config["source"] |= other_user(
        "grant select, replication slave on *.*")
    cdc.config["source"]["position_mode"] = "file"
    fails(cdc, "source.position", "GRANT")


def test_no_select_privilege(cdc, source, other_user):
    client = ("binlog monitor" if source.flavour == "mariadb"
              else "replication client")
    cdc.config["source"] |= other_user(
        f"grant replication slave, {client} on *.*",
        "grant insert on checked.*")
    fails(cdc, "source.tables", "SELECT")


@pytest.mark.parametrize("name, value", [
    ("binlog_format", "STATEMENT"), ("binlog_row_image", "MINIMAL")])
def test_wrong_variable(cdc, variable, name, value):
    variable(name, value)
    fails(cdc, "source." + name, value, f"SET GLOBAL {name}=")


def test_row_metadata_is_a_warning(cdc, variable):
    variable("binlog_row_metadata", "FULL")
    assert check(cdc, 0)["source.binlog_row_metadata"]["level"] == "ok"
    variable("binlog_row_metadata", "MINIMAL")
    item = check(cdc, 0)["source.binlog_row_metadata"]
    assert item["level"] == "warn" and "FULL" in item["cure"]


def stand_at(cdc, position, source_id):
    cdc.target.run("insert into ficus.checkpoint (seq, epoch, position, "
                   "source_id) select coalesce(max(seq), 0) + 1, 1, %s, %s "
                   "from ficus.checkpoint", cdc.database,
                   (position, source_id))


def test_purged_position(cdc, source):
    """The log the copy stands in is gone."""
    uid = source.run("select @@server_uuid" if source.flavour == "mysql"
                     else "select @@server_uid")[0][0]
    stand_at(cdc, "file:mysql-bin.000000:4", f"{source.flavour}:{uid}")
    fails(cdc, "source.checkpoint", "cdc --bootstrap")


def test_position_of_another_server(cdc, source):
    stand_at(cdc, "file:mysql-bin.000001:4", "mysql:other")
    fails(cdc, "source.checkpoint", "mysql:other", "cdc --bootstrap")
    stand_at(cdc, "mysql:3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5"
             if source.flavour == "mysql" else "mariadb:0-77-99999999", "any")
    fails(cdc, "source.checkpoint", "cdc --bootstrap")


def test_unknown_key(cdc):
    cdc.config["source"]["pasword"] = "x"
    done = cdc.call("--check")
    assert done.returncode == 2
    assert "pasword" in done.stderr and "source.password" in done.stderr


def test_the_bootstrap_needs_lock_tables_on_mysql(cdc, source, other_user):
    if source.flavour != "mysql":
        assert "source.lock_tables" not in check(cdc, 0)
        return
    assert check(cdc, 0)["source.lock_tables"]["level"] == "ok"
    cdc.config["source"].update(other_user(
        "grant select, replication slave, replication client on *.*"))
    item = check(cdc, 0)["source.lock_tables"]
    assert item["level"] == "warn" and "LOCK TABLES" in item["cure"]
