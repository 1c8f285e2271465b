"""Foreign keys of all shapes, which a module's tables may have: to the own
table and in a circle, of several columns, to a unique key that is not the
primary one, to a text, chains of CASCADE and SET NULL, ON UPDATE, through
tables that are not mapped. Random rows, random deletes; the copy equals the
source."""

import os
import random

import pymysql
import pytest

from tests.integration import shops
from tests.lib import programs, servers

pytestmark = pytest.mark.slow
SEED = int(os.environ.get("FICUS_SEED") or 4)
IDS = 12  # of each table: few, so that they meet often
CODES = ("ab", "Ab", "äB", "b", "")

# table: (columns, key, foreign keys of (columns, parent, its columns, rule))
TABLES = {
    "x_tree": ("id parent_id boss_id", "id", [
        ("parent_id", "x_tree", "id", "cascade"),
        ("boss_id", "x_tree", "id", "set null")]),
    "x_left": ("id right_id", "id", [
        ("right_id", "x_right", "id", "cascade")]),
    "x_right": ("id left_id", "id", [
        ("left_id", "x_left", "id", "cascade")]),
    "x_pair": ("a b code", "a, b", []),
    "x_of_pair": ("id a b", "id", [("a, b", "x_pair", "a, b", "cascade")]),
    "x_may_pair": ("id a b", "id", [("a, b", "x_pair", "a, b", "set null")]),
    "x_of_code": ("id code", "id", [("code", "x_pair", "code", "cascade")]),
    "x_deep": ("id code_id tree_id", "id", [
        ("code_id", "x_of_code", "id", "cascade"),
        ("tree_id", "x_tree", "id", "cascade")]),
    "x_deeper": ("id deep_id pair_id", "id", [
        ("deep_id", "x_deep", "id", "cascade"),
        ("pair_id", "x_of_pair", "id", "set null")]),
    "x_deepest": ("id deeper_id", "id", [
        ("deeper_id", "x_deeper", "id", "set null")]),
}
# With these, rows are read again, ahead of the stream.
MORE = {
    **TABLES,
    "x_moves": ("id a b", "id", [
        ("a, b", "x_pair", "a, b", "cascade on update cascade")]),
    "x_renamed": ("id code", "id", [
        ("code", "x_pair", "code", "set null on update cascade")]),
    "x_of_moves": ("id moves_id", "id", [
        ("moves_id", "x_moves", "id", "cascade on update cascade")]),
    "x_out": ("id", "id", []),
    "x_mid": ("id out_id", "id", [("out_id", "x_out", "id", "cascade")]),
    "x_of_mid": ("id mid_id", "id", [("mid_id", "x_mid", "id", "cascade")]),
    "x_of_both": ("id mid_id of_id", "id", [
        ("mid_id", "x_mid", "id", "set null on update cascade"),
        ("of_id", "x_of_mid", "id", "cascade")]),
    "x_under": ("id tree_id", "id", [("tree_id", "x_tree", "id", "cascade")]),
    "x_of_under": ("id under_id", "id", [
        ("under_id", "x_under", "id", "cascade")]),
}
UNMAPPED = {"x_out", "x_mid", "x_under"}


def names(text):
    return text.replace(",", " ").split()


def create(tables):
    for table, (columns, key, _) in tables.items():
        yield (f"create table {table} (" + ", ".join(
            f"{c} varchar(20)" if c == "code" else f"{c} int"
            for c in names(columns)) + f", primary key ({key})" +
            (", unique (code)" if table == "x_pair" else "") + ")")
    for table in tables:
        yield from add_keys(table)


def add_keys(table):
    for n, (columns, parent, to, rule) in enumerate(MORE[table][2]):
        yield (f"alter table {table} add constraint {table}_{n} foreign key "
               f"({columns}) references {parent} ({to}) on delete {rule}")


def mapping(tables):
    lines = ["tables:"]
    for table, (columns, key, _) in tables.items():
        if table in UNMAPPED:
            continue
        # Texts of a key are compared by what their collation makes of them.
        types = ", ".join("code: text, code_key: text" if c == "code"
                          else f"{c}: bigint" for c in names(columns))
        lines += [f"  - source: {table}", f"    target: {table}",
                  f"    columns: {{{types}}}", f"    key: [{key}]"]
        if len(names(key)) > 1:  # no family has such a root
            lines += ["    kind: metadata", "    domain: metadata"]
        else:
            lines += ["    kind: row", "    domain: order",
                      f"    family: {table}", f"    link: {key}"]
    return "\n".join(lines) + "\n"


