"""The journey: what a newcomer is shown, and what a test checks.

    python3 demo/journey.py [--keep | --stop]     (demo.sh builds first)

Each step is a function on a Stage, which holds everything that runs: the two
servers, the stand-in for Magento, cdc and router. A step says what it does
and raises Failed when that does not come true.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from demo import shop  # noqa: E402
from tests.lib import programs, servers  # noqa: E402

PLACE = os.environ.get("FICUS_DEMO_DATA") or os.path.join(
    ROOT, "build", "demo-data")
PIDS = os.path.join(PLACE, "running.json")
SIZES = {"customers": 300, "products": 200, "categories": 30, "orders": 250}


class Failed(Exception):
    """A step did not come true; the text is for the reader."""


def say(text=""):
    print(text, flush=True)


def heading(text):
    say(f"\n== {text}")


def need(condition, text):
    if not condition:
        raise Failed(text)


def port_of(preferred):
    """The documented port if it is free, so that the README's commands work
    beside the demo as they stand."""
    with contextlib.closing(servers.socket.socket()) as s:
        s.setsockopt(servers.socket.SOL_SOCKET,
                     servers.socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            s.bind(("127.0.0.1", preferred))
            return preferred
    return servers.free_port()


class Magento:
    """The stand-in for Magento's HTTP API, as a process of its own."""

    def __init__(self, source, database, directory, port=None):
        self.port = port or servers.free_port()
        self.log = os.path.join(directory, "standin.log")
        self.command = [
            "/usr/bin/python3", os.path.join(ROOT, "demo", "standin.py"),
            "--port", str(self.port), "--db-port", str(source.port),
            "--database", database]
        self.process = None

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        servers.wait_until("the stand-in for Magento", 20, lambda: programs
                           .http(self.url("/rest/V1/store/storeViews")))
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Client:
    """Somebody with a token. `route` of an answer is where it came from."""

    def __init__(self, router, token):
        self.router = router
        self.headers = {"Authorization": f"Bearer {token}"}

    def ask(self, path, method="GET", body=None, timeout=10):
        begun = time.monotonic()
        answer = programs.http(self.router.url(path), method, body,
                               self.headers, timeout)
        answer.ms = (time.monotonic() - begun) * 1000
        answer.route = answer.headers.get("X-Ficus-Route", "")
        return answer

    def get(self, path):
        return self.ask(path)

    def get_from(self, where, path, seconds=10):
        """Ask until the answer comes from there (copy or magento); every
        answer on the way must be a good one."""
        end = time.monotonic() + seconds
        while True:
            answer = self.ask(path)
            need(answer.status == 200, f"GET {path}: {answer.status} "
                 f"({answer.route}): {answer.body[:200]!r}")
            if answer.route.split(";")[0] == where:
                return answer
            need(time.monotonic() < end, f"GET {path} did not come from "
                 f"{where} within {seconds} s but by {answer.route}")
            time.sleep(0.02)


def show(answer, request, note=""):
    say(f"   {request:<42} {answer.status}  {answer.route:<32} "
        f"{answer.ms:6.1f} ms  {note}")


