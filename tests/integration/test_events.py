"""Every form in which the servers at hand write events: compressed, cut up,
partial, with tags. What they do not write has unit tests."""

import contextlib

import pytest

from tests.integration import shops
from tests.integration.test_stream import CASES


@contextlib.contextmanager
def settings(server, **values):
    """Global ones, as they were afterwards."""
    before = {name: server.run(f"select @@global.{name}")[0][0]
              for name in values}
    server.script([f"set global {n} = {v}" for n, v in values.items()])
    try:
        yield
    finally:
        for name, value in before.items():
            server.run(f"set global {name} = %s", args=(value,))


def event_types(server):
    """Of the log that is being written."""
    file = server.run("show binary logs")[-1][0]
    return {row[2] for row in server.run(f"show binlog events in '{file}'")}


@pytest.fixture
def copy(source, source_database, postgres, target_database, directory):
    with shops.running(source, source_database, postgres, target_database,
                       directory) as c:
        yield c


def compressed(server, min_length=256):
    """Whatever that server has of it; new sessions have it too."""
    if server.flavour == "mysql":
        return settings(server, binlog_transaction_compression=1)
    return settings(server, log_bin_compress=1,
                    log_bin_compress_min_len=min_length)


@pytest.mark.parametrize("min_length", [10, 256])
def test_case_80_82_compressed_transactions(copy, source, min_length):
    if source.flavour == "mysql" and min_length != 10:
        pytest.skip("MySQL has no such setting")
    source.run("flush binary logs")
    with compressed(source, min_length):
        for statements in CASES.values():
            copy.write(*statements)
        copy.write("update customer_entity set firstname = "
                   "concat(firstname, repeat('x', 200))")
    found = " ".join(event_types(source))
    assert "Transaction_payload" in found or "_compressed_v1" in found
    copy.assert_converged()
    # And by itself as before.
    copy.write("update customer_entity set lastname = 'plain again'")
    copy.assert_converged()
