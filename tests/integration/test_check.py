"""cdc --check: each thing on the source that would stop replication, or spoil
it, is named with its cure in one line; cures that are SQL are done, and then
the check passes."""

import contextlib

import pytest

from tests.integration import checking
from tests.integration.checking import Check, do
from tests.lib import servers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["mariadb", "mysql"])
def place(request, postgres, tmp_path_factory):
    """An empty shop and a migrated target; the check changes neither."""
    source = request.getfixturevalue(request.param)
    checking.make_shop(source, "checked")
    target = postgres.create_database(f"checked_{request.param}")
    Check(source, postgres, str(tmp_path_factory.mktemp("check")), "checked",
          target).migrate()
    yield source, postgres, target
    source.run("drop database checked")
    postgres.drop_database(target)


@pytest.fixture
def source(place):
    return place[0]


@pytest.fixture
def check(place, directory):
    source, postgres, target = place
    yield Check(source, postgres, directory, "checked", target)
    postgres.run("delete from ficus.checkpoint", target)


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


@pytest.fixture
def altered(source):
    """Changes the shop until the test is over."""
    undo = []

    def alter(*statements, back):
        undo.insert(0, back)
        source.script(["set foreign_key_checks = 0", *statements], "checked")
    yield alter
    for back in undo:
        source.script(["set foreign_key_checks = 0", *back], "checked")


def client_privilege(source):
    return ("binlog monitor" if source.flavour == "mariadb"
            else "replication client")


def test_a_good_shop_passes(check, variable):
    variable("binlog_row_metadata", "FULL")
    items = check.items()
    found = {n: i["text"] for n, i in items.items() if i["level"] != "ok"}
    # The demo's shop has the main tables only.
    assert found.keys() == {"target.checkpoint", "source.missing_tables"}, found
    assert "cdc --bootstrap" in items["target.checkpoint"]["cure"]


def test_the_table_is_aligned_and_of_100_columns(check, variable):
    variable("binlog_row_metadata", "MINIMAL")
    variable("binlog_format", "STATEMENT")
    done = check.cdc.call("--check")
    assert done.returncode == 1
    *lines, empty, last = done.stdout.splitlines()
    assert empty == "" and last.endswith("3 WARN, 1 FAIL")
    assert max(map(len, lines)) <= 100
    begins = {len(line) - len(line[6:].lstrip("abcdefghijklmnopqrstuvwxyz._")
                              .lstrip()) for line in lines if line[0] != " "}
    assert len(begins) == 1
    assert {line[:6] for line in lines} == {"OK    ", "WARN  ", "FAIL  ",
                                            "      "}
    assert "cure: SET GLOBAL binlog_format = 'ROW'" in done.stdout


def test_before_the_first_migration(check, target_database):
    check.config["target"]["database"] = target_database
    check.warns("target.migrations", "cdc --migrate")


def test_wrong_password(check):
    check.config["source"]["password"] = "planted-wrong"
    check.fails("source.connect", "source.password", "Access denied")


def test_unreachable_source(check):
    check.config["source"]["port"] = 1
    check.fails("source.connect", "source.host and source.port")


def test_no_such_database(check):
    check.config["source"]["database"] = "nowhere"
    check.fails("source.connect", "source.database")


def test_wrong_prefix(check):
    check.config["source"]["table_prefix"] = "m2_"
    check.fails("source.tables", "source.table_prefix")


# ---- Privileges: the GRANT is that of the flavour, and enough ----

def cured_by_grant(check, source, name, client=True):
    cure = check.fails(name, "GRANT SELECT, REPLICATION SLAVE",
                       client_privilege(source).upper() if client else "")
    do(source, cure)
    assert check.items()[name]["level"] != "fail"


def test_case_166_no_replication_privilege(check, source, other_user):
    check.config["source"] |= other_user(
        f"grant select, {client_privilege(source)} on *.*")
    cured_by_grant(check, source, "source.stream")


def test_case_166_no_client_privilege(check, source, other_user):
    check.config["source"] |= other_user(
        "grant select, replication slave on *.*")
    check.config["source"]["position_mode"] = "file"
    cured_by_grant(check, source, "source.position")


def test_case_166_without_it_filters_are_not_seen(check, source, other_user):
    check.config["source"] |= other_user(
        "grant select, replication slave on *.*")
    do(source, check.warns("source.log_filters", "GRANT"))
    check.passes("source.log_filters")


