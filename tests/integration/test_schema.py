"""Schema over time: statements that change tables, between rows that are
written, while cdc follows, while it is behind, and while it is killed. The
numbers are those of docs/hard-cases.md."""

import contextlib
import itertools
import time

import pytest

from tests.integration import shops
from tests.lib import servers


pytestmark = pytest.mark.slow
numbers = itertools.count(1)
SOURCES = [("mariadb", "full"), ("mariadb", "no_log"), ("mysql", "full"),
           ("mysql", "minimal")]


def name_of(value):
    return "-".join(value) if isinstance(value, tuple) else None


SIZES = {"customers": 30, "products": 12, "categories": 6, "orders": 20}


@contextlib.contextmanager
def database(request, which, postgres):
    """On a server with that metadata, and of the same name on the target."""
    server, metadata = which
    source = request.getfixturevalue(server)
    source.run(f"set global binlog_row_metadata = {metadata}")
    try:
        with shops.databases(source, postgres, "schema") as name:
            yield source, name
    finally:
        source.run("set global binlog_row_metadata = default")


@pytest.fixture(scope="module", params=SOURCES, ids=name_of)
def copy(request, postgres, tmp_path_factory):
    """One copy that all cases of a server and its metadata go to in turn."""
    with database(request, request.param, postgres) as (source, name), \
            shops.running(source, name, postgres, name,
                          str(tmp_path_factory.mktemp("schema")),
                          sizes=SIZES) as c:
        yield c


def converged(copy, seconds=60):
    """All is read, and read again where that was asked for."""
    copy.cdc.wait_caught_up(seconds)
    servers.wait_until("nothing to read again", seconds, lambda: copy.target.run(
        "select count(*) from ficus.refetch", copy.tdb)[0][0] == 0)
    copy.assert_equal()


HISTORY = "sales_order_status_history"
ADD_KEY = (f"alter table {HISTORY} add constraint {HISTORY}_ibfk_1 foreign key "
           "(parent_id) references sales_order (entity_id) on delete cascade")
DROP_KEY = f"alter table {HISTORY} drop foreign key {HISTORY}_ibfk_1"
ADD_ROWS = (f"insert into {HISTORY} (parent_id, comment, entity_name) select "
            "entity_id, 'c{n}', 'order' from sales_order order by entity_id "
            "limit 9")