class Stage:
    """Everything that runs. The servers are the caller's."""

    def __init__(self, source, target, directory, database="magento",
                 target_database="ficus", ports=None, extra=None):
        ports = ports or {}
        self.source, self.target = source, target
        self.directory, self.database = directory, database
        self.target_database = target_database
        self.magento = Magento(source, database, directory,
                               ports.get("magento"))
        self.cdc = programs.Cdc(source, target, directory, database,
                                target_database, extra)
        if "cdc" in ports:
            self.cdc.metrics_port = ports["cdc"]
            self.cdc.config["metrics"]["listen"] = \
                f"127.0.0.1:{ports['cdc']}"
        self.router = self.new_router(ports=ports, extra=extra)
        self.routers = [self.router]
        self.client = Client(self.router, "demo-token")

    def new_router(self, name=None, ports=None, extra=None):
        """A further router on the same copy."""
        router = programs.Router(
            self.target, self.magento.port, self.directory,
            programs.merge({"router": {
                "trusted_peers": "127.0.0.0/8",
                "fence_secret": "the same for all routers",
                "allow_auth_none": False}}, extra),
            name, self.target_database)
        for key, what in (("router", "port"), ("admin", "admin_port")):
            if ports and key in ports:
                setattr(router, what, ports[key])
        router.config["router"]["listen"] = f"127.0.0.1:{router.port}"
        router.config["router"]["admin"]["listen"] = \
            f"127.0.0.1:{router.admin_port}"
        return router

    def fill(self, **sizes):
        with self.source.connect(self.database) as c:
            shop.create(c)
            shop.Shop(c).fill(**(sizes or SIZES))

    def bootstrap(self):
        done = self.cdc.call("--bootstrap")
        need(done.returncode == 0, "cdc --bootstrap failed: " +
             done.stderr[-600:])
        return done

    def start(self):
        self.cdc.start()
        self.cdc.wait_streaming()
        self.magento.start()
        self.router.start()
        self.router.wait_ready()

    def stop(self):
        for router in self.routers:
            router.kill()
        self.cdc.kill()
        self.magento.stop()

    def flag(self, setting, reason="the journey"):
        done = self.router.call("--flag", setting, "--reason", reason)
        need(done.returncode == 0, f"router --flag {setting} failed: " +
             done.stderr[-600:])

    def all_from_copy(self, client=None, seconds=30):
        """Flags on, the client authorised, reads from the copy."""
        self.flag("all=on")
        client = client or self.client
        for path in ("/api/v1/customers/1", "/api/v1/products/SKU-00001",
                     "/api/v1/categories/3", "/api/v1/orders/1"):
            client.get_from("copy", path, seconds)


# --- the steps

def switch_on(stage):
    heading("All flags on: reads of a known token come from the copy")
    stage.flag("all=on", "demo")
    flags = stage.router.admin("/flags")
    servers.wait_until("the router to see the flags", 5, lambda: all(
        f["enabled"] for f in programs.http(flags).json()["flags"]))
    first = stage.client.get("/api/v1/customers/1")
    show(first, "GET  /api/v1/customers/1",
         "Magento authorises a token first")
    need(first.status == 200, f"the first read failed: {first.body[:200]!r}")
    for path in ("/api/v1/customers/1", "/api/v1/products/SKU-00001",
                 "/api/v1/categories/3", "/api/v1/orders/1"):
        show(stage.client.get_from("copy", path), "GET  " + path)


def create_customer(stage, path="/rest/V1/customers", email=None):
    heading("A customer is created through the router")
    email = email or f"ada.{int(time.time() * 1000)}@example.com"
    made = stage.client.ask(path, "POST", {
        "customer": {"email": email, "firstname": "Ada",
                     "lastname": "Lovelace", "website_id": 1,
                     "store_id": 1, "addresses": []}})
    show(made, "POST " + path, email)
    need(made.status == 200, f"POST {path}: {made.status} "
         f"{made.body[:200]!r}")
    need(made.route.startswith("magento"), "the write went elsewhere")
    url = f"/api/v1/customers/{made.json()['id']}"
    begun = time.monotonic()
    read = stage.client.get_from("copy", url, 2)
    show(read, "GET  " + url, f"{read.json()['email']}, "
         f"{(time.monotonic() - begun) * 1000:.0f} ms after the write")
    need(read.json()["email"] == email, "the copy has another e-mail")
    return made.json()["id"]


def change_price(stage, sku="SKU-00002"):
    heading("A price is changed through the router")
    url = f"/api/v1/products/{sku}"
    price = 1000 + int(time.time()) % 1000 + 0.25
    put = stage.client.ask(f"/rest/V1/products/{sku}", "PUT", {
        "product": {"sku": sku, "price": price}})
    show(put, f"PUT  /rest/V1/products/{sku}", f"price {price}")
    need(put.status == 200, f"PUT: {put.status} {put.body[:200]!r}")
    read = stage.client.get_from("copy", url, 5)
    found = read.json()["price"]
    show(read, "GET  " + url, f"price {found}")
    need(found == price, f"the copy has the price {found}")


def change_by_sql(stage):
    heading("A change made by SQL, as an import makes it, arrives")
    mark = f"Grace {int(time.time() * 1000)}"
    with stage.source.connect(stage.database) as s, s.cursor() as cursor, \
            stage.target.connect(stage.target_database) as t:
        begun = time.monotonic()
        cursor.execute("update customer_entity set firstname = %s where "
                       "entity_id = 7", (mark,))
        while t.execute("select firstname from customer_records where "
                        "entity_id = 7").fetchone()[0] != mark:
            need(time.monotonic() - begun < 5, "it did not within 5 s")
        say(f"   committed at the source to visible in PostgreSQL: "
            f"{(time.monotonic() - begun) * 1000:.1f} ms")