def test_case_166_no_select_privilege(check, source, other_user):
    check.config["source"] |= other_user(
        f"grant replication slave, {client_privilege(source)} on *.*",
        "grant insert on checked.*")
    items = check.items(1)
    assert items["source.tables"]["level"] == "fail"
    do(source, items["source.tables"]["cure"])
    check.passes("source.tables")


def test_the_bootstrap_needs_lock_tables_on_mysql(check, source, other_user):
    if source.flavour != "mysql":
        assert "source.lock_tables" not in check.items()
        return
    assert check.items()["source.lock_tables"]["level"] == "ok"
    check.config["source"].update(other_user(
        "grant select, replication slave, replication client on *.*"))
    do(source, check.warns("source.lock_tables", "LOCK TABLES"))
    check.passes("source.lock_tables")


# ---- The log's settings ----

@pytest.mark.parametrize("name, value, item", [
    ("binlog_format", "STATEMENT", "source.binlog_format"),
    ("binlog_row_image", "MINIMAL", "source.row_image")])
def test_wrong_variable(check, source, variable, name, value, item):
    variable(name, value)
    do(source, check.fails(item, value))
    check.passes(item)


def test_row_metadata_is_a_warning(check, source, variable):
    variable("binlog_row_metadata", "MINIMAL")
    do(source, check.warns("source.row_metadata", "MINIMAL"))
    check.passes("source.row_metadata")


def test_compressed_transactions(check, source, variable):
    if source.flavour == "mariadb":  # compresses event by event
        assert "source.log_compression" not in check.items()
        return
    variable("binlog_transaction_compression", "ON")
    check.passes("source.log_compression")
    variable("binlog_transaction_compression_level_zstd", 20)
    do(source, check.warns("source.log_compression", "level 20"))
    check.passes("source.log_compression")


def test_case_13_prepared_transactions(check, source, other_user):
    if source.flavour == "mysql":
        check.config["source"].update(other_user(
            "grant select, replication slave, replication client, "
            "lock tables, xa_recover_admin on *.*"))
    assert "source.prepared" not in check.items()
    with source.connect("checked") as c, c.cursor() as cursor:
        for sql in ("xa start 'waits'", "insert into customer_group "
                    "(customer_group_code) values ('waits')",
                    "xa end 'waits'", "xa prepare 'waits'"):
            cursor.execute(sql)
    items = check.items()
    servers.wait_until("rolled back", 60, lambda: source.run(
        "xa rollback 'waits'") is not None)
    assert items["source.prepared"]["level"] == "warn"
    assert "XA RECOVER" in items["source.prepared"]["cure"]
    assert "source.prepared" not in check.items()


def test_case_53_sessions_that_log_otherwise(check, source):
    """MySQL shows what sessions have set; MariaDB does not."""
    with source.connect() as c, c.cursor() as cursor:
        cursor.execute("set session sql_log_bin = 0")
        if source.flavour != "mysql":
            assert "source.sessions" not in check.items()
            return
        do(source, check.warns("source.sessions", "sql_log_bin", "KILL"))
        c._force_close()
    servers.wait_until("the session's end", 30,
                       lambda: "source.sessions" not in check.items())


def test_case_53_init_connect(check, source, variable):
    variable("init_connect", "set @x = 'binlog_format'")
    do(source, check.warns("source.init_connect"))
    check.passes("source.init_connect")


def test_case_147_a_clock_that_is_wrong(check, source, variable):
    variable("init_connect", "set timestamp = 1000000000")
    check.warns("source.clock", "behind ours", "NTP")
    source.run("set global init_connect = ''")
    check.passes("source.clock")


def test_case_150_retention(check, source, variable):
    variable("binlog_expire_logs_seconds", 30)
    do(source, check.fails("source.retention", "bootstrap"))
    check.passes("source.retention")
    variable("binlog_expire_logs_seconds", 3600)
    do(source, check.warns("source.retention", "3600 s"))
    check.passes("source.retention")


RDS = ["create table mysql.rds_configuration (name varchar(50), "
       "value varchar(20), description varchar(300))",
       "insert into mysql.rds_configuration values "
       "('binlog retention hours', null, '')",
       "create procedure mysql.rds_set_configuration(n varchar(50), v int) "
       "update mysql.rds_configuration set value = v"]


def test_case_149_amazon_purges_by_a_setting_of_its_own(check, source):
    """Its table and procedure, as its documentation has them."""
    source.script(RDS)
    try:
        do(source, check.warns("source.rds", "binlog retention hours"))
        check.passes("source.rds")
    finally:
        source.script(["drop procedure mysql.rds_set_configuration",
                       "drop table mysql.rds_configuration"])


