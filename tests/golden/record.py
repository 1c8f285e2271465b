#!/usr/bin/python3
"""Records the golden binlogs of tests/golden/binlog again.

    tests/golden/record.py [SERVER…]     mariadb mariadb118 mysql

Each file is one binlog of one private server, small, with one part of what a
log can hold. The text beside it is what our decoders make of it; a new one is
written by

    FICUS_GOLDEN_WRITE=1 meson test -C build/dev binlog_golden_files

and must be read before it is committed. A file recorded anew differs in times,
numbers and identities, not in kind.
"""

import os
import shutil
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.lib import servers  # noqa: E402

INTO = os.path.join(ROOT, "tests", "golden", "binlog")
DATABASE = "golden"
COLUMNS = (
    "id int primary key auto_increment, u bigint unsigned, m mediumint, "
    "v varchar(300), w text character set latin1, x char(5) character set "
    "utf16, d decimal(65,30), p decimal(12,4), f float, g double, j json, "
    "e enum('x','y','z'), s set('p','q','r'), b bit(9), n binary(4), l blob, "
    "da date, ti time(3), dt datetime(6), ts timestamp(2) null, y year")
ROWS = (
    "(1, 18446744073709551615, -8388608, 'grüße 😀', 'é', 'aß', "
    "'-99999999999999999999999999999999999.000000000000000000000000000001', "
    "'19.99', 1.5, -1e300, '{\"a\": [1, 2.5, null, true, \"b\"]}', 'y', "
    "'p,r', b'101010101', x'0102', x'00ff', '1000-01-01', '-838:59:59.000', "
    "'9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.25', 2155)",
    "(2, 0, 0, '', '', '', '0', '-0.0001', 0, 0, '{}', 'x', '', b'0', x'00', "
    "'', '2000-02-29', '00:00:00.001', '1970-01-01 00:00:00', null, 1901)",
    "(3" + ", null" * 20 + ")")
ROW_CHANGES = (
    f"insert into t values {', '.join(ROWS)}",
    "update t set v = concat('much longer than it was: ', repeat('z', 60)), "
    "p = p + 1 where id < 3",
    "update t set u = 7, v = null where id = 3",
    "update t set id = id + 10",
    "delete from t where id > 11")
TABLES = (f"create table t ({COLUMNS})",
          "create table parent (id int primary key, a varchar(20))",
          "create table child (id int primary key, parent int, foreign key "
          "(parent) references parent (id) on delete cascade on update "
          "cascade)",
          "create table plain (id int primary key, a int) engine=MyISAM")
FLOW = (  # ends of transactions, and what is no row
    "begin", "insert into parent values (1, 'one'), (2, 'two')",
    "insert into child values (1, 1), (2, 2)", "commit",
    "delete from parent where id = 1",
    "set foreign_key_checks = 0", "delete from parent where id = 2",
    "set foreign_key_checks = 1", "replace into parent values (3, 'three')",
    "xa start 'a', 'branch'", "insert into parent values (7, 'seven')",
    "xa end 'a', 'branch'", "xa prepare 'a', 'branch'", DATABASE,
    "xa commit 'a', 'branch'",
    "xa start 'b'", "insert into parent values (8, 'eight')", "xa end 'b'",
    "xa prepare 'b'", DATABASE, "xa rollback 'b'",
    "xa start 'c'", "insert into parent values (9, 'nine')", "xa end 'c'",
    "xa commit 'c' one phase")
MIXED = (  # what a table without transactions leaves in the log
    "begin", "insert into parent values (4, 'four')", "savepoint a",
    "insert into plain values (1, 1)", "insert into parent values (5, 'five')",
    "rollback to a", "commit",
    "begin", "insert into plain values (2, 2)",
    "insert into parent values (6, 'six')", "rollback")
DDL = ("create table copy like parent", "insert into copy values (1, 'a')",
       "alter table copy add column c int default 7 after id",
       "insert into copy values (2, 2, 'b')", "rename table copy to moved",
       "create table made as select id, a from parent", "truncate table moved",
       "create view seen as select id from parent",
       "create trigger fired after insert on moved for each row "
       "update parent set a = new.a where id = new.id",
       "insert into moved values (3, 1, 'c')",
       "create temporary table brief (a int)", "drop temporary table brief",
       "analyze table moved", "drop view seen", "drop table moved, made")
STATEMENT = ("set session binlog_format = 'STATEMENT'", "set @v := 'golden'",
             "set insert_id = 50", "insert into t (v) values (@v)",
             "insert into t (u) values (floor(rand(7) * 100))",
             "set session binlog_format = 'ROW'")
IMAGES = ("set session binlog_row_image = 'MINIMAL'",
          *ROW_CHANGES[:3],
          "set session binlog_row_image = 'NOBLOB'", *ROW_CHANGES[3:])


