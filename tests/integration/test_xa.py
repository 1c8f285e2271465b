"""Every way in which a group of the log can end, written by the real servers:
prepared transactions that wait for their decision while other things happen,
rollbacks that are in the log, savepoints, tables created with their rows."""

import contextlib
import random
import re
import time

import pytest

from tests.integration import shops
from tests.integration.test_faults import assert_exactly_once
from tests.lib import programs, servers, writers

SERVERS = [(server, mode) for server in ("mariadb", "mysql")
           for mode in ("gtid", "file")]
NAME = ("select attribute_id from eav_attribute where attribute_code = 'name' "
        "and entity_type_id = 4")


@contextlib.contextmanager
def streaming(source, postgres, directory, mode="gtid", **extra):
    settings = {"source": {"position_mode": mode, "queue": "1MiB"},
                "replication": {"audit": True, **extra}}
    with shops.databases(source, postgres, "ends") as name:
        try:
            with shops.running(source, name, postgres, name, directory,
                               extra=settings) as c:
                yield c
        finally:
            decide_all(source)


@pytest.fixture(scope="module", ids="-".join, params=[
    pytest.param(pair, marks=pytest.mark.slow) if "file" in pair else pair
    for pair in SERVERS])
def copy(request, postgres, tmp_path_factory):
    """All tests of a server and mode write to one, each to rows of its own."""
    server, mode = request.param
    with streaming(request.getfixturevalue(server), postgres,
                   str(tmp_path_factory.mktemp("ends")), mode,
                   batch_bytes="64KiB") as c:
        yield c


def decide_all(source):
    """What a failed test left prepared would keep its locks for ever."""
    with source.connect() as c, c.cursor() as cursor:
        cursor.execute("xa recover")
        for _, length, _, data in cursor.fetchall():
            name = data[:length] if isinstance(data, str) else data.decode()
            with contextlib.suppress(Exception):
                cursor.execute(f"xa rollback '{name}'")


