"""The unit test programs that want a PostgreSQL server, with a real one.

Run by meson alone they report a skip; here they get FICUS_TEST_PG."""

import functools
import json
import os
import subprocess

import pytest

from tests.lib import programs

VARIABLE = "FICUS_TEST_PG"


@functools.cache
def wanting():
    """meson's name → command and environment, of tests with the variable."""
    if not os.path.exists(os.path.join(programs.BUILD, "build.ninja")):
        return {}
    listed = subprocess.run(["meson", "introspect", "--tests", programs.BUILD],
                            check=True, capture_output=True, text=True)
    found = {}
    for test in json.loads(listed.stdout):
        if not os.path.exists(test["cmd"][0]):
            continue
        with open(test["cmd"][0], "rb") as f:
            if VARIABLE.encode() in f.read():
                found[test["name"]] = test["cmd"], test["env"]
    return found


QUICK = {"pg", "apply", "prepared"}


def test_they_are_found():
    assert {"pg", "apply"} <= set(wanting())


@pytest.mark.sanitize
@pytest.mark.parametrize("name", [
    name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
    for name in wanting()])
def test_c_program(name, postgres, target_database):
    command, env = wanting()[name]
    conninfo = (f"host=127.0.0.1 port={postgres.port} user={postgres.user} "
                f"password={postgres.password} dbname={target_database}")
    done = subprocess.run(
        command, env=os.environ | env | {VARIABLE: conninfo,
                                         "CMOCKA_MESSAGE_OUTPUT": "STDOUT"},
        capture_output=True, text=True, errors="replace", timeout=300,
        cwd=programs.ROOT, check=False)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text[-6000:]
    assert "SKIP" not in text and "PASSED" in text, text[-2000:]