# What each case does, in SQL; {n} differs between the ways it is run. Columns
# that begin with x_ are none of the mapping's.
CASES = {
    "45_foreign_key_dropped_and_added": [
        DROP_KEY,
        "insert into sales_order (increment_id) values ('gone{n}')",
        f"insert into {HISTORY} (parent_id, comment) select entity_id, 'stays'"
        " from sales_order where increment_id = 'gone{n}'",
        "delete from sales_order where increment_id = 'gone{n}'",
        f"delete from {HISTORY} where comment = 'stays'", ADD_KEY,
        "insert into sales_order (increment_id) values ('gone{n}')",
        f"insert into {HISTORY} (parent_id, comment) select entity_id, 'goes'"
        " from sales_order where increment_id = 'gone{n}'",
        "delete from sales_order where increment_id = 'gone{n}'"],
    "47_generated_columns": [
        "alter table customer_entity add x_v{n} int generated always as "
        "(length(email)) virtual, add x_s{n} varchar(300) generated always as "
        "(concat(email, '!')) stored after email",
        "update customer_entity set lastname = 'g{n}' where entity_id < 9",
        "alter table customer_entity drop x_v{n}, drop x_s{n}"],
    "48_truncate": [
        ADD_ROWS, f"truncate {HISTORY}", ADD_ROWS,
        "truncate table catalog_product_entity_varchar",
        "insert into catalog_product_entity_varchar (attribute_id, store_id, "
        "entity_id, value) select attribute_id, 0, 3, 'again {n}' from "
        "eav_attribute where attribute_code = 'name' and entity_type_id = 4"],
    "49_dropped_and_made_again": [
        f"create table x_keep{{n}} like {HISTORY}", f"drop table {HISTORY}",
        f"create table {HISTORY} like x_keep{{n}}", ADD_KEY, ADD_ROWS,
        "drop table x_keep{n}"],
    "49_partitions": [
        DROP_KEY, f"alter table {HISTORY} partition by range (entity_id) ("
        "partition p0 values less than (5), partition p1 values less than "
        "(12), partition p2 values less than maxvalue)", ADD_ROWS,
        f"alter table {HISTORY} reorganize partition p2 into (partition p3 "
        "values less than (14), partition p4 values less than maxvalue)",
        ADD_ROWS, f"alter table {HISTORY} truncate partition p1", ADD_ROWS,
        f"create table x_part{{n}} like {HISTORY}",
        "alter table x_part{n} remove partitioning",
        f"alter table {HISTORY} exchange partition p3 with table x_part{{n}}",
        ADD_ROWS, f"alter table {HISTORY} drop partition p0",
        f"alter table {HISTORY} remove partitioning", ADD_KEY,
        "drop table x_part{n}", ADD_ROWS],
    "50_renamed_and_swapped": [
        f"create table x_new{{n}} like {HISTORY}",
        "insert into x_new{n} (entity_id, parent_id, comment) select "
        "entity_id + 1000, entity_id, 'swapped {n}' from sales_order limit 5",
        f"rename table {HISTORY} to x_old{{n}}, x_new{{n}} to {HISTORY}",
        ADD_ROWS,
        f"rename table {HISTORY} to x_tmp{{n}}, x_old{{n}} to {HISTORY}, "
        "x_tmp{n} to x_old{n}", ADD_ROWS,
        f"rename table {HISTORY} to x_tmp{{n}}",
        f"alter table x_tmp{{n}} rename to {HISTORY}", ADD_ROWS,
        "drop table x_old{n}"],
    "56_unique_values_swapped": [
        "update customer_entity set email = case entity_id when 21 then "
        "'swap@x' else email end where entity_id in (21, 22)",
        "update customer_entity set email = 'first{n}@x' where entity_id = 22",
        "update customer_entity set email = 'second{n}@x' where "
        "entity_id = 21"],
    "57_65_67_added_dropped_reordered": [
        "alter table customer_entity add x_{n} int not null default 3 "
        "after entity_id",
        "update customer_entity set firstname = 'a{n}' where entity_id < 9",
        "alter table customer_entity modify x_{n} int first",
        "update customer_entity set firstname = 'b{n}' where entity_id < 7",
        "alter table customer_entity add y_{n} varchar(9) first, "
        "drop x_{n}",
        "update customer_entity set firstname = 'c{n}' where entity_id < 5",
        "alter table customer_entity drop y_{n}",
        "update customer_entity set firstname = 'd{n}' where entity_id < 3"],
    "58_59_ids_and_several_maps": [
        "flush tables",
        "update customer_entity c join customer_address_entity a on "
        "a.parent_id = c.entity_id set c.lastname = 'm{n}', a.city = 'm{n}' "
        "where c.entity_id < 6", "flush tables",
        "update customer_entity set firstname = 'f{n}' where entity_id < 6"],
    "61_odd_statements": [
        "/* a tool */ alter /*!50100 table */ `customer_entity` add "
        "x_q{n} int -- end",
        "update customer_entity set firstname = 'q{n}' where entity_id < 4",
        "create or replace view x_view as select * from customer_entity",
        "create trigger x_trigger before insert on customer_group for each "
        "row set new.customer_group_code = new.customer_group_code",
        "drop trigger x_trigger", "drop view x_view",
        "analyze table customer_entity", "optimize table customer_entity",
        "alter table customer_entity drop column x_q{n}, algorithm=inplace",
        "update customer_entity set firstname = 'r{n}' where entity_id < 3"],
    # A character that ends as an escape begins, and where none does.
    "62_charset_of_the_statement": [
        "set names gbk",
        f"alter table {HISTORY} comment '\udcd5\\', rename to x_gbk{{n}}",
        "delete from x_gbk{n} where entity_id < 9",
        f"alter table x_gbk{{n}} comment '\udcd5\\', rename to {HISTORY}",
        "set names utf8mb4", "set @mode = @@sql_mode",
        "set sql_mode = 'NO_BACKSLASH_ESCAPES'",
        f"alter table {HISTORY} comment 'a\\', rename to x_nbe{{n}}",
        "delete from x_nbe{n} where entity_id < 19",
        f"alter table x_nbe{{n}} comment 'b\\', rename to {HISTORY}",
        "set sql_mode = @mode", ADD_ROWS],
    "63_64_160_names": [
        "create database x_other{n}",
        "create table x_other{n}.customer_entity (entity_id int primary key)",
        "create table `customer_entity.x{n}` (`a.b` int primary key)",
        "create table `größe``{n}` (`ä ``ö` int primary key)",
        "insert into `größe``{n}` values (1)",
        "alter table `größe``{n}` add `ü` int",
        "truncate x_other{n}.customer_entity",
        "drop table `customer_entity.x{n}`, `größe``{n}`",
        "alter table customer_entity add `x_größe {n}` int first",
        "update customer_entity set firstname = 'u{n}' where entity_id < 4",
        "alter table customer_entity drop `x_größe {n}`",
        "drop database x_other{n}"],
    "66_types_changed": [
        "alter table sales_order modify customer_note mediumtext",
        "update sales_order set customer_note = 'n{n}' where entity_id < 4",
        "alter table sales_order modify customer_note text",
        "alter table customer_entity modify prefix enum('Mr.', 'Mrs.')",
        "update customer_entity set prefix = 'Mrs.' where entity_id < 9",
        "alter table customer_entity modify prefix enum('Dr.', 'Mr.', 'X', "
        "'Mrs.')",
        "update customer_entity set prefix = 'X' where entity_id < 5",
        "alter table customer_entity modify prefix varchar(40) "
        "character set latin1",
        "update customer_entity set prefix = 'Größe' where entity_id < 3",
        "alter table customer_entity modify prefix varchar(40) "
        "character set utf8mb4",
        "update customer_entity set prefix = '日本' where entity_id = 2",
        "alter table customer_entity modify disable_auto_group_change bigint "
        "not null default 0",
        "update customer_entity set firstname = 'w{n}' where entity_id < 4",
        "alter table customer_entity modify disable_auto_group_change "
        "smallint unsigned not null default 0"],
    "68_gh_ost": [
        f"create table _{HISTORY}_gho like {HISTORY}",
        f"alter table _{HISTORY}_gho add x_g int first",
        f"create table _{HISTORY}_ghc (id int primary key)",
        f"insert into _{HISTORY}_ghc values (1)",
        f"insert into _{HISTORY}_gho (entity_id, parent_id, comment, status, "
        "created_at, entity_name, is_customer_notified, is_visible_on_front) "
        "select entity_id, parent_id, comment, status, created_at, "
        f"entity_name, is_customer_notified, is_visible_on_front from {HISTORY}",
        f"rename /* gh-ost */ table {HISTORY} to _{HISTORY}_del, "
        f"_{HISTORY}_gho to {HISTORY}", ADD_ROWS,
        f"drop table _{HISTORY}_del, _{HISTORY}_ghc",
        f"alter table {HISTORY} drop x_g", ADD_KEY],
    "68_pt_osc": [
        f"create table _{HISTORY}_new like {HISTORY}",
        f"alter table _{HISTORY}_new add x_p int",
        f"create trigger pt_osc_ins after insert on {HISTORY} for each row "
        f"replace into _{HISTORY}_new (entity_id, parent_id, comment, "
        "created_at, entity_name) values (new.entity_id, new.parent_id, "
        "new.comment, new.created_at, new.entity_name)", ADD_ROWS,
        f"rename table {HISTORY} to _{HISTORY}_old, _{HISTORY}_new to "
        f"{HISTORY}", "drop trigger if exists pt_osc_ins", ADD_ROWS,
        f"drop table if exists _{HISTORY}_old",
        f"alter table {HISTORY} drop x_p", ADD_KEY],
    "71_like_temporary_views": [
        "create table x_like{n} like customer_entity",
        "create temporary table customer_group (a int)",
        "create table x_as{n} as select * from customer_entity",
        "drop table x_like{n}, x_as{n}"],
    "163_renamed_columns": [
        "alter table customer_entity change middlename x_m varchar(255), "
        "add middlename varchar(255)",
        "update customer_entity set middlename = 'm{n}', x_m = 'wrong' where "
        "entity_id < 9",
        "alter table customer_entity drop x_m",
        "alter table customer_entity rename column firstname to x_f, "
        "rename column lastname to firstname",
        "alter table customer_entity rename column x_f to lastname",
        "update customer_entity set firstname = 'f{n}', lastname = 'l{n}' "
        "where entity_id < 5",
        "alter table customer_entity drop middlename, "
        "add middlename varchar(255) default 'all'",
        "update customer_entity set firstname = 'g{n}' where entity_id < 3"],
}
MARIADB = {
    "61_set_statement": [
        "set statement lock_wait_timeout=9 for alter table customer_entity "
        "add if not exists x_t{n} int first",
        "update customer_entity set firstname = 't{n}' where entity_id < 4",
        "alter table customer_entity drop if exists x_t{n}"],
    "69_two_phase_alter": [
        "set session binlog_alter_two_phase = 1; alter table customer_entity "
        "add x_2{n} int first",
        "update customer_entity set firstname = '2{n}' where entity_id < 4",
        "alter table customer_entity drop x_2{n}"],
    "71_sequences": [
        "create sequence x_seq{n}", "select nextval(x_seq{n})",
        "drop sequence x_seq{n}"],
    "161_hidden_hash_columns": [
        "alter table customer_entity add x_h{n} text, add unique x_hu{n} "
        "(x_h{n})",
        "update customer_entity set firstname = 'h{n}', x_h{n} = entity_id "
        "where entity_id < 7",
        "alter table customer_entity add x_after{n} int",
        "update customer_entity set firstname = 'i{n}' where entity_id < 5",
        "alter table customer_entity drop index x_hu{n}, drop x_h{n}, "
        "drop x_after{n}",
        "update customer_entity set firstname = 'j{n}' where entity_id < 3"],
}
MYSQL = {
    "47_functional_index": [
        "alter table customer_entity add index x_fi{n} ((lower(email)))",
        "update customer_entity set firstname = 'fi{n}' where entity_id < 5",
        "alter table customer_entity add x_fa{n} int",
        "update customer_entity set firstname = 'fj{n}' where entity_id < 4",
        "alter table customer_entity drop index x_fi{n}, drop x_fa{n}"],
    "67_instant": [
        "alter table customer_entity add x_i{n} int default 5 after entity_id,"
        " algorithm=instant",
        "update customer_entity set firstname = 'in{n}' where entity_id < 5",
        "alter table customer_entity drop x_i{n}, algorithm=instant",
        "update customer_entity set firstname = 'io{n}' where entity_id < 4"],
    "70_invisible_columns": [
        "alter table customer_entity add x_inv{n} int invisible first",
        "update customer_entity set firstname = 'inv{n}' where entity_id < 5",
        "alter table customer_entity drop x_inv{n}"],
    "71_atomic_create_select": [
        f"create table x_ctas{{n}} as select * from {HISTORY}",
        f"drop table {HISTORY}",
        f"create table {HISTORY} (primary key (entity_id)) as select * from "
        "x_ctas{n}",
        f"alter table {HISTORY} modify entity_id int unsigned not null "
        "auto_increment", ADD_KEY, ADD_ROWS, "drop table x_ctas{n}"],
}
FLAVOURS = {"mariadb": MARIADB, "mysql": MYSQL}


