"""cdc --check: each thing on the target that would stop replication is named
with its cure; cures that are SQL are done, and then the check passes."""

import contextlib
import os
import pwd
import shutil
import subprocess

import pytest

from tests.integration import checking
from tests.integration.checking import Check, do
from tests.lib import servers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(mariadb, postgres, tmp_path_factory):
    checking.make_shop(mariadb, "target_checked")
    name = postgres.create_database("target_checked")
    postgres.run("create role small login password 'planted-small'")
    Check(mariadb, postgres, str(tmp_path_factory.mktemp("check")),
          "target_checked", name).migrate()
    yield mariadb, postgres, name
    mariadb.run("drop database target_checked")
    postgres.drop_database(name)
    postgres.run("drop role small")


@pytest.fixture
def check(place, directory):
    source, postgres, name = place
    return Check(source, postgres, directory, "target_checked", name)


def run(check, sql):
    return check.target.run(sql, check.target_database)


@pytest.fixture
def small(check):
    """The check by a user who owns nothing and may look around."""
    check.config["target"] |= {"user": "small", "password": "planted-small"}
    run(check, "grant usage on schema ficus, public to small")
    run(check, "grant select on all tables in schema ficus to small")
    yield check
    run(check, "drop owned by small")


def cured(check, cure, name):
    do(check.target, cure, database=check.target_database)
    check.passes(name)


def test_unreachable(check):
    check.config["target"]["port"] = 1
    items = check.items(1)
    assert items["target.connect"]["level"] == "fail"
    assert items["source.stream"]["level"] == "ok"


def test_wrong_password(check):
    check.config["target"]["password"] = "planted-wrong"
    assert check.items(1)["target.connect"]["level"] == "fail"


@pytest.mark.parametrize("server", ["postgres", "postgres17"])
def test_versions(request, server, mariadb, place, directory):
    target = request.getfixturevalue(server)
    name = target.create_database("versions")
    check = Check(mariadb, target, directory, "target_checked", name)
    check.migrate()
    text = check.items()["target.connect"]["text"]
    assert text.startswith("PostgreSQL 17" if "17" in server else "PostgreSQL ")
    target.drop_database(name)


def test_a_standby_or_read_only_server(check):
    run(check, "alter database target_checked set "
               "default_transaction_read_only = on")
    try:
        assert check.items(1)["target.writable"]["level"] == "fail"
    finally:
        check.target.run("alter database target_checked reset "
                         "default_transaction_read_only")


def test_rights(small):
    items = small.items(1)
    assert items["target.writable"]["level"] == "warn"
    do(small.target, items["target.writable"]["cure"])
    assert items["target.rights"]["level"] == "fail"
    for _ in range(3):  # a GRANT for each schema
        item = small.items(None)["target.rights"]
        if item["level"] == "ok":
            break
        do(small.target, item["cure"], database=small.target_database)
    small.passes("target.rights")
    small.passes("target.writable")


def test_a_users_limit_of_connections(small):
    run(small, "alter role small connection limit 2")
    item = small.items(1)["target.connections"]
    assert item["level"] == "fail" and "leaves 2" in item["text"]
    do(small.target, item["cure"])
    assert small.items(None)["target.connections"]["level"] == "ok"


def test_a_databases_limit_of_connections(small):
    run(small, "alter database target_checked connection limit 3")
    item = small.items(1)["target.connections"]
    assert item["level"] == "fail" and "the database leaves 3" in item["text"]
    do(small.target, item["cure"])
    assert small.items(None)["target.connections"]["level"] == "ok"


def test_no_free_connections(check):
    with contextlib.ExitStack() as stack:
        free = int(check.items()["target.connections"]["text"].split()[0])
        for _ in range(free - 5):
            stack.enter_context(check.target.connect())
        item = check.items()["target.connections"]
        assert item["level"] == "warn" and "max_connections" in item["cure"]
    servers.wait_until("connections closed", 30, lambda: check.items()[
        "target.connections"]["level"] == "ok")


def test_case_132_triggers(check):
    run(check, "create function nothing() returns trigger language plpgsql as "
               "$$ begin return new; end $$; create trigger odd before insert "
               "on customers for each row execute function nothing()")
    try:
        cured(check, check.warns("target.triggers", "customers.odd"),
              "target.triggers")
    finally:
        run(check, "drop function nothing cascade")


def test_case_132_row_security(small):
    run(small, "grant all on all tables in schema public, ficus to small; "
               "alter table customers enable row level security")
    try:
        cured(small, small.fails("target.row_security", "customers"),
              "target.row_security")
    finally:
        run(small, "alter table customers disable row level security")


def test_case_132_foreign_keys(check):
    run(check, "alter table customer_addresses add constraint odd foreign key "
               "(parent_id) references customers (entity_id)")
    try:
        cured(check, check.warns("target.foreign_keys", "odd"),
              "target.foreign_keys")
    finally:
        run(check, "alter table customer_addresses drop constraint if exists "
                   "odd")


def test_case_132_generated_columns(check):
    """They are the target's own."""
    run(check, "alter table customers add column odd text generated always as "
               "(lower(firstname)) stored")
    try:
        assert check.items()["source.columns"]["level"] == "ok"
    finally:
        run(check, "alter table customers drop column odd")


# ---- Connection poolers ----

class PgBouncer(servers.Server):
    kind = "pgbouncer"
    stop_signal = 2

    def __init__(self, target, mode):
        super().__init__()
        self.target, self.mode = target, mode

    def start(self):
        program = (shutil.which("pgbouncer") or
                   shutil.which("/usr/sbin/pgbouncer"))
        if not program:
            pytest.skip("pgbouncer is not installed")
        self.program = program
        self.data = os.path.join(servers.scratch(), f"pgbouncer-{self.port}")
        with open(self.data, "w") as f:
            f.write(f"""[databases]
* = host=127.0.0.1 port={self.target.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = plain
auth_file = {self.data}.users
pool_mode = {self.mode}
ignore_startup_parameters = extra_float_digits,options
""")
        with open(self.data + ".users", "w") as f:
            f.write(f'"{self.target.user}" "{self.target.password}"\n')
        os.chmod(self.data + ".users", 0o644)
        return super().start()

    def command(self):
        return [self.program, "-q", self.data]

    def spawn_options(self):
        """It refuses to run as root."""
        if os.getuid() != 0:
            return {}
        user = pwd.getpwnam("postgres")
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def connect(self):
        return self.target.__class__.connect(self, "postgres")

    @property
    def user(self):
        return self.target.user

    @property
    def password(self):
        return self.target.password


def test_case_131_a_pooler_by_transaction(check):
    pooler = PgBouncer(check.target, "transaction").start()
    check.config["target"]["port"] = pooler.port
    try:
        assert "pool_mode = session" in check.fails("target.pooler")
        pooler.stop()
        pooler.mode = "session"
        pooler.start()
        assert "by session" in check.items()["target.pooler"]["text"]
    finally:
        pooler.stop()
    check.config["target"]["port"] = check.target.port
    assert "target.pooler" not in check.items()
