"""Adds up JUnit files: prints failures, then `passed failed skipped`.

    python3 tests/lib/tally.py FILE… """

import sys
import xml.etree.ElementTree as ET


def cases(path):
    try:
        return list(ET.parse(path).getroot().iter("testcase"))
    except (OSError, ET.ParseError) as e:
        # A run that left no report is a failed run.
        print(f"FAILED {path}: no report ({e})", file=sys.stderr)
        return None


def main(paths):
    passed = failed = skipped = 0
    for path in paths:
        found = cases(path)
        if not found:
            failed += 1
            continue
        for case in found:
            name = f"{case.get('classname')}.{case.get('name')}"
            if case.find("failure") is not None or case.find(
                    "error") is not None:
                failed += 1
                print(f"FAILED {name}", file=sys.stderr)
            elif case.find("skipped") is not None:
                skipped += 1
                reason = case.find("skipped").get("message") or ""
                print(f"skipped {name}: {reason}", file=sys.stderr)
            else:
                passed += 1
    print(passed, failed, skipped)


main(sys.argv[1:])
