"""One scenario on every server, kind of position, row metadata, compression
and, covering each pair of these, both targets.

The servers' settings are switched while they run, as an operator would; what
connects afterwards has them. A server that can't be had is a skip that says
why."""

import contextlib
import itertools
import os
import signal
import subprocess

import pytest

from tests.integration import shops
from tests.integration.test_stream import CASES, assert_audit
from tests.lib import programs, servers

pytestmark = pytest.mark.slow

# Server: the value of "no metadata", and what compresses.
SERVERS = {
    "mariadb": ("NO_LOG", {"log_bin_compress": 1,
                           "log_bin_compress_min_len": 10}),
    "mariadb118": ("NO_LOG", {"log_bin_compress": 1,
                              "log_bin_compress_min_len": 10}),
    "mysql": ("MINIMAL", {"binlog_transaction_compression": 1}),
}
CELLS = list(itertools.product(SERVERS, ("gtid", "file"), ("full", "minimal"),
                               ("plain", "compressed")))
# The copy is written to, and replays, these; none needs another's rows.
BEFORE = ("insert", "update", "case_55_upsert", "case_41_55_replace_parent",
          "store_moved_and_group_deleted", "deleted_and_inserted",
          "key_changed", "attribute_created_and_used")
AWAY = ("delete", "case_43_replace_parent_unchecked",
        "child_inserted_parent_deleted", "case_40_44_delete_customer",
        "delete_product", "odd_values")
AFTER = ("values_before_entity", "delete_category", "case_46_delete_store",
         "delete_order", "case_46_delete_attribute", "case_46_delete_website")


def target_of(cell):
    """PostgreSQL 15 or 17, by the parity of the other factors: then every
    pair of levels of any two factors occurs."""
    server, mode, metadata, compression = cell
    odd = (list(SERVERS).index(server) + (mode == "file") +
           (metadata == "minimal") + (compression == "compressed")) % 2
    return "postgres17" if odd else "postgres"


@contextlib.contextmanager
def set_globals(source, values):
    kept = {}
    for name, value in values.items():
        kept[name] = source.run(f"select @@global.{name}")[0][0]
        source.run(f"set global {name} = %s", args=(value,))
    try:
        yield
    finally:
        for name, value in kept.items():
            source.run(f"set global {name} = %s", args=(value,))


@contextlib.contextmanager
def without_gtids(source):
    """MySQL's way to there and back, a step at a time."""
    steps = ("ON_PERMISSIVE", "OFF_PERMISSIVE", "OFF")
    for step in steps:
        source.run(f"set global gtid_mode = {step}")
    try:
        yield
    finally:
        for step in (*reversed(steps[:-1]), "ON"):
            source.run(f"set global gtid_mode = {step}")


@contextlib.contextmanager
def settings(source, cell):
    server, mode, metadata, compression = cell
    none, compress = SERVERS[server]
    values = {"binlog_row_metadata": "FULL" if metadata == "full" else none}
    if compression == "compressed":
        values.update(compress)
    with contextlib.ExitStack() as stack:
        stack.enter_context(set_globals(source, values))
        if mode == "file" and server == "mysql":
            stack.enter_context(without_gtids(source))
        yield


@contextlib.contextmanager
def databases(source, target, name):
    source.run(f"create database {name} character set utf8mb4 "
               "collate utf8mb4_general_ci")
    target.create_database(name)
    try:
        yield
    finally:
        source.run(f"drop database {name}")
        target.drop_database(name)


def write(copy, names):
    for name in names:
        # A case that changes nothing would test nothing.
        assert copy.write(*CASES[name]) > 0, name


def large_transaction(copy):
    """Larger than a batch, and than what one row event holds."""
    copy.write(
        "insert into customer_entity (email, website_id, firstname) select "
        "concat('big', a.entity_id, '-', b.entity_id, '@example.com'), 1, "
        "'Big' from customer_entity a, customer_entity b "
        "where b.entity_id < 60 limit 3000",
        "update customer_entity set lastname = repeat('x', 200) where "
        "firstname = 'Big'",
        "delete from customer_entity where firstname = 'Big' and "
        "entity_id % 2 = 0")


def log_end(source):
    """(file, offset) where the source's log ends."""
    status = ("show binary log status" if source.flavour == "mysql" else
              "show master status")
    return source.run(status)[0][:2]


def assert_logged(source, start, cell):
    """The cell's settings are what was written with."""
    _, mode, _, compression = cell
    file, offset = start
    kinds = {row[2].lower() for row in source.run(
        f"show binlog events in '{file}' from {offset} limit 60")}
    compressed = any("compressed" in k or "payload" in k for k in kinds)
    assert compressed == (compression == "compressed"), kinds
    if source.flavour == "mysql":
        assert ("anonymous_gtid" in kinds) == (mode == "file"), kinds


