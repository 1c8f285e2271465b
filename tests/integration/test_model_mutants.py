"""The histories of tests/model/ find each of the bugs planted by
tests/model/mutants.py."""

import pytest

from tests.model import mutants

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def builder():
    return mutants.Builder()


@pytest.mark.parametrize("name", mutants.MUTANTS)
def test_planted_bug_is_found(name, postgres, builder):
    database = f"mutant_{name}"[:60]
    try:
        assert mutants.hunt(postgres, name, database, builder)
    finally:
        postgres.drop_database(database)
