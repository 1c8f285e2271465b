"""Native JSON from the copy and from Magento: the same bytes.

Magento's side is what a real Magento 2.4.8 answered over a recorded session;
the source gets its database as of then, and the copy is made from that.
"""

import gzip
import json
import os
import re
import subprocess

import pytest

from tests.integration import shops
from tests.lib import programs

STATE = "state3_after_orders_cron"
# Prices of one instead of the row's sum: Magento's REST, not the records.
ROW_TOTALS = re.compile(
    r'"(rowTotal|baseRowTotal|rowTotalInclTax|baseRowTotalInclTax)":[^,}]*')
READS = re.compile(r"/rest/(all/)?V1/((?:customers|orders)/[1-9]\d{0,9}|"
                   r"(?:products|categories)/[^/?]+)")


def native_json(*args, body=None):
    done = subprocess.run(
        [os.path.join(programs.BUILD, "tests", "native_json"), *args],
        input=body, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().rstrip("\n").split("\n")


def answers(golden):
    """(native path, status, body) of each read of one entity; catalog reads
    in the default scope only."""
    name = os.path.join(golden, "responses", STATE + ".jsonl.gz")
    with gzip.open(name, "rt") as f:
        for line in map(json.loads, f):
            match = READS.fullmatch(line.get("url", ""))
            if (match and line["method"] == "GET"
                    and line["status"] in (200, 404)
                    and line["request_headers"].get("token") == "admin"
                    and line["body"].startswith("{")
                    and (match[1] or "/V1/customers" in line["url"]
                         or "/V1/orders" in line["url"])):
                yield match[2], line["status"], line["body"]


@pytest.fixture
def shop(shared, mariadb, postgres, target_database, directory):
    golden = os.path.join(shared, "magento", "golden")
    source_database = "golden_reads"
    mariadb.run(f"create database {source_database}")
    with open(os.path.join(golden, "before.sql.gz"), "rb") as f:
        mariadb.load(gzip.decompress(f.read()), source_database)
    name = os.path.join(golden, "responses", STATE + ".jsonl.gz")
    with gzip.open(name, "rt") as f:
        begin = json.loads(f.readline())
    events = subprocess.run(
        ["mariadb-binlog", f"--stop-position={begin['binlog_pos']}",
         f"--rewrite-db=magento->{source_database}",
         os.path.join(golden, begin["binlog_file"])],
        capture_output=True, check=True)
    mariadb.load(events.stdout, source_database)
    copy = shops.Copy(mariadb, source_database, postgres, target_database,
                      directory)
    copy.bootstrap()
    copy.cdc.start()
    try:
        copy.cdc.wait_streaming()
        yield copy, golden
    finally:
        copy.cdc.kill()
        mariadb.run(f"drop database {source_database}")


def test_the_copy_and_magento_give_the_same_bytes(shop):
    copy, golden = shop
    expected = list(answers(golden))
    assert len(expected) > 80
    conninfo = (f"host=127.0.0.1 port={copy.target.port} "
                f"user={copy.target.user} password={copy.target.password} "
                f"dbname={copy.tdb}")
    got = native_json("copy", conninfo, *(path for path, _, _ in expected))
    different = []
    for (path, status, body), ours in zip(expected, got, strict=True):
        theirs = "not_found"
        if status == 200:
            theirs = native_json("magento", path, body=body.encode())[0]
            ours = ROW_TOTALS.sub(r'"\1":null', ours)
        if ours != theirs:
            different.append(f"{path}\n  copy    {ours}\n  Magento {theirs}")
    assert not different, "\n".join(different)
