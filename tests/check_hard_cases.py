#!/usr/bin/python3
"""docs/hard-cases.md against the tests: see tests/check_hard_cases.sh."""

import os
import re
import sys

NUMBERS = [*range(1, 99), *range(140, 167)]
PAGE = "docs/hard-cases.md"
# A test's name, or the key of a case that a test is run with.
NAMED = re.compile(r'\b(?:test_)?case((?:_\d+)+)_[a-z]|'
                   r'"(\d+(?:_\d+)*)_[a-z]\w*":')
TESTED = "tested"


def tested():
    """Numbers that the names of tests carry."""
    found = set()
    for folder, _, names in os.walk("tests"):
        for name in names:
            if name.endswith((".c", ".py")):
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    for a, b in NAMED.findall(f.read()):
                        found.update(int(n) for n in (a or b).split("_")
                                     if n)
    return found


def rows():
    """number: what the page says of it"""
    with open(PAGE, encoding="utf-8") as f:
        for line in f:
            cells = [c.strip() for c in line.split("|")]
            if len(cells) == 5 and cells[1].isdigit():
                yield int(cells[1]), cells[3]


def main():
    names, wrong, seen = tested(), [], {}
    for number, says in rows():
        if number in seen:
            wrong.append(f"{number} stands there twice")
        seen[number] = says
    for number in NUMBERS:
        says = seen.get(number)
        if not says:
            wrong.append(f"{number} is missing")
        elif says == TESTED and number not in names:
            wrong.append(f"{number} says it is tested: no test has its number")
    for problem in wrong:
        print(f"{PAGE}: {problem}")
    count = sum(says == TESTED for says in seen.values())
    print(f"{len(seen)} cases, {count} with tests of their number")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