def prepare(copy, xid, *statements):
    """From a session that ends: whoever knows the name may decide."""
    with copy.session() as c, c.cursor() as cursor:
        cursor.execute("set sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
        cursor.execute(f"xa start {xid}")
        for sql in statements:
            cursor.execute(sql)
        cursor.execute(f"xa end {xid}")
        cursor.execute(f"xa prepare {xid}")


def decide(copy, what, xid):
    """The server needs a moment to see that the session is gone."""
    servers.wait_until(f"xa {what}", 60, lambda: copy.source.run(
        f"xa {what} {xid}", copy.sdb) is not None)


def waiting(copy):
    status = copy.cdc.call("--status")
    return int(re.search(r"^prepared +(\d+)", status.stdout, re.M).group(1))


def metric(copy, name):
    text = programs.http(copy.cdc.url("/metrics")).body.decode()
    return float(re.search(rf"^ficus_cdc_{name} (\S+)", text, re.M).group(1))


def count(copy, sql):
    return copy.target.run(f"select count(*) from {sql}", copy.tdb)[0][0]


def everything(n):
    """A transaction with all that matters: rows, values, a cascade, an
    attribute that is new."""
    return [
        f"insert into customer_entity (entity_id, email, website_id, "
        f"firstname) values ({n}001, '{n}@example.com', 1, 'Ünïcode 💐')",
        f"delete from customer_entity where entity_id = {n}",
        f"insert into eav_attribute (attribute_id, entity_type_id, "
        f"attribute_code, backend_type) values ({n}00, 4, 'brand_new_{n}', "
        "'text')",
        f"insert into catalog_product_entity_text (attribute_id, store_id, "
        f"entity_id, value) values ({n}00, 0, {n}, 'first')",
        f"update catalog_product_entity_varchar set value = 'changed {n}' "
        f"where entity_id = {n}",
        f"delete from catalog_product_entity where entity_id = {n + 10}",
        f"update sales_order set grand_total = {n}.5 where entity_id = {n}",
    ]


def test_case_12_other_transactions_come_between(copy):
    before = metric(copy, "prepared_transactions")
    prepare(copy, "'between','b',7", *everything(3))
    copy.write("update customer_entity set lastname = 'between' where "
               "entity_id between 20 and 30")
    copy.assert_converged()  # the source does not show it either
    assert waiting(copy) == 1
    assert metric(copy, "prepared_transactions") == before + 1 == 1
    assert metric(copy, "lag_seconds") >= 0  # it holds nothing up
    copy.source.run("flush binary logs")
    copy.write("update catalog_product_entity_varchar set value = 'between' "
               "where entity_id = 20")
    decide(copy, "commit", "'between','b',7")
    copy.assert_converged()
    assert waiting(copy) == 0
    assert count(copy, "customers where entity_id = 3001") == 1


def test_case_12_rolled_back(copy):
    prepare(copy, "X'00ff',X'27'", *everything(4))
    copy.cdc.wait_caught_up()
    assert waiting(copy) == 1
    decide(copy, "rollback", "X'00ff',X'27'")
    copy.write("update customer_entity set lastname = 'after' where "
               "entity_id = 4")
    copy.assert_converged()
    assert waiting(copy) == 0
    # What it did to the attribute map was not done.
    copy.write(*everything(4))
    copy.assert_converged()


def test_case_12_cdc_killed_between_prepare_and_commit(copy):
    prepare(copy, "'killed'", *everything(5))
    prepare(copy, "'dropped'", "update customer_entity set taxvat = 'never' "
            "where entity_id = 40")
    copy.cdc.wait_caught_up()
    copy.cdc.kill()
    copy.write("update customer_entity set lastname = 'killed' where "
               "entity_id between 20 and 30")
    decide(copy, "commit", "'killed'")
    copy.cdc.start()
    copy.assert_converged()
    assert waiting(copy) == 1
    copy.cdc.kill()
    copy.cdc.start()
    copy.cdc.wait_caught_up()
    assert metric(copy, "prepared_transactions") == 1
    decide(copy, "rollback", "'dropped'")
    copy.assert_converged()
    assert waiting(copy) == 0


def test_case_12_prepared_and_decided_while_cdc_is_away(copy):
    """One batch holds both, and the same name twice."""
    copy.cdc.kill()
    for n, what in ((7, "commit"), (8, "rollback"), (8, "commit")):
        prepare(copy, "'away'", *everything(n))
        decide(copy, what, "'away'")
    copy.cdc.start()
    copy.assert_converged()
    assert waiting(copy) == 0 and count(copy, "ficus.prepared") == 0


def test_case_12_in_one_phase(copy):
    with copy.session() as c, c.cursor() as cursor:
        cursor.execute("xa start 'one'")
        for sql in everything(9):
            cursor.execute(sql)
        cursor.execute("xa end 'one'")
        cursor.execute("xa commit 'one' one phase")
    copy.assert_converged()
    assert waiting(copy) == 0


def test_case_8_savepoints(copy):
    """A temporary table that goes away is what brings ROLLBACK and ROLLBACK
    TO into the log though no table but InnoDB's was written."""
    with copy.session() as c, c.cursor() as cursor:
        for end in ("commit", "rollback"):
            cursor.execute("create temporary table mine (id int)")
            c.begin()
            cursor.execute("insert into mine values (1)")
            cursor.execute("update customer_entity set firstname = "
                           f"'kept {end}' where entity_id = 31")
            cursor.execute("savepoint `a point`")
            cursor.execute("update customer_entity set firstname = 'never' "
                           "where entity_id = 32")
            cursor.execute("delete from customer_entity where entity_id = 33")
            cursor.execute("drop temporary table mine")
            cursor.execute("rollback to `a point`")
            cursor.execute("update customer_entity set firstname = "
                           f"'also {end}' where entity_id = 34")
            cursor.execute(end)
    copy.assert_converged()


def make_transactionless(copy, table):
    """Such engines have no foreign keys either."""
    keys = copy.source.run(
        "select constraint_name from information_schema.table_constraints "
        "where constraint_type = 'FOREIGN KEY' and table_schema = %s and "
        "table_name = %s", args=(copy.sdb, table))
    for (key,) in keys:
        copy.source.run(f"alter table {table} drop foreign key {key}",
                        copy.sdb)
    copy.source.run(f"alter table {table} engine = MyISAM", copy.sdb)
    copy.cdc.wait_caught_up()
    # Such statements may have it read again.
    servers.wait_until("read again", 60,
                       lambda: count(copy, "ficus.refetch") == 0)


def test_case_8_9_tables_without_transactions(copy):
    """Nobody would, but somebody did: their rows stay, whatever becomes of the
    transaction."""
    make_transactionless(copy, "sales_order_status_history")
    insert = ("insert into sales_order_status_history (parent_id, comment) "
              "values (1, '{}')")
    for end in ("commit", "rollback"):
        with copy.session() as c, c.cursor() as cursor:
            if copy.source.flavour == "mysql":  # GTIDs forbid the mixture
                cursor.execute(insert.format(end))
                continue
            c.begin()
            cursor.execute("update customer_entity set firstname = "
                           f"'{end}' where entity_id = 35")
            cursor.execute("savepoint a")
            cursor.execute(insert.format(end))
            cursor.execute("update customer_entity set firstname = 'no' "
                           "where entity_id = 36")
            cursor.execute("rollback to a")
            cursor.execute("update customer_entity set lastname = "
                           f"'{end}' where entity_id = 37")
            cursor.execute(end)
    copy.assert_converged()
    assert count(copy, "order_status_history where comment in ('commit', "
                 "'rollback')") == 2


def test_case_11_create_table_select(copy):
    copy.write("create table copied as select * from customer_entity")
    copy.write("update customer_entity set firstname = 'behind it' where "
               "entity_id = 38")
    copy.assert_converged()


def test_case_51_statements_on_other_tables_pass(copy):
    with copy.session() as c, c.cursor() as cursor:
        cursor.execute("create table checksums (t varchar(64), n int)")
        cursor.execute("set session binlog_format = 'STATEMENT'")
        cursor.execute("replace into checksums select 'customer_entity', "
                       "count(*) from customer_entity")
        cursor.execute("update checksums set n = 0")
    copy.write("update customer_entity set firstname = 'checked' where "
               "entity_id = 39")
    copy.assert_converged()


def dump_threads(copy):
    rows = copy.source.run("show full processlist")
    return [r[0] for r in rows
            if r[1] == copy.source.user and "Binlog Dump" in r[4]]


def test_case_2_3_connection_lost_amid_a_transaction(copy):
    """It is larger than what is read ahead, and the target holds it up: the
    rest was not sent yet. All of it comes again, the first part too."""
    def held_up():
        return copy.target.run("select count(*) from pg_locks where not "
                               "granted and database = (select oid from "
                               "pg_database where datname = %s)", copy.tdb,
                               (copy.tdb,))[0][0]

    copy.cdc.wait_caught_up()
    with copy.target.connect(copy.tdb, autocommit=False) as holder:
        holder.execute("lock table orders in share mode")
        copy.write(*[
            "insert into sales_order (increment_id, store_id, customer_note) "
            f"select concat('lost{n}-', entity_id), 1, repeat('n', 20000) "
            "from customer_entity" for n in range(8)])
        servers.wait_until("held up", 60, held_up)
        before = dump_threads(copy)
        for thread in before:
            copy.source.run(f"kill {thread}")
        holder.rollback()
    copy.assert_converged()
    assert count(copy, "orders where increment_id like 'lost%'") > 400
    assert not set(before) & set(dump_threads(copy))


def test_the_audit_has_every_transaction_once(copy):
    copy.cdc.wait_caught_up()
    assert_exactly_once(copy)


@pytest.mark.parametrize("kind", [
    "mariadb", pytest.param("mysql", marks=pytest.mark.slow)])
def test_case_12_server_restarted_and_another_cdc(kind, request, postgres,
                                                  directory):
    """Larger than a part and than a batch; committed on another run of the
    server and applied by another cdc."""
    source = request.getfixturevalue(kind)
    with streaming(source, postgres, directory, batch_bytes="64KiB") as copy:
        prepare(copy, "'large'", *everything(3), *[
            "insert into sales_order (increment_id, store_id, customer_note) "
            f"select concat('{n}-', entity_id), 1, repeat('n', 20000) from "
            "customer_entity where entity_id > 10" for n in range(4)])
        copy.cdc.wait_caught_up()
        assert count(copy, "ficus.prepared") > 4
        copy.cdc.kill()
        source.restart()
        other = programs.Cdc(source, postgres, directory, copy.sdb, copy.tdb,
                             {"replication": {"batch_bytes": "64KiB"}},
                             name="other")
        copy.cdc = other.start()
        try:
            decide(copy, "commit", "'large'")
            copy.assert_converged()
            assert count(copy, "ficus.prepared") == 0
            assert other.resident_peak_mib() < 128
        finally:
            other.kill()


@pytest.mark.slow
@pytest.mark.parametrize("kind,mode", [("mariadb", "file"),
                                       ("mysql", "gtid")])
def test_case_1_12_cdc_killed_at_any_moment(kind, mode, request, postgres,
                                            directory):
    """Prepared, decided either way and in one phase by several sessions."""
    source = request.getfixturevalue(kind)
    dice = random.Random(5)
    with streaming(source, postgres, directory, mode) as copy:
        with writers.Load(source, copy.sdb, xa=True) as load:
            for _ in range(10):
                copy.cdc.kill()
                copy.cdc.start()
                time.sleep(dice.uniform(0, 0.8))
        copy.assert_converged(90)
        assert load.committed > 20
        assert_exactly_once(copy)
        assert waiting(copy) == 0


def test_case_13_prepared_before_the_bootstrap(mariadb, postgres, directory):
    """Its rows are in no snapshot and in no part of the log we read."""
    with streaming(mariadb, postgres, directory) as copy:
        copy.cdc.stop()
        postgres.drop_database(copy.tdb)
        postgres.create_database(copy.tdb)
        prepare(copy, "'early'", "update customer_entity set firstname = "
                "'early' where entity_id = 1")
        copy.bootstrap()
        copy.cdc.start().wait_streaming()
        decide(copy, "commit", "'early'")
        assert copy.cdc.process.wait(60) == 3
        last = copy.cdc.log_text().strip().splitlines()[-1]
        assert "XA COMMIT X'6561726c79',X'',1" in last
        assert "cdc --bootstrap" in last
        # Who knows that it wrote nothing of ours may say so.
        postgres.run("insert into ficus.prepared (xid, start, rows) values "
                     "(%s, 0, '')", copy.tdb, ("X'6561726c79',X'',1",))
        copy.cdc.start()
        copy.cdc.wait_caught_up()
        assert waiting(copy) == 0


def test_case_51_52_statements_on_our_tables_stop(mariadb, postgres,
                                                  directory):
    with streaming(mariadb, postgres, directory) as copy:
        with copy.session() as c, c.cursor() as cursor:
            cursor.execute("set session binlog_format = 'STATEMENT'")
            cursor.execute("update customer_entity set firstname = 'what' "
                           "where entity_id = 1")
        assert copy.cdc.process.wait(60) == 3
        last = copy.cdc.log_text().strip().splitlines()[-1]
        assert "binlog_format=ROW" in last and "customer_entity" in last


@pytest.fixture
def old_mysql():
    """As MySQL was before there were GTIDs."""
    server = servers.MySQL(options=["--gtid-mode=OFF",
                                    "--enforce-gtid-consistency=OFF"])
    try:
        server.start()
    except servers.Unavailable as e:
        pytest.skip(str(e))
    server.grant_replica()
    yield server
    server.stop()


@pytest.mark.slow
def test_case_8_11_25_without_gtids_and_with(old_mysql, postgres, directory):
    """Mixed engines, a table created in one transaction and filled in the
    next; then GTIDs are switched on under way."""
    with streaming(old_mysql, postgres, directory, "file") as copy:
        make_transactionless(copy, "sales_order_status_history")
        for end in ("commit", "rollback"):
            with copy.session() as c, c.cursor() as cursor:
                c.begin()
                cursor.execute("update customer_entity set firstname = "
                               f"'{end}' where entity_id = 3")
                cursor.execute("savepoint a")
                cursor.execute("insert into sales_order_status_history "
                               f"(parent_id, comment) values (1, '{end}')")
                cursor.execute("update customer_entity set firstname = 'no' "
                               "where entity_id = 4")
                cursor.execute("rollback to a")
                cursor.execute(end)
        copy.source.run("create table copied engine = MyISAM as select * "
                        "from customer_entity", copy.sdb)
        prepare(copy, "'old'", *everything(5))
        copy.assert_converged()
        for sql in ("enforce_gtid_consistency = ON",
                    "gtid_mode = OFF_PERMISSIVE",
                    "gtid_mode = ON_PERMISSIVE"):
            old_mysql.run(f"set global {sql}")
        copy.write("update customer_entity set firstname = 'numbered' where "
                   "entity_id = 7")
        with copy.session() as c, c.cursor() as cursor:
            cursor.execute("set session gtid_next = 'ANONYMOUS'")
            cursor.execute("update customer_entity set firstname = 'nameless' "
                           "where entity_id = 8")
        decide(copy, "commit", "'old'")
        copy.assert_converged()
        assert waiting(copy) == 0
