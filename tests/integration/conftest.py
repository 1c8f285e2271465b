"""Fixtures: real servers, one of each kind per session; a fresh database per
test. Files run in several processes at once, each with its own servers, on
one machine."""

import collections
import itertools
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

from tests.lib import programs, servers  # noqa: E402

SHARED = os.environ.get("FICUS_SHARED") or os.path.join(
    os.path.dirname(programs.ROOT), "shared")
numbers = itertools.count(1)
servers.leash[:] = servers.BOUND


def is_repetition(item):
    """--quick runs the same test on one server; test_stream on both."""
    name = getattr(item, "callspec", None) and item.callspec.id or ""
    return "mysql" in name and (item.path.name != "test_stream.py" or
                                "file" in name)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Long files first, so that no process is left alone with one."""
    for item in items:
        if is_repetition(item):
            item.add_marker(pytest.mark.slow)
    weights = collections.Counter()
    for item in items:
        slow = item.get_closest_marker("slow")
        weights[item.path] += 5 if slow else 1
    items.sort(key=lambda item: (-weights[item.path], str(item.path)))


def started(server):
    try:
        server.start()
    except servers.Unavailable as e:
        pytest.skip(str(e))
    if isinstance(server, servers.Source):
        server.grant_replica()
    return server


@pytest.fixture(scope="session")
def mariadb():
    server = started(servers.MariaDB())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mariadb118():
    server = started(servers.MariaDB118())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mysql():
    server = started(servers.MySQL())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres():
    server = started(servers.Postgres())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres17():
    server = started(servers.Postgres17())
    yield server
    server.stop()


@pytest.fixture(params=["mariadb", "mysql"])
def source(request):
    """Either source server, by turns."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def source_database(source):
    """Name of an empty database on the source, dropped afterwards."""
    name = f"shop{next(numbers)}"
    source.run(f"create database {name} character set utf8mb4 "
               "collate utf8mb4_general_ci")
    yield name
    source.run(f"drop database {name}")


@pytest.fixture
def target_database(postgres):
    """Name of an empty database on the target, dropped afterwards."""
    name = f"copy{next(numbers)}"
    postgres.create_database(name)
    yield name
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def shared():
    """The folder of recorded facts beside the project."""
    if not os.path.isdir(SHARED):
        pytest.skip(f"{SHARED} is not here")
    return SHARED


@pytest.fixture
def directory(tmp_path, request):
    """For configuration and logs; shown when a test fails."""
    yield str(tmp_path)
    if getattr(request.node, "failed_call", False):
        for log in sorted(tmp_path.glob("*.log")):
            print(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        item.failed_call = True
