"""Random histories through the transform and the applier, compared with a
serial oracle at every commit (tests/model/), and the histories that once went
wrong, as short as they could be made."""

import json
import os
import random

import pytest

from tests.model import history, play, run

HISTORIES = 150


def first_seed():
    """The same each time, unless FICUS_SEED is a number or "random"."""
    seed = os.environ.get("FICUS_SEED") or "1"
    return 1000 * (random.randrange(10**6) if seed == "random"
                   else int(seed))


@pytest.fixture(scope="module")
def drive(postgres):
    drive = play.Drive(postgres, "model")
    yield drive
    drive.close()
    postgres.drop_database("model")


@pytest.mark.parametrize("name", sorted(run.found_names()))
def test_found(drive, name):
    assert play.play(drive, run.found(name)) is None


def test_random_histories(drive, directory):
    count, failed = run.run(drive, first_seed(), HISTORIES)
    if failed:
        path = os.path.join(directory, "history.json")
        with open(path, "w") as f:
            json.dump(play.shrink(drive, failed, 30), f)
        pytest.fail(f"seed {first_seed() + count}: history in {path}: "
                    f"{open(path).read()[:3000]}")


def test_a_history_is_made_of_its_seed_alone():
    assert history.Maker(7).make() == history.Maker(7).make()
    assert history.Maker(7).make() != history.Maker(8).make()
