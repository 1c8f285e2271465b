"""What cannot be kept is the same from snapshot and stream, and is counted by
table and column in both (hard cases 39, 109, 110)."""

import itertools
import re

import pytest

from tests.integration import shops
from tests.lib import programs

numbers = itertools.count(1)
# Д and what cp1251 has not; a NUL; the two characters "中文" in gbk.
ROW = ("update customer_entity set firstname = x'c498', lastname = x'610062', "
       "middlename = x'd6d0cec4', dob = '0000-00-00' where entity_id = {}")
KEPT = ("Д?", "ab", "中文", None)


def metric(copy, column, kind):
    text = programs.http(copy.cdc.url("/metrics")).body.decode()
    found = re.search(rf'^ficus_cdc_values_lost_total{{table="customer_entity"'
                      rf',column="{column}",kind="{kind}"}} (\d+)', text, re.M)
    return int(found.group(1)) if found else 0


def kept(copy, entity):
    return copy.target.run(
        "select firstname, lastname, middlename, dob from customers "
        "where entity_id = %s", copy.tdb, (entity,))[0]


@pytest.fixture
def copy(source, postgres, directory):
    name = f"lost{next(numbers)}"
    source.run(f"create database {name} character set utf8mb4")
    postgres.create_database(name)
    shops.fill(source, name, **shops.SMALL)
    source.script([
        "set sql_mode = ''",
        "alter table customer_entity modify firstname varchar(255) character "
        "set cp1251, modify middlename varchar(255) character set gbk",
        ROW.format(1)], name)
    copy = shops.Copy(source, name, postgres, name, directory)
    yield copy
    copy.cdc.kill()
    source.run(f"drop database {name}")
    postgres.drop_database(name)


@pytest.mark.slow
def test_case_39_110_snapshot_and_stream_lose_the_same(copy):
    said = copy.bootstrap().stderr
    for column, kind in [("firstname", "invalid_text"), ("lastname", "nul"),
                         ("dob", "zero_date")]:
        assert re.search(rf"customer_entity.*{column}.*{kind}", said), said
    assert kept(copy, 1) == KEPT
    copy.cdc.start()
    copy.cdc.wait_streaming()
    copy.source.script(["set sql_mode = ''", ROW.format(2)], copy.sdb)
    copy.cdc.wait_caught_up(60)
    assert kept(copy, 2) == KEPT
    assert metric(copy, "firstname", "invalid_text") >= 1
    assert metric(copy, "lastname", "nul") >= 1
    assert metric(copy, "dob", "zero_date") >= 1
    assert metric(copy, "middlename", "invalid_text") == 0