def scenario(copy, cell):
    copy.cdc.wait_streaming()
    start = log_end(copy.source)
    write(copy, BEFORE)
    assert_logged(copy.source, start, cell)
    copy.assert_converged()
    copy.write("update customer_entity set firstname = 'at the end'")
    copy.cdc.kill()
    write(copy, AWAY)
    large_transaction(copy)
    copy.cdc.start()
    write(copy, AFTER)
    copy.assert_converged()
    assert_audit(copy)
    code, _ = copy.cdc.stop()
    assert code == 0


def run(request, cell, directory, executable=None):
    server, mode, _, _ = cell
    source = request.getfixturevalue(server)
    target = request.getfixturevalue(target_of(cell))
    name = "matrix_" + "_".join(cell)
    extra = {"source": {"position_mode": mode}, "replication": {"audit": True}}
    with settings(source, cell), databases(source, target, name):
        shops.fill(source, name, **shops.SMALL)
        copy = shops.Copy(source, name, target, name, directory, extra)
        copy.cdc.executable = executable
        copy.bootstrap()
        copy.cdc.start()
        try:
            scenario(copy, cell)
        finally:
            copy.cdc.kill()


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_cell(request, cell, directory):
    run(request, cell, directory)


# ---- Oracle's client library ----

PKG_CONFIG = """Name: mysqlclient
Description: of another suite
Version: 9
Cflags: -I{here}/include/mysql -I{here}/include
Libs: -L{libraries} -lmysqlclient
"""


def build_with(tree, build):
    """cdc, built with the tree's headers and library, everything else of
    this machine: a newer loader and C library run both."""
    here = build + "-pkgconfig"
    os.makedirs(here + "/include", exist_ok=True)
    link = here + "/include/mysql"
    if not os.path.islink(link):
        os.symlink(tree.path + "/usr/include/mysql", link)
    with open(here + "/mysqlclient.pc", "w") as f:
        f.write(PKG_CONFIG.format(here=here, libraries=tree.libraries()))
    done = subprocess.run(
        "[ -f {0}/build.ninja ] || meson setup {0} -Dmysql=oracle "
        "--buildtype=debug -Dc_link_args=-Wl,--allow-shlib-undefined && "
        "ninja -C {0} cdc/cdc tests/unit/cdc/test_source".format(build),
        shell=True, cwd=programs.ROOT, capture_output=True, text=True,
        env={**os.environ, "PKG_CONFIG_PATH": here}, timeout=500)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return [f"{tree.path}/usr/lib64/ld-linux-x86-64.so.2", "--library-path",
            tree.libraries() + ":/usr/lib/x86_64-linux-gnu"]


@pytest.fixture(scope="module")
def oracle():
    """What runs a program of the build with libmysqlclient."""
    try:
        servers.SID_CLIENT.fetch()
    except servers.Unavailable as e:
        pytest.skip(str(e))
    build = os.path.join(programs.ROOT, "build", "oracle")
    loader = build_with(servers.SID_CLIENT, build)
    return lambda path: [*loader, os.path.join(build, path)]


def test_oracle_source_program(oracle, mysql):
    mysql.run("create database oracle_source")
    where = f"127.0.0.1 {mysql.port} root - oracle_source"
    done = subprocess.run(
        oracle("tests/unit/cdc/test_source"),
        env={**os.environ, "FICUS_TEST_MYSQL": where},
        capture_output=True, text=True, timeout=240)
    mysql.run("drop database oracle_source")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("cell", [
    ("mysql", "gtid", "full", "compressed"),
    ("mysql", "file", "minimal", "plain")], ids="-".join)
def test_oracle_cell(request, oracle, cell, directory):
    run(request, cell, directory, oracle("cdc/cdc"))


def test_oracle_has_no_way_into_mariadb(oracle, mariadb, postgres, directory):
    """Its version 9 has no mysql_native_password any more; that is said."""
    cdc = programs.Cdc(mariadb, postgres, directory, "mysql", "postgres")
    cdc.executable = oracle("cdc/cdc")
    done = cdc.call("--check")
    assert done.returncode == 1
    assert "build cdc with MariaDB Connector/C" in done.stdout


def test_oracle_notices_a_silent_server(oracle, mysql, postgres, directory):
    """No heartbeat: its library knows whole seconds only, so we watch."""
    with databases(mysql, postgres, "oracle_silent"):
        shops.fill(mysql, "oracle_silent", **shops.SMALL)
        copy = shops.Copy(mysql, "oracle_silent", postgres, "oracle_silent",
                          directory)
        copy.cdc.executable = oracle("cdc/cdc")
        copy.bootstrap()
        copy.cdc.start()
        try:
            copy.cdc.wait_streaming()
            copy.assert_converged()
            mysql.signal(signal.SIGSTOP)
            try:
                servers.wait_until(
                    "silence noticed", 60,
                    lambda: "silent for 3 heartbeats" in copy.cdc.log_text())
            finally:
                mysql.signal(signal.SIGCONT)
            copy.write("update customer_entity set firstname = 'awake'")
            copy.assert_converged()
        finally:
            copy.cdc.kill()
