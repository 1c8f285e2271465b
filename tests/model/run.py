"""Random histories through the transform and the applier.

    python3 -m tests.model.run [--seed N] [--histories N] [--seconds N]
    python3 -m tests.model.run --replay FILE

Says which seed fails, shrinks its history and writes it down as JSON.
"""

import argparse
import json
import os
import random
import sys
import time

from tests.lib import servers
from tests.model import history, play


class Postgres(servers.Postgres):
    """Nothing needs to outlive the run."""

    def __init__(self):
        super().__init__(["synchronous_commit=off", "jit=off",
                          "autovacuum_naptime=5s"])


FOUND = os.path.join(os.path.dirname(__file__), "found")


def found_names():
    """Of the histories that once went wrong."""
    return sorted(os.path.splitext(name)[0] for name in os.listdir(FOUND))


def found(name):
    with open(os.path.join(FOUND, name + ".json")) as f:
        return json.load(f)


def run(drive, first, histories=None, seconds=None, log=print):
    """How many were played, and the first that went wrong, or None."""
    end = time.monotonic() + seconds if seconds else None
    seed = first
    while (histories is None or seed < first + histories) and (
            end is None or time.monotonic() < end):
        made = history.Maker(seed).make()
        wrong = play.play(drive, made)
        if wrong:
            log(f"seed {seed}: {wrong}")
            return seed - first, made
        seed += 1
    return seed - first, None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--histories", type=int)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--replay")
    parser.add_argument("--out", default="model-failure.json")
    parser.add_argument("--keep-going", action="store_true")
    parser.add_argument("--binary")
    args = parser.parse_args()
    server = Postgres()
    server.start()
    try:
        drive = play.Drive(server, binary=args.binary)
        if args.replay:
            with open(args.replay) as f:
                wrong = play.play(drive, json.load(f))
            print(wrong or "equal")
            return 1 if wrong else 0
        begun = time.monotonic()
        print(f"seed {args.seed}")
        count, failed = run(drive, args.seed, args.histories, args.seconds)
        took = time.monotonic() - begun
        print(f"{count} histories in {took:.1f} s, {count / took:.0f}/s")
        if failed is None:
            return 0
        short = play.shrink(drive, failed)
        with open(args.out, "w") as f:
            json.dump(short, f)
        print(json.dumps(short))
        print(play.play(drive, short))
        return 1
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
