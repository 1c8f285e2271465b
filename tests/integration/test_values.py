"""Every type and character set: what the log holds is what SELECT prints, and
what the snapshot reads is the same, byte by byte."""

import os
import random

import pymysql
import pytest

from tests.lib import random_tables, values

pytestmark = pytest.mark.slow

TOO_MANY_COLUMNS = 1118  # row size too large
SERVERS = ["mariadb", "mysql", "mariadb118"]
LEVELS = {"mariadb": ["full", "no_log"], "mysql": ["full", "minimal"]}


@pytest.fixture(params=SERVERS)
def server(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def bench(server, tmp_path):
    """An empty database whose log can be read."""
    name = f"values{tmp_path.name[-6:]}".replace("-", "_").lower()
    server.run(f"create database {name} character set utf8mb4")
    bench = values.Values(server, name, str(tmp_path))
    yield bench
    bench.close()
    server.run(f"drop database {name}")


def create(bench, name, columns):
    """Without the columns that are too many for one row."""
    while True:
        ddl = ", ".join(f"{c.name} {c.ddl}" for c in columns)
        try:
            bench.execute(f"create table {name} ({ddl}, primary key (id))")
            return
        except pymysql.Error as e:
            if e.args[0] != TOO_MANY_COLUMNS:
                raise
            columns.pop()


def fill(bench, made, name, columns, count):
    names = ", ".join(c.name for c in columns if c.written)
    for first in range(0, count, 50):
        rows = ",".join(made.rows(columns, first, 50))
        bench.execute(f"insert ignore into {name} ({names}) values {rows}")


def show(value):
    if value is None:
        return "NULL"
    return repr(value if len(value) <= 60 else value[:60]) + \
        ("" if len(value) <= 60 else f"… ({len(value)} bytes)")


def differences(columns, got, want):
    """By column: the definition and the shortest value that differs."""
    found = {}
    for ours, theirs in zip(got, want):
        if ours == theirs:
            continue
        for column, a, b in zip(columns, ours, theirs):
            if "zerofill" in column.ddl:
                b = values.without_zeros(b)
            size = len(a or b"") + len(b or b"")
            if a != b and size < found.get(column.name, (1 << 40,))[0]:
                found[column.name] = (
                    size, f"{column.name} {column.ddl[:100]}: log {show(a)}, "
                    f"SELECT {show(b)}")
    return [text for _, text in found.values()]


def compare(bench, tables):
    """Of all tables: values compared, and what differs."""
    stream = bench.decode()
    count, wrong = 0, []
    for name, columns in tables.items():
        names = ", ".join(c.name for c in columns)
        sql = f"select {names} from {name} order by id"
        want = bench.execute(sql)
        path = os.path.join(stream, name)
        got = list(values.parse(path, len(columns)))
        count += len(want) * len(columns)
        if len(got) != len(want):
            wrong.append(f"{name}: {len(got)} rows, not {len(want)}")
        wrong += [f"{name}.{d}" for d in differences(columns, got, want)]
        read = bench.snapshot(sql)
        with open(path, "rb") as a, open(read, "rb") as b:
            if want and a.read() != b.read():
                wrong.append(f"{name}: snapshot and log differ")
                wrong += differences(columns, got, values.parse(
                    read, len(columns)))
    return count, wrong


def random_round(bench, level, seed, tables, rows):
    """The seed is in the message, so that a failure can be had again."""
    with values.metadata(bench.server, level):
        bench.start_log()
        made = random_tables.Random(seed, bench.server, level == "full")
        all_columns = {}
        for i in range(tables):
            columns = made.table(made.r.randint(6, 30))
            create(bench, f"t{i}", columns)
            fill(bench, made, f"t{i}", columns, rows)
            all_columns[f"t{i}"] = columns
    count, wrong = compare(bench, all_columns)
    print(f"seed {seed}, metadata {level}: {count} values")
    assert not wrong, f"seed {seed}, metadata {level}:\n" + \
        "\n".join(wrong[:20])
    return count


def seed_of_run():
    """The same each time, unless FICUS_SEED is a number or "random"."""
    seed = os.environ.get("FICUS_SEED") or "1"
    return random.randrange(10**9) if seed == "random" else int(seed)


@pytest.mark.parametrize("which", [0, 1])
def test_random_values(bench, which):
    level = LEVELS[bench.server.flavour][which]
    assert random_round(bench, level, seed_of_run(), 15, 50) > 5_000


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1])
def test_many_random_values(bench, which):
    """A million in all: three servers, with and without metadata."""
    level = LEVELS[bench.server.flavour][which]
    seed, count = seed_of_run(), 0
    while count < 180_000:
        count += random_round(bench, level, seed, 20, 300)
        seed += 1
        bench.reset()
