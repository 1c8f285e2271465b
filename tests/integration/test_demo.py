"""demo.sh as a newcomer runs it: no terminal, no arguments to know."""

import json
import os
import re
import subprocess
import tempfile

import pytest

from tests.lib import programs

DEMO = os.path.join(programs.ROOT, "demo.sh")


@pytest.fixture
def place():
    """Where PostgreSQL's user can go, which tmp_path is not."""
    with tempfile.TemporaryDirectory(prefix="ficus-demo-test-") as directory:
        yield os.path.join(directory, "data")


def run(place, *arguments):
    return subprocess.run(
        [DEMO, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=500, env={**os.environ, "FICUS_DEMO_DATA": place})


def running(place):
    """Command lines that name the demo's data."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as f:
                command = f.read()
        except OSError:
            continue
        if place in command:
            found.append(command)
    return found


@pytest.mark.slow
def test_shows_everything_and_cleans_up(place):
    os.chmod(os.path.dirname(place), 0o755)
    done = run(place)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-500:]
    assert done.stdout.rstrip().endswith("everything worked")
    assert not running(place) and not os.path.exists(place)


@pytest.mark.slow
def test_keep_leaves_it_running_until_stop(place):
    os.chmod(os.path.dirname(place), 0o755)
    try:
        done = run(place, "--keep")
        assert done.returncode == 0, done.stdout[-2000:]
        url = re.search(r"router +(http\S+)", done.stdout).group(1)
        answer = programs.http(
            url, headers={"Authorization": "Bearer demo-token"})
        assert answer.status == 200 and answer.json()["id"] == 1
        with open(os.path.join(place, "running.json")) as f:
            assert len(json.load(f)["pids"]) == 5
    finally:
        stopped = run(place, "--stop")
    assert stopped.returncode == 0 and "cdc stopped" in stopped.stdout
    assert not running(place) and not os.path.exists(place)
    assert "no demo is running" in run(place, "--stop").stdout


def test_usage():
    done = subprocess.run([DEMO, "--wrong"], capture_output=True, text=True)
    assert done.returncode == 2 and "usage" in done.stderr
