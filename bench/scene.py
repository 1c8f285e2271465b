"""What the benchmarks share: private servers with a filled shop and its copy,
CPU and memory of processes, Markdown tables."""

import atexit
import os
import platform
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from tests.integration import shops  # noqa: E402
from tests.lib import programs, servers  # noqa: E402

DATABASE, TARGET = "shop", "ficus"
# Not what a test needs but what a shop would run: with fsync, and with
# memory and WAL for the load.
POSTGRES = ("fsync=on", "full_page_writes=on", "shared_buffers=512MB",
            "max_wal_size=8GB", "wal_compression=on", "wal_buffers=16MB",
            "checkpoint_timeout=30min", "max_connections=100")
MARIADB = ("--innodb-buffer-pool-size=1G", "--innodb-log-file-size=1G",
           "--max-binlog-size=1G")
TICKS = os.sysconf("SC_CLK_TCK")


def say(text):
    print(text, file=sys.stderr, flush=True)


def about():
    """The machine, to stand above a table."""
    with open("/proc/cpuinfo") as f:
        models = [x.split(":")[1].strip() for x in f
                  if x.startswith("model name")]
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    return (f"{models[0] if models else platform.machine()}, "
            f"{os.cpu_count()} cores, Linux {platform.release()}, "
            f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, "
            f"load average {load}")


def version(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout or done.stderr).splitlines()[0].strip()


def table(heads, rows):
    """A Markdown table; the first column is text, the others numbers."""
    print("| " + " | ".join(heads) + " |")
    print("| --- |" + " ---: |" * (len(heads) - 1))
    for row in rows:
        print("| " + " | ".join(str(x) for x in row) + " |", flush=True)
    print()


def number(value, digits=0):
    return f"{value:,.{digits}f}"


def stat(pid):
    """Parent, own CPU seconds, CPU seconds of ended children."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    own = int(fields[11]) + int(fields[12])
    ended = int(fields[13]) + int(fields[14])
    return int(fields[1]), own / TICKS, ended / TICKS


def cpu(pid):
    """CPU seconds of a process and its direct children, as PostgreSQL's
    backends and nginx's workers are."""
    _, own, ended = stat(pid)
    total = own + ended
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parent, own, _ = stat(entry)
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == pid:
                total += own
    return total


class Scene:
    """MariaDB with a shop, PostgreSQL; a copy when asked for."""

    def __init__(self, sizes, target=True):
        self.directory = tempfile.mkdtemp(prefix="bench-",
                                          dir=servers.scratch())
        self.source = servers.MariaDB(MARIADB).start()
        self.source.grant_replica()
        self.source.run(f"create database {DATABASE} character set utf8mb4 "
                        "collate utf8mb4_general_ci")
        self.target = None
        if target:
            self.target = servers.Postgres(POSTGRES).start()
            self.target.create_database(TARGET)
        begun = time.monotonic()
        shops.fill(self.source, DATABASE, **sizes)
        self.source.run("analyze table " + ", ".join(
            f"{DATABASE}.{t}" for t in (
                "catalog_product_entity_varchar", "sales_order_item",
                "catalog_product_entity_decimal", "sales_order_address")))
        say(f"shop filled in {time.monotonic() - begun:.0f} s: {sizes}")

    def copy(self, extra=None):
        """Bootstrapped, not yet streaming."""
        copy = shops.Copy(self.source, DATABASE, self.target, TARGET,
                          self.directory, extra)
        atexit.register(copy.cdc.kill)
        begun = time.monotonic()
        copy.bootstrap()
        say(f"bootstrap: {time.monotonic() - begun:.1f} s")
        self.target.run("analyze", TARGET)
        return copy

    def close(self):
        self.source.kill()
        if self.target:
            self.target.kill()


def sizes_of(arguments):
    return {"customers": arguments.customers, "products": arguments.products,
            "categories": 200, "orders": arguments.orders}


def size_options(parser, customers=20000, products=10000, orders=20000):
    parser.add_argument("--customers", type=int, default=customers)
    parser.add_argument("--products", type=int, default=products)
    parser.add_argument("--orders", type=int, default=orders)