def cases_of(copy):
    return {**CASES, **FLAVOURS[copy.source.flavour]}


def run(copy, statements, n, after=lambda: None):
    """Each as a transaction of its own, in one session."""
    with copy.session() as c, c.cursor() as cursor:
        for sql in statements:
            for part in sql.replace("{n}", str(n)).split("; "):
                cursor.execute(part)
            after()


@pytest.mark.parametrize("name", list(CASES) + list(MARIADB) + list(MYSQL))
def test_case(copy, name):
    if name not in cases_of(copy):
        pytest.skip("of the other server")
    run(copy, cases_of(copy)[name], next(numbers), copy.cdc.wait_caught_up)
    converged(copy)


def test_case_57_behind(copy):
    """All is done before cdc reads any of it."""
    copy.cdc.stop()
    for statements in cases_of(copy).values():
        run(copy, statements, next(numbers))
    copy.cdc.start()
    converged(copy)


def test_case_72_killed_at_statements(copy):
    """kill -9 around every statement: the schema is the checkpoint's."""
    copy.cdc.wait_caught_up()
    pause = itertools.cycle((0, 0.02, 0.06, 0.12))

    def kill():
        time.sleep(next(pause))  # where it strikes, not what is waited for
        copy.cdc.kill()
        copy.cdc.start()

    for name in ("57_65_67_added_dropped_reordered", "163_renamed_columns",
                 "50_renamed_and_swapped"):
        run(copy, CASES[name], next(numbers), kill)
    converged(copy)


