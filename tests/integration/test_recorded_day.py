"""The recorded day of a real Magento, written again on a private MariaDB while
cdc follows: 295 admin and REST steps with all their DDL and cascades."""

import os
import re
import subprocess

import pytest

from tests.integration import shops
from tests.integration.test_bootstrap import load_magento


@pytest.fixture
def copy(mariadb, postgres, target_database, directory, shared):
    # The log names its database: it must have this name here too.
    database = "magento"
    mariadb.run(f"create database {database} character set utf8mb4 "
                "collate utf8mb4_general_ci")
    load_magento(mariadb, database,
                 os.path.join(shared, "magento/golden/before.sql.gz"),
                 "mariadb")
    yield shops.Copy(mariadb, database, postgres, target_database, directory)
    mariadb.run(f"drop database {database}")


def replay(source, shared):
    """Row events through the server itself, so that its cascades run."""
    log = os.path.join(shared, "magento/golden/binlog.000002")
    events = subprocess.run(
        ["mariadb-binlog", "--start-position=365", log], capture_output=True)
    assert events.returncode == 0, events.stderr[-500:]
    # This server numbers its transactions itself; the log's old numbers would
    # repeat what it has used already.
    sql = re.sub(rb"(?m)^.*SET @@session\.gtid_seq_no=.*\n", b"",
                 events.stdout)
    source.load(sql, "magento")


@pytest.mark.slow
def test_the_copy_equals_the_shop_at_the_end_of_the_day(copy, shared):
    copy.bootstrap()
    copy.cdc.start()
    copy.cdc.wait_streaming()
    replay(copy.source, shared)
    copy.assert_converged()
    rows = copy.target.run(
        "select transactions from ficus.checkpoint order by seq desc limit 1",
        copy.tdb)
    assert rows[0][0] > 1000
    copy.cdc.kill()


@pytest.mark.slow
def test_the_same_read_as_a_backlog(copy, shared):
    """In one go: many transactions folded into few batches."""
    copy.bootstrap()
    replay(copy.source, shared)
    copy.cdc.start()
    copy.assert_converged()
    copy.cdc.kill()


def test_a_table_rebuilt_by_create_like_and_rename_of_others_is_no_harm(copy):
    """What a reindex does all day."""
    copy.bootstrap()
    copy.cdc.start()
    copy.cdc.wait_streaming()
    copy.source.script([
        "create table idx_replica like catalog_category_product_index",
        "insert into idx_replica select * from catalog_category_product_index",
        "rename table catalog_category_product_index to idx_outdated, "
        "idx_replica to catalog_category_product_index, "
        "idx_outdated to idx_replica",
        "truncate table idx_replica", "drop table idx_replica"], "magento")
    copy.assert_converged()
    assert copy.cdc.running()
    copy.cdc.kill()