def show_lag(stage):
    heading("The lag, as cdc publishes it")

    def lag():
        return programs.http(stage.cdc.url("/lag")).json()
    value = servers.wait_until("a known lag", 5,
                               lambda: lag()["lag_ms"] is not None and lag())
    say(f"   GET {stage.cdc.url('/lag')}: lag_ms {value['lag_ms']}, "
        f"{len(value['history'])} seconds of history")
    need(value["lag_ms"] < 2000, "the copy is late")


def switch_off_and_on(stage):
    heading("A flag goes off: the same read goes to Magento; and on again")
    url = "/api/v1/customers/2"
    stage.client.get_from("copy", url)
    stage.flag("customer_read=off", "demo")
    say("   router --flag customer_read=off")
    show(stage.client.get_from("magento", url, 3), "GET  " + url)
    stage.flag("customer_read=on", "demo")
    say("   router --flag customer_read=on")
    show(stage.client.get_from("copy", url, 15), "GET  " + url)


def stop_postgres(stage, seconds=2.0):
    heading("PostgreSQL is stopped: no read fails")
    url = "/api/v1/customers/3"
    stage.client.get_from("copy", url)
    stage.target.stop()
    say("   PostgreSQL is down")
    end, count, slowest = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        answer = stage.client.get(url)
        need(answer.status == 200 and answer.route.startswith("magento"),
             f"GET {url}: {answer.status} by {answer.route}")
        if count == 0:
            show(answer, "GET  " + url)
        count, slowest = count + 1, max(slowest, answer.ms)
    say(f"   {count} reads in {seconds:.0f} s, all answered by Magento, "
        f"slowest {slowest:.0f} ms")
    begun = time.monotonic()
    stage.target.start()
    say("   PostgreSQL is up again")
    show(stage.client.get_from("copy", url, 60), "GET  " + url,
         f"{time.monotonic() - begun:.1f} s after its start")


STEPS = (switch_on, create_customer, change_price, change_by_sql, show_lag,
         switch_off_and_on, stop_postgres)


# --- the demo

def reachable_by_postgres(path):
    """PostgreSQL does not run as root and must get at its files."""
    if os.getuid() != 0:
        return True
    return subprocess.run(["runuser", "-u", "postgres", "--", "test", "-x",
                           path], stderr=subprocess.DEVNULL).returncode == 0


def data_directory():
    os.makedirs(PLACE, exist_ok=True)
    os.chmod(PLACE, 0o755)
    if reachable_by_postgres(PLACE):
        return PLACE
    other = tempfile.mkdtemp(prefix="ficus-demo-", dir="/var/tmp")
    os.chmod(other, 0o755)
    say(f"   the user postgres can't enter {PLACE}: the data is in {other}")
    return other


def start_servers(where):
    os.environ["FICUS_TEST_DIR"] = where
    os.environ["FICUS_KEEP"] = "1"  # removed by end(), after the servers
    source = servers.MariaDB(["--binlog-row-metadata=FULL"],
                             os.path.join(where, "mariadb"))
    source.start()
    source.grant_replica()
    source.run("create database magento character set utf8mb4 "
               "collate utf8mb4_general_ci")
    target = servers.Postgres(data=os.path.join(where, "postgres"))
    target.start()
    target.create_database("ficus")
    return source, target


def counts(stage):
    tables = {"customers": "customers", "products": "products",
              "categories": "categories", "orders": "orders",
              "product values": "product_values"}
    return ", ".join(
        f"{stage.target.run(f'select count(*) from {table}', 'ficus')[0][0]} "
        f"{name}" for name, table in tables.items())


def set_up(stage):
    heading("The shop, its check and its copy")
    stage.fill()
    say("   shop: " + ", ".join(f"{n} {what}" for what, n in SIZES.items()))
    done = stage.cdc.call("--migrate")
    need(done.returncode == 0, "cdc --migrate failed: " + done.stderr[-300:])
    done = stage.cdc.call("--check")
    say("   cdc --check\n" + re.sub(r"(?m)^", "      ",
                                   done.stdout.rstrip()))
    need(done.returncode == 0, "cdc --check found a fault " +
         done.stderr[-300:])
    begun = time.monotonic()
    stage.bootstrap()
    say(f"   cdc --bootstrap: {time.monotonic() - begun:.1f} s: "
        f"{counts(stage)}")
    stage.start()
    say("   cdc, router and the stand-in for Magento are running")


