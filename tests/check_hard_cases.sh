#!/bin/bash
# Every hard case of docs/hard-cases.md that is "tested" has a test with its
# number in the name (case_21, case_21_22); every other says why it has none.
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 tests/check_hard_cases.py
