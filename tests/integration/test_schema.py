"""Schema over time: statements that change tables, between rows that are
written, while cdc follows, while it is behind, and while it is killed. The
numbers are those of docs/hard-cases.md."""

import contextlib
import itertools

import pytest

from tests.integration import shops
from tests.lib import compare, servers

numbers = itertools.count(1)
SOURCES = [("mariadb", "full"), ("mariadb", "no_log"), ("mysql", "full"),
           ("mysql", "minimal")]


def name_of(value):
    return "-".join(value) if isinstance(value, tuple) else None


@contextlib.contextmanager
def copied(request, which, postgres, directory):
    server, metadata = which
    source = request.getfixturevalue(server)
    name = f"schema{next(numbers)}"
    source.run(f"create database {name} character set utf8mb4 "
               "collate utf8mb4_general_ci")
    source.run(f"set global binlog_row_metadata = {metadata}")
    postgres.create_database(name)
    try:
        with shops.running(source, name, postgres, name, directory) as c:
            yield c
    finally:
        source.run("set global binlog_row_metadata = default")
        source.run(f"drop database if exists {name}")
        postgres.drop_database(name)


@pytest.fixture(scope="module", params=SOURCES, ids=name_of)
def copy(request, postgres, tmp_path_factory):
    """One copy that all cases of a server and its metadata go to in turn."""
    with copied(request, request.param, postgres,
                str(tmp_path_factory.mktemp("schema"))) as c:
        yield c


# What each case does, in SQL; {n} differs between the ways it is run. Columns
# that begin with x_ are none of the mapping's.
CASES = {
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
}


def run(copy, statements, n):
    for sql in statements:
        copy.write(sql.replace("{n}", str(n)))


@pytest.mark.parametrize("name", CASES)
def test_case(copy, name):
    run(copy, CASES[name], next(numbers))
    copy.assert_converged()


def test_behind(copy):
    """All is done before cdc reads any of it."""
    copy.cdc.stop()
    for name in CASES:
        run(copy, CASES[name], next(numbers))
    copy.cdc.start()
    copy.assert_converged()