def remember(stage, where):
    """For --stop."""
    running = {"router": stage.router, "cdc": stage.cdc,
               "stand-in": stage.magento, "PostgreSQL": stage.target,
               "MariaDB": stage.source}
    with open(PIDS, "w") as f:
        json.dump({"where": where, "pids": {
            name: one.process.pid for name, one in running.items()}}, f)


def alive(pid, name):
    """Still the process that was noted, and not a later one."""
    words = {"router": "router", "cdc": "cdc", "stand-in": "standin.py",
             "PostgreSQL": "postgres", "MariaDB": "mariadbd"}
    try:
        with open(f"/proc/{pid}/cmdline") as f:
            command = f.read()
        with open(f"/proc/{pid}/stat") as f:
            return words[name] in command and \
                f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def stop_kept():
    """End what --keep left running; True if there was something."""
    if not os.path.exists(PIDS):
        return False
    with open(PIDS) as f:
        kept = json.load(f)
    for name, pid in kept["pids"].items():
        if not alive(pid, name):
            continue
        os.kill(pid, signal.SIGINT if name == "PostgreSQL" else
                signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            servers.wait_until(name, 15, lambda: not alive(pid, name))
        if alive(pid, name):
            os.kill(pid, signal.SIGKILL)
        say(f"   {name} stopped")
    shutil.rmtree(kept["where"], ignore_errors=True)
    shutil.rmtree(PLACE, ignore_errors=True)
    return True


def urls(stage):
    router, admin = stage.router.url(""), stage.router.admin("")
    say(f"""
Everything is left running:
   router        {router}/api/v1/customers/1   (also products, categories, orders)
                 curl -i -H 'Authorization: Bearer demo-token' {router}/api/v1/customers/1
   router admin  {admin}/flags  /metrics  /health/customer
   cdc           {stage.cdc.url('/')}  /lag  /metrics
   Magento       {stage.magento.url('/rest/V1/customers/1')}   (the stand-in)
   MariaDB       mariadb -h127.0.0.1 -P{stage.source.port} -uroot magento
   PostgreSQL    PGPASSWORD={stage.target.password} psql -h 127.0.0.1 -p {stage.target.port} -U ficus ficus
   config, logs  {stage.directory}
   flags         {programs.binary('router')} --config {stage.router.path} --flag customer_read=off
   stop it       ./demo.sh --stop""")


def run(keep):
    if stop_kept():
        say("   (that was an earlier demo)")
    shutil.rmtree(PLACE, ignore_errors=True)
    heading("Private MariaDB and PostgreSQL")
    where = data_directory()
    servers_running = start_servers(where)
    say("   MariaDB on port {}, PostgreSQL on port {}, data in {}".format(
        *(s.port for s in servers_running), where))
    ports = {"router": port_of(8080), "admin": port_of(8081),
             "cdc": port_of(9187)}
    stage = Stage(*servers_running, where, ports=ports)
    stage.cdc.own_session = stage.router.own_session = True
    try:
        set_up(stage)
        for step in STEPS:
            step(stage)
    except BaseException:
        say(f"\n   logs are in {where}")
        end(stage)
        raise
    if keep:
        for one in servers_running:
            servers.atexit.unregister(one.kill)
        remember(stage, where)
        urls(stage)
    else:
        end(stage)
        shutil.rmtree(where, ignore_errors=True)
        shutil.rmtree(PLACE, ignore_errors=True)


def end(stage):
    stage.stop()
    stage.target.stop()
    stage.source.stop()


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--keep", action="store_true",
                   help="leave everything running and print the URLs")
    p.add_argument("--stop", action="store_true",
                   help="end what --keep left running")
    a = p.parse_args()
    if a.stop:
        if not stop_kept():
            say("no demo is running")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        run(a.keep)
    except (Failed, TimeoutError, RuntimeError, OSError,
            servers.Unavailable, servers.Ended,
            subprocess.SubprocessError) as e:
        say(f"\nfailed: {e}")
        return 1
    say("\neverything worked")
    return 0


if __name__ == "__main__":
    sys.exit(main())
