#!/usr/bin/env python3
"""Runs test_http_vectors on the research's own request vectors, if they are
there: FICUS_HTTP_VECTORS, or ../shared/research/http_vectors.json beside the
source tree. Usage: shared_vectors.py PROGRAM SOURCE_ROOT; exit 77 = skipped."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

STATUS = {"pass": "pass", "legacy": "pass"}  # others state it: "400c" → 400
LONG = {  # described in words only
    "hdr-100k": r"GET / HTTP/1.1\r\nHost: a\r\nX: \{a*100000}\r\n\r\n",
    "hdr-count-2000": r"GET / HTTP/1.1\r\nHost: a\r\n\{X: y\r\n*2000}\r\n",
    "uri-20k": r"GET /\{a*20000} HTTP/1.1\r\nHost: a\r\n\r\n",
}


def escape(raw):
    return "".join(
        chr(b) if 0x20 < b < 0x7F and b != 0x5C else f"\\x{b:02x}"
        for b in raw.encode("latin-1"))


def line(vector):
    expect = vector["expect"]
    verdict = STATUS.get(expect, expect.rstrip("c"))
    raw = vector["bytes_latin1"]
    text = LONG[vector["id"]] if raw is None else escape(raw)
    return f"{verdict} {vector['id']} {text}\n"


def main(program, root):
    path = pathlib.Path(os.environ.get(
        "FICUS_HTTP_VECTORS",
        f"{root}/../shared/research/http_vectors.json"))
    if not path.exists():
        print(f"skipped: no {path}")
        return 77
    vectors = json.loads(path.read_text())["request_vectors"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(line(v) for v in vectors)
        file.flush()
        print(f"{len(vectors)} vectors of {path}")
        env = dict(os.environ, FICUS_HTTP_REQUESTS=file.name,
                   CMOCKA_MESSAGE_OUTPUT="STDOUT")
        return subprocess.run([program], env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