class Recorder:
    """Sessions of one server; a file has what happens between two flushes."""

    def __init__(self, server, name):
        self.server, self.name = server, name

    def run(self, statements):
        """One session; the database's name alone asks for a new one."""
        connection = self.server.connect(DATABASE)
        for sql in statements:
            if sql == DATABASE:
                connection.close()
                connection = self.server.connect(DATABASE)
                continue
            with connection.cursor() as cursor:
                cursor.execute(sql)
        connection.close()

    def logs(self):
        return [row[0] for row in self.server.run("show binary logs")]

    def record(self, part, statements, settings=()):
        self.server.script([f"drop database if exists {DATABASE}",
                            f"create database {DATABASE} character set "
                            "utf8mb4"])
        self.run(TABLES)
        kept = {name: self.server.run(f"select @@global.{name}")[0][0]
                for name, _ in settings}
        for name, value in settings:
            self.server.run(f"set global {name} = %s", args=(value,))
        self.server.run("flush binary logs")
        log = self.logs()[-1]
        self.run(statements)
        self.server.run("flush binary logs")
        for name, value in kept.items():
            self.server.run(f"set global {name} = %s", args=(value,))
        path = os.path.join(INTO, f"{self.name}-{part}.binlog")
        shutil.copyfile(os.path.join(self.server.data, log), path)
        os.chmod(path, 0o644)
        print(f"{os.path.getsize(path):6} {os.path.relpath(path, ROOT)}")


def record_both(r, none):
    full = ("binlog_row_metadata", "FULL")
    r.record("rows-full", ROW_CHANGES, [full])
    r.record("rows-unnamed", ROW_CHANGES, [("binlog_row_metadata", none)])
    r.record("images", IMAGES, [full])
    r.record("flow", FLOW, [full])
    r.record("ddl", DDL, [full])
    r.record("statement", STATEMENT, [full])
    r.record("unchecked", ROW_CHANGES[1:2] + FLOW[:4],
             [full, ("binlog_checksum", "NONE")])


def record_mariadb(server, name):
    r = Recorder(server, name)
    record_both(r, "NO_LOG")
    r.record("mixed", MIXED, [("binlog_row_metadata", "FULL")])
    r.record("compressed", ROW_CHANGES + DDL[:2],
             [("binlog_row_metadata", "FULL"), ("log_bin_compress", 1),
              ("log_bin_compress_min_len", 10)])
    r.record("columns", (
        "create table k (id int primary key, a varchar(200) compressed, "
        "b text compressed, c uuid, d inet6, g geometry)",
        "insert into k values (1, repeat('ab', 90), repeat('cd', 200), "
        "'123e4567-e89b-12d3-a456-426655440000', '2001:db8::1', "
        "point(1, 2)), (2, 'short', '', null, '::', null)",
        "update k set b = concat(b, 'x'), d = '::1'"),
        [("binlog_row_metadata", "FULL")])
    if name == "mariadb118":
        r.record("vector", ("create table k (id int primary key, v vector(3) "
                            "not null)", "insert into k values (1, "
                            "vec_fromtext('[1,2.5,-3]'))"),
                 [("binlog_row_metadata", "FULL")])


def record_mysql(server, name):
    r = Recorder(server, name)
    full = ("binlog_row_metadata", "FULL")
    record_both(r, "MINIMAL")
    r.record("compressed", (
        "set binlog_transaction_compression = 1",
        "begin", *ROW_CHANGES[:3], "commit", *ROW_CHANGES[3:], *DDL[:2]),
        [full])
    r.record("partial-json", (
        "set binlog_row_value_options = 'PARTIAL_JSON'",
        "create table k (id int primary key, a json, b json, c int)",
        "insert into k values (1, '{\"a\": {\"b\": [1, 2, 3]}, \"t\": \"long "
        "enough that a difference is smaller than it is\", \"u\": 1}', "
        "'[1, {\"x\": \"another document that is not so short either\"}]', "
        "0), (2, '{\"a\": 1}', null, 0)",
        "update k set a = json_replace(a, '$.a.b[1]', 22) where id = 1",
        "update k set a = json_remove(json_set(a, '$.u', 'grown'), "
        "'$.a.b[0]'), b = json_set(b, '$[1].x', 'y'), c = 5 where id = 1",
        "update k set a = json_set(a, '$.new', json_array(1, 2)), "
        "c = c + 1"), [full])
    r.record("tags", (
        "set gtid_next = 'automatic:golden'", "insert into parent values "
        "(1, 'a')", "set gtid_next = 'automatic'",
        "set binlog_rows_query_log_events = 1",
        "insert into parent values (2, 'b')"), [full])
    r.record("vector", (
        "create table k (id int primary key, v vector(3), g geometry)",
        "insert into k values (1, to_vector('[1,2.5,-3]'), point(1, 2))"),
        [full])
    for mode in ("ON_PERMISSIVE", "OFF_PERMISSIVE", "OFF"):
        server.run(f"set global gtid_mode = {mode}")
    server.run("set global enforce_gtid_consistency = 'OFF'")
    r.record("mixed", MIXED, [full])


def main():
    makers = {"mariadb": (servers.MariaDB, record_mariadb),
              "mariadb118": (servers.MariaDB118, record_mariadb),
              "mysql": (servers.MySQL, record_mysql)}
    for name in sys.argv[1:] or makers:
        kind, record = makers[name]
        server = kind().start()
        record(server, name)
        server.stop()


if __name__ == "__main__":
    main()
