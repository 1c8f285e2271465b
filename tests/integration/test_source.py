"""The connection to the source, the stream and the head sampler against real
servers: tests/unit/cdc/test_source.c with one of each kind."""

import os
import subprocess

import pytest

from tests.lib import programs


@pytest.mark.sanitize
def test_source_program(source, source_database):
    program = os.path.join(programs.BUILD, "tests/unit/cdc/test_source")
    where = f"127.0.0.1 {source.port} root - {source_database}"
    done = subprocess.run(
        [program], env={**os.environ, "FICUS_TEST_MYSQL": where},
        capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