def test_case_72_schema_lost(copy):
    """A checkpoint without its schema is of no use: exit 3, and how to go
    on."""
    copy.cdc.wait_caught_up()
    copy.cdc.stop()
    with copy.target.connect(copy.tdb) as t:
        t.execute("create table kept as select * from ficus.source_columns")
        t.execute("delete from ficus.source_columns")
        t.commit()
        copy.cdc.start()
        assert copy.cdc.process.wait(60) == 3
        assert "run cdc --bootstrap" in copy.cdc.log_text()
        t.execute("insert into ficus.source_columns select * from kept")
        t.execute("drop table kept")
        t.commit()
    copy.cdc.start()
    converged(copy)


EXTRA = [
    ("alter table customer_entity add x_note varchar(20) default 'neu'",
     "update customer_entity set firstname = 'x1' where entity_id < 4"),
    ("alter table customer_entity add x_points int not null default 7 first, "
     "add x_raw varbinary(4)",
     "update customer_entity set x_points = 8, x_raw = x'00ff', x_note = null "
     "where entity_id = 2"),
    ("alter table customer_entity rename column x_note to x_memo",
     "update customer_entity set x_memo = 'ä\"\\\\' where entity_id = 3"),
    ("alter table customer_entity drop x_raw",
     "update customer_entity set x_points = 9 where entity_id < 3"),
]