class Writer:
    """What it may not do is not done, as in a shop. fresh: an id that a
    cascade took is not used again, as those of Magento's tables never are."""

    def __init__(self, cursor, seed, tables, fresh=False):
        self.cursor, self.random = cursor, random.Random(seed)
        self.tables, self.last = tables, 0
        self.fresh = fresh

    def value(self, column, key):
        if column == "code":
            return self.random.choice(CODES) + str(self.random.randint(1, 4))
        if column not in key and self.random.random() < 0.2:
            return None
        if column in "ab":
            return self.random.randint(1, 4)
        return self.some_id()

    def some_id(self):
        return self.random.randint(max(self.last - IDS, 0) + 1,
                                   max(self.last, IDS))

    def new_id(self):
        self.last += 1
        return self.last

    def values(self, table, verb):
        columns, key, _ = self.tables[table]
        row = [self.value(c, names(key)) for c in names(columns)]
        if self.fresh and verb == "insert" and key == "id":
            row[0] = self.new_id()
        marks = ",".join(["%s"] * len(row))
        return (f"{verb} into {table} ({','.join(names(columns))}) "
                f"values ({marks})", row)

    def statement(self, table):
        columns, key, _ = self.tables[table]
        first = names(key)[0]
        what = self.random.choices(
            ("insert", "replace", "delete", "many", "move"),
            (60, 0 if self.fresh else 8, 12, 4, 16))[0]
        if what in ("insert", "replace"):
            return self.values(table, what)
        at = self.value(first, names(key))
        if what == "delete":
            return f"delete from {table} where {first} = %s", [at]
        if what == "many":
            return f"delete from {table} where {first} > %s", [at]
        column = self.random.choice(names(columns))
        to = self.value(column, names(key))
        if self.fresh and column == "id":
            to = self.new_id()
        return (f"update {table} set {column} = %s where {first} = %s",
                [to, at])

    def transaction(self):
        cursor, unchecked = self.cursor, self.random.random() < 0.1
        cursor.execute(f"set foreign_key_checks = {int(not unchecked)}")
        cursor.execute("begin")
        for _ in range(self.random.choice((1, 2, 5, 20))):
            try:
                cursor.execute(*self.statement(
                    self.random.choice(list(self.tables))))
            except (pymysql.err.IntegrityError, pymysql.err.OperationalError,
                    pymysql.err.DataError):
                pass
        cursor.execute(self.random.choice(["commit"] * 9 + ["rollback"]))


def assert_same(copy, tables, what):
    copy.cdc.wait_caught_up()
    servers.wait_until("nothing to read again", 60, lambda: copy.target.run(
        "select count(*) from ficus.refetch", copy.tdb)[0][0] == 0)
    seen = 0
    for table, (columns, _, _) in tables.items():
        if table in UNMAPPED:
            continue
        sql = f"select {','.join(names(columns))} from {table}"
        there = sorted(copy.source.run(sql, copy.sdb), key=repr)
        here = sorted(copy.target.run(sql, copy.tdb), key=repr)
        assert here == there, (what, table)
        seen += len(there)
    return seen


@pytest.fixture
def start(source, source_database, postgres, target_database, directory):
    """A shop with these tables, followed."""
    copy = shops.Copy(source, source_database, postgres, target_database,
                      directory, {"transform": {"extend": [
                          os.path.join(directory, "shapes.yaml")]}})

    def begin(tables):
        shops.fill(source, source_database, **shops.SMALL)
        source.script(create(tables), source_database)
        with open(os.path.join(directory, "shapes.yaml"), "w",
                  encoding="utf-8") as f:
            f.write(mapping(tables))
        copy.bootstrap()
        copy.cdc.start()
        copy.cdc.wait_streaming()
        return copy

    yield begin
    copy.cdc.kill()


@pytest.mark.parametrize("tables", [TABLES, MORE], ids=["alone", "more"])
def test_case_40_shapes(start, tables):
    """Followed as it comes, and as a backlog whose transactions are folded."""
    copy, seen = start(tables), 0
    with copy.session() as c, c.cursor() as cursor:
        writer = Writer(cursor, SEED, tables, fresh=tables is MORE)
        for n in range(4):
            for _ in range(40):
                writer.transaction()
            seen += assert_same(copy, tables, f"round {n}")
        copy.cdc.kill()
        for _ in range(80):
            writer.transaction()
        copy.cdc.start()
        seen += assert_same(copy, tables, "backlog")
    assert seen > 50


def test_case_45_keys_dropped_and_added(start):
    """While running, while cdc is behind, killed: deletes set off what the
    keys of their time say."""
    copy = start(TABLES)
    with copy.session() as c, c.cursor() as cursor:
        writer = Writer(cursor, SEED + 1, TABLES, fresh=True)

        def change():
            for table in ("x_of_pair", "x_deep", "x_tree"):
                cursor.execute("set foreign_key_checks = 0")
                cursor.execute(f"alter table {table} drop foreign key "
                               f"{table}_0")
                for _ in range(15):
                    writer.transaction()
                cursor.execute("set foreign_key_checks = 0")
                for sql in list(add_keys(table))[:1]:
                    cursor.execute(sql)
                for _ in range(15):
                    writer.transaction()

        change()
        assert_same(copy, TABLES, "running")
        copy.cdc.stop()
        change()
        copy.cdc.start()
        assert_same(copy, TABLES, "behind")
        change()
        copy.cdc.kill()
        copy.cdc.start()
        assert_same(copy, TABLES, "killed")