def test_case_154_the_sources_own_server_id(check):
    check.config["source"]["server_id"] = 1
    check.fails("source.server_id", "source.server_id 1 is the source's own")
    check.config["source"]["server_id"] = 77
    check.passes("source.server_id")


@pytest.mark.parametrize("server", ["mariadb", "mariadb118", "mysql"])
def test_case_140_each_server_says_where_its_log_ends(
        request, server, postgres, target_database, directory):
    """By the statement of its flavour and age."""
    source = request.getfixturevalue(server)
    check = Check(source, postgres, directory, "mysql", target_database,
                  {"source": {"position_mode": "file"}})
    items = check.items(1)  # no shop in there
    assert "file:mysql-bin.0000" in items["source.position"]["text"]
    assert items["source.log_filters"]["level"] == "ok"
    assert items["source.stream"]["level"] == "ok"


def test_without_gtids(check, source):
    check.config["source"]["position_mode"] = "file"
    check.warns("source.position", "position_mode: auto")
    check.config["source"]["position_mode"] = "auto"
    check.passes("source.position")
    if source.flavour != "mysql":
        return
    for mode in ("ON_PERMISSIVE", "OFF_PERMISSIVE", "OFF"):
        source.run(f"set global gtid_mode = {mode}")
    do(source, check.warns("source.position", "gtid_mode = ON"))
    check.passes("source.position")


# ---- The place the copy stands at ----

def stand_at(check, position, source_id):
    check.target.run("insert into ficus.checkpoint (seq, epoch, position, "
                     "source_id) select coalesce(max(seq), 0) + 1, 1, %s, %s "
                     "from ficus.checkpoint", check.target_database,
                     (position, source_id))


def test_purged_position(check, source):
    """The log the copy stands in is gone."""
    uid = source.run("select @@server_uuid" if source.flavour == "mysql"
                     else "select @@server_uid")[0][0]
    stand_at(check, "file:mysql-bin.000000:4", f"{source.flavour}:{uid}")
    check.fails("source.checkpoint", "cdc --bootstrap")


def test_case_154_position_of_another_server(check, source):
    stand_at(check, "file:mysql-bin.000001:4", "mysql:other")
    check.fails("source.checkpoint", "mysql:other", "cdc --bootstrap")
    stand_at(check, "mysql:3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5"
             if source.flavour == "mysql" else "mariadb:0-77-99999999", "any")
    check.fails("source.checkpoint", "cdc --bootstrap")


# ---- The shop's tables ----

def test_case_138_commerce_is_refused(check, altered):
    altered("alter table catalog_product_entity add column row_id int",
            back=["alter table catalog_product_entity drop column row_id"])
    check.fails("source.edition", "row_id", "transform.mapping")


def test_a_table_that_is_not_there(check, altered):
    altered("rename table catalog_eav_attribute to elsewhere",
            back=["rename table elsewhere to catalog_eav_attribute"])
    check.warns("source.missing_tables", "catalog_eav_attribute, ")


def test_columns_that_are_not_there(check, altered):
    altered("alter table sales_order change status x varchar(32)",
            "alter table sales_order_item change parent_item_id y int",
            back=["alter table sales_order change x status varchar(32)",
                  "alter table sales_order_item change y parent_item_id "
                  "int unsigned"])
    check.warns("source.missing_columns", "2 columns", "sales_order.status",
                "sales_order_item.parent_item_id")


def replaced(altered, table, columns):
    """The table, its columns only."""
    altered(f"rename table {table} to kept",
            f"create table {table} as select {columns} from kept",
            back=[f"drop table {table}", f"rename table kept to {table}"])


def test_a_key_that_is_not_there(check, altered):
    replaced(altered, "catalog_product_website", "website_id")
    items = check.items(1)
    assert items["source.columns"]["level"] == "fail"
    assert ("catalog_product_website.product_id" in
            items["source.columns"]["text"])


def test_a_table_without_a_primary_key(check, altered):
    replaced(altered, "catalog_product_website", "*")
    check.warns("source.primary_keys", "catalog_product_website")


def test_a_table_without_transactions(check, source, altered):
    altered("create table noted (a int) engine = MyISAM",
            back=["drop table noted"])
    do(source, check.warns("source.engines", "noted"))
    check.passes("source.engines")


def test_charsets_of_the_shop(check, altered):
    altered("create table kept like sales_order_status_history",
            "alter table sales_order_status_history add column a "
            "varchar(9) character set gbk, add column b varchar(9) "
            "character set ucs2, add column c text character set sjis",
            back=["alter table sales_order_status_history drop column a, "
                  "drop column b, drop column c", "drop table kept"])
    assert check.items()["source.charsets"]["level"] == "ok"


