#!/usr/bin/python3
"""docs/hard-cases.md against the tests: see tests/check_hard_cases.sh."""

import os
import re
import sys

NUMBERS = [*range(1, 99), *range(140, 167)]
PAGE = "docs/hard-cases.md"
# A test's name, or the key of a case that a test is run with.
TRAPS = range(1, 23)
TRAP = re.compile(r'trap((?:_\d+)+)_[a-z]')
NAMED = re.compile(r'\b(?:test_)?case((?:_\d+)+)_[a-z]|'
                   r'"(\d+(?:_\d+)*)_[a-z]\w*":')
TESTED = "tested"


def tested(pattern):
    """Numbers that the names of tests carry."""
    found = set()
    for folder, _, names in os.walk("tests"):
        for name in names:
            if name.endswith((".c", ".py")):
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    for match in pattern.finditer(f.read()):
                        found.update(int(n) for n in
                                     "".join(filter(None, match.groups()))
                                     .split("_") if n)
    return found


def rows():
    """(kind, number), what the page says of it; kind: of its last heading"""
    kind = "case"
    with open(PAGE, encoding="utf-8") as f:
        for line in f:
            if line.startswith("## "):
                kind = "trap" if line.startswith("## Traps") else "case"
            cells = [c.strip() for c in line.split("|")]
            if len(cells) == 5 and cells[1].isdigit():
                yield (kind, int(cells[1])), cells[3]


def main():
    names = {"case": tested(NAMED), "trap": tested(TRAP)}
    wrong, seen = [], {}
    for which, says in rows():
        if which in seen:
            wrong.append(f"{which[0]} {which[1]} stands there twice")
        seen[which] = says
    for which in ([("case", n) for n in NUMBERS] +
                  [("trap", n) for n in TRAPS]):
        says = seen.get(which)
        kind, number = which
        if not says:
            wrong.append(f"{kind} {number} is missing")
        elif says == TESTED and number not in names[kind]:
            wrong.append(f"{kind} {number} says it is tested: no test has its "
                         "number")
    for problem in wrong:
        print(f"{PAGE}: {problem}")
    count = sum(says == TESTED for says in seen.values())
    print(f"{len(seen)} cases and traps, {count} with tests of their number")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