def expected_extra(copy):
    """The x_ columns of every customer, as JSON has them."""
    with copy.session() as c, c.cursor() as cursor:
        cursor.execute("select * from customer_entity")
        names = [d[0] for d in cursor.description]
        out = {}
        for row in cursor.fetchall():
            row = dict(zip(names, row))
            out[row["entity_id"]] = {
                k: "\\x" + v.hex() if isinstance(v, bytes) else v
                for k, v in row.items() if k.startswith("x_")}
        return out


@pytest.mark.parametrize("which", SOURCES[1:3], ids=name_of)
def test_columns_of_extensions_are_taken_up(request, which, postgres,
                                            directory):
    """`extra: true`: a new column arrives without a restart, with the values
    old rows have, and goes again."""
    with database(request, which, postgres) as (source, name):
        shops.fill(source, name, **SIZES)
        copy = shops.Copy(source, name, postgres, name, directory)
        copy.bootstrap()
        copy.cdc.start()
        try:
            copy.cdc.wait_streaming()
            for statements in EXTRA:
                run(copy, statements, 0, copy.cdc.wait_caught_up)
                converged(copy)
                found = dict(postgres.run(
                    "select entity_id, extra from customers", name))
                assert found == expected_extra(copy)
        finally:
            copy.cdc.kill()