def test_a_shop_without_foreign_keys(check, source):
    source.script(["create database bare",
                   "create table bare.store_website like "
                   "checked.store_website"])
    try:
        check.config["source"]["database"] = "bare"
        check.warns("source.foreign_keys", "there is none")
    finally:
        source.run("drop database bare")


def test_unknown_key(check):
    check.config["source"]["pasword"] = "x"
    done = check.cdc.call("--check")
    assert done.returncode == 2
    assert "pasword" in done.stderr and "source.password" in done.stderr


# ---- What a server can be told at its start only ----

@contextlib.contextmanager
def started_with(source, *options):
    """The server, started anew with these options in addition."""
    kept = list(source.options)
    source.stop()
    source.options = kept + list(options)
    source.start()
    try:
        yield
    finally:
        source.options = kept


@pytest.fixture(scope="module")
def own_place(postgres, tmp_path_factory):
    """A MariaDB that may be started anew."""
    server = servers.MariaDB().start()
    server.grant_replica()
    checking.make_shop(server, "own_shop")
    target = postgres.create_database("own_shop")
    yield Check(server, postgres, str(tmp_path_factory.mktemp("own")),
                "own_shop", target).migrate()
    server.stop()
    postgres.drop_database(target)


def test_no_log(own_place):
    with started_with(own_place.source, "--skip-log-bin"):
        own_place.fails("source.log_bin", "set log_bin and server_id")


def test_case_53_databases_that_are_not_logged(own_place):
    with started_with(own_place.source, "--binlog-ignore-db=own_shop"):
        own_place.fails("source.log_filters", "binlog-ignore-db")
    with started_with(own_place.source, "--binlog-do-db=other"):
        own_place.fails("source.log_filters", "binlog-do-db")
    with started_with(own_place.source, "--binlog-do-db=other",
                      "--binlog-do-db=own_shop"):
        own_place.passes("source.log_filters")


def test_names_in_lower_case(own_place):
    own_place.config["source"]["database"] = "Own_shop"
    try:
        with started_with(own_place.source, "--lower-case-table-names=1"):
            own_place.fails("source.name_case", "in lower case")
    finally:
        own_place.config["source"]["database"] = "own_shop"


def test_an_encrypted_log(own_place, tmp_path):
    key = tmp_path / "keys"
    key.write_text("1;" + "0123456789abcdef" * 2 + "\n")
    with started_with(own_place.source, "--plugin-load-add=file_key_management",
                      f"--file-key-management-filename={key}",
                      "--encrypt-binlog=ON"):
        assert "source.tls" in own_place.items()["source.log_encryption"]["text"]
    own_place.source.restart()
    own_place.passes("source.log_encryption")


def replicate(replica, primary, *before):
    file, offset, *_ = primary.run("show master status")[0]
    replica.script([
        "stop slave", *before, "change master to master_host='127.0.0.1', "
        f"master_port={primary.port}, master_user='{primary.user}', "
        f"master_password='{primary.password}', "
        f"master_use_gtid=no, master_log_file='{file}', "
        f"master_log_pos={offset}",
        "start slave"])
    servers.wait_until(
        "the replica", 30, lambda: replica.run(
            "show global status like 'slaves_running'")[0][1] == "1")


def test_case_53_a_replica(own_place, mariadb):
    """Its head is another's; it may not log what it replicates, or leave
    things out."""
    replica = own_place.source
    mariadb.run("create database if not exists own_shop")
    with started_with(replica, "--server-id=2", "--skip-slave-start"):
        replicate(replica, mariadb,
                  "set global replicate_ignore_table = 'own_shop.store'")
        items = own_place.items(1)
        assert {n for n, i in items.items() if i["level"] == "fail"} == {
            "source.head", "source.replica_log"}
        assert "replicate_ignore_table" in (
            items["source.replica_filters"]["text"])
        own_place.config["source"]["head"] = {"host": "127.0.0.1",
                                              "port": mariadb.port}
        own_place.fails("source.replica_log", "log_replica_updates")
    with started_with(replica, "--server-id=2", "--log-slave-updates=ON"):
        servers.wait_until(
            "the replica", 30, lambda: replica.run(
                "show global status like 'slaves_running'")[0][1] == "1")
        own_place.passes("source.replica_log")
        replica.script(["stop slave", "reset slave all"])
    del own_place.config["source"]["head"]
    mariadb.run("drop database own_shop")
