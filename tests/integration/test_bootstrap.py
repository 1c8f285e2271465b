"""cdc --bootstrap against real servers, compared value by value."""

import gzip
import os
import re
import signal
import time

import psycopg
import pytest

from tests.integration import shops
from tests.lib import servers


@pytest.fixture
def copy(source, source_database, postgres, target_database, directory):
    shops.fill(source, source_database, **shops.SMALL)
    return shops.Copy(source, source_database, postgres, target_database,
                      directory)


@pytest.mark.sanitize
def test_every_value_arrives(copy):
    copy.bootstrap()
    copy.assert_equal()


def test_file_positions(source, source_database, postgres, target_database,
                        directory):
    shops.fill(source, source_database, **shops.SMALL)
    copy = shops.Copy(source, source_database, postgres, target_database,
                      directory, {"source": {"position_mode": "file"}})
    copy.bootstrap()
    copy.assert_equal()
    start = postgres.run("select start_position from ficus.bootstrap",
                         target_database)[0][0]
    assert start.startswith("file:mysql-bin.")


def test_a_second_one_is_refused(copy):
    copy.bootstrap()
    done = copy.bootstrap(code=3)
    assert "run cdc" in done.stderr


def test_filled_tables_are_refused(copy):
    assert copy.cdc.call("--migrate").returncode == 0
    copy.target.run("insert into customers (entity_id) values (7)", copy.tdb)
    done = copy.bootstrap(code=3)
    assert "customers" in done.stderr and "empty" in done.stderr


def test_without_a_checkpoint_cdc_says_what_to_run(copy):
    done = copy.cdc.call()
    assert done.returncode == 3
    assert "cdc --bootstrap" in done.stderr.strip().splitlines()[-1]


def chunks_done(copy):
    try:
        return copy.target.run("select count(*) from ficus.chunks where "
                               "done_at is not null", copy.tdb)[0][0]
    except psycopg.Error:
        return 0  # not migrated yet


def test_case_30_killed_and_run_again_it_goes_on(copy):
    """Each run gets one chunk further and is killed; done chunks stay."""
    with copy.session() as c, c.cursor() as cursor:
        cursor.executemany(
            "insert into customer_entity (email, website_id, firstname, "
            "lastname) values (%s, 1, 'a', 'b')",
            [(f"more{n}@example.com",) for n in range(12000)])
    kills = done = 0
    while kills < 8:
        copy.cdc.start("--bootstrap")
        servers.wait_until("a chunk", 30, lambda: chunks_done(copy) > done or
                           not copy.cdc.running(), 0.001)
        if not copy.cdc.running():
            break
        copy.cdc.kill()
        now = chunks_done(copy)
        assert now >= done
        kills, done = kills + 1, now
    assert kills >= 2
    copy.cdc.call("--bootstrap")
    copy.assert_equal()


def test_case_29_31_writes_during_the_copy_converge(copy):
    """What is written while chunks are read is replayed over them."""
    copy.cdc.start("--bootstrap", "--follow")
    for n in range(40):
        copy.write(
            f"update customer_entity set firstname = 'n{n}' where "
            f"entity_id % 5 = {n % 5}",
            f"insert into catalog_product_entity (sku) values ('during{n}')",
            f"delete from sales_order where entity_id = {n + 1}",
            f"delete from catalog_product_entity where entity_id = {n + 1}")
    copy.cdc.wait_streaming()
    copy.assert_converged()
    copy.cdc.kill()


def load_magento(source, database, dump, flavour):
    """The recorded shop; MySQL lacks MariaDB's newer collation names."""
    if dump.endswith(".gz"):
        with gzip.open(dump) as f:
            data = f.read()
    else:
        with open(dump, "rb") as f:
            data = f.read()
    for account in ("magento@'%'", "magento@localhost"):
        source.run(f"create user if not exists {account}")
        source.run(f"grant all on *.* to {account}")
    if flavour == "mysql":
        data = re.sub(rb"utf8mb4_uca1400_\w+", b"utf8mb4_0900_ai_ci", data)
        data = re.sub(rb"/\*M!\d+.*?\*/;?", b"", data)
    source.load(data, database)


@pytest.mark.parametrize("dump", [
    "magento/magento-2.4.8-mariadb.sql", "magento/golden/before.sql.gz"])
def test_a_real_magento(source, source_database, postgres, target_database,
                        directory, shared, dump):
    load_magento(source, source_database, os.path.join(shared, dump),
                 source.flavour)
    copy = shops.Copy(source, source_database, postgres, target_database,
                      directory)
    copy.bootstrap()
    copy.assert_equal()
    rows = postgres.run("select count(*) from product_values", target_database)
    assert rows[0][0] > 20


def test_case_151_nothing_secret_arrives(copy):
    """Planted texts are nowhere in the target, in the log, in --print."""
    copy.bootstrap()
    tables = copy.target.run(
        "select format('%I.%I', schemaname, tablename) from pg_tables where "
        "schemaname in ('public', 'ficus')", copy.tdb)
    for (table,) in tables:
        hits = copy.target.run(
            f"select count(*) from {table} t where t::text like "
            "'%%planted-secret%%'", copy.tdb)
        assert hits[0][0] == 0, table
    copy.cdc.start("--print")
    time.sleep(1)
    copy.write("update customer_entity set rp_token = 'planted-secret-x', "
               "firstname = 'seen'")
    servers.wait_until("printed", 20,
                       lambda: "seen" in copy.cdc.log_text())
    copy.cdc.signal(signal.SIGTERM)
    copy.cdc.process.wait(5)
    assert "planted-secret" not in copy.cdc.log_text()
    assert servers.PASSWORD not in copy.cdc.log_text()


def test_case_141_locks_that_are_not_to_be_had(mysql, postgres,
                                               target_database, directory):
    """No FLUSH TABLES WITH READ LOCK, for which our user has no privilege
    anyway; the short lock of the metadata tables gives up, says so, and is
    tried again."""
    mysql.run("create database locked")
    try:
        shops.fill(mysql, "locked", **shops.SMALL)
        copy = shops.Copy(mysql, "locked", postgres, target_database,
                          directory)
        with copy.session() as c, c.cursor() as cursor:
            cursor.execute("lock tables store write")
            copy.cdc.start("--bootstrap")
            servers.wait_until(
                "the lock given up", 60, lambda: (
                    "locking the metadata tables" in copy.cdc.log_text()))
        if copy.cdc.process.wait(60) != 0:
            copy.bootstrap()
        copy.assert_equal()
    finally:
        copy.cdc.kill()
        mysql.run("drop database locked")
