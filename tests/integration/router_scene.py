"""A stage for the router alone: PostgreSQL with the schema and one customer,
status rows written as cdc writes them, and a server in Magento's place that
counts what reaches it."""

import glob
import http.server
import json
import os
import threading
import time

from tests.lib import programs, servers

COPY_NAME, MAGENTO_NAME = "Copied", "Original"


class Magento:
    """Answers GET /rest/…/customers/N, takes any write, counts both."""

    def __init__(self):
        self.writes, self.reads, self.bytes = 0, 0, 0
        self.status, self.delay = 200, 0
        stage = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, body, status=None):
                time.sleep(stage.delay)
                self.send_response(status or stage.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                stage.reads += 1
                self.answer(json.dumps({
                    "id": 5, "group_id": 1, "email": "a@example.com",
                    "firstname": MAGENTO_NAME, "lastname": "Person",
                    "store_id": 1, "website_id": 1,
                    "created_at": "2026-03-01 12:00:00",
                    "updated_at": "2026-03-01 12:00:00",
                    "addresses": [], "custom_attributes": []}).encode())

            def do_POST(self):
                n = int(self.headers["Content-Length"] or 0)
                stage.bytes += len(self.rfile.read(n))
                stage.writes += 1
                self.answer(b"{}")

            do_PUT = do_POST

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Status:
    """Writes ficus.status and checkpoints every 20 ms, as cdc would; what it
    says can be changed, and tickets can be kept from passing."""

    def __init__(self, postgres, database):
        self.postgres, self.database = postgres, database
        self.lag_ms, self.state, self.fresh = 3, "streaming", True
        self.epoch, self.silent, self.hold_tickets = 1, False, False
        self.rewind = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        with postgres.connect(database) as c:
            c.execute("insert into ficus.epoch (epoch, backend, instance) "
                      "values (1, 0, 'test')")
        self.thread.start()

    def turn(self, c):
        c.execute("update ficus.epoch set epoch = %s", [self.epoch])
        c.execute("""insert into ficus.checkpoint
            (seq, epoch, position, source_id, passed_ticket)
            select coalesce(max(k.seq), 0) + 1, %s, 'p', 's',
            case when %s then coalesce(max(k.passed_ticket), 0)
            else (select coalesce(max(n), 0) from ficus.ticket) end
            from ficus.checkpoint k""", [self.epoch, self.hold_tickets])
        c.execute("""insert into ficus.status (epoch, state, position, head,
            lag_ms, customer_fresh, catalog_fresh, order_fresh,
            unhealthy_keys, failures_in_row, postgres_start,
            system_identifier, written_at) values (%s, %s, 'p', 'h', %s, %s,
            %s, %s, 0, 0, pg_postmaster_start_time(), 42, clock_timestamp())
            on conflict (one) do update set epoch = excluded.epoch,
            state = excluded.state, lag_ms = excluded.lag_ms,
            customer_fresh = excluded.customer_fresh,
            catalog_fresh = excluded.catalog_fresh,
            order_fresh = excluded.order_fresh,
            postgres_start = excluded.postgres_start,
            written_at = excluded.written_at""",
                  [self.epoch, self.state, self.lag_ms] + [self.fresh] * 3)

    def run(self):
        while not self.stopping.is_set():
            try:
                with self.postgres.connect(self.database) as c:
                    while not self.stopping.is_set():
                        if not self.silent:
                            with c.transaction():
                                self.turn(c)
                        self.stopping.wait(0.02)
            except Exception:
                self.stopping.wait(0.1)  # the server is away: so is cdc

    def close(self):
        self.stopping.set()
        self.thread.join(5)


class Scene:
    def __init__(self, postgres, database, directory):
        self.postgres, self.database = postgres, database
        self.directory = directory
        for path in sorted(glob.glob(
                os.path.join(programs.ROOT, "migrations", "*.sql"))):
            with open(path) as f, postgres.connect(database) as c:
                c.execute("set search_path = public")
                c.execute(f.read())
        postgres.run(
            "insert into public.customers (entity_id, website_id, email, group_id, "
            "store_id, firstname, lastname, created_at, updated_at) values "
            "(5, 1, 'a@example.com', 1, 1, %s, 'Person', now(), now())",
            database, [COPY_NAME])
        self.magento = Magento()
        self.status = Status(postgres, database)
        self.routers = []

    def router(self, extra=None, flags="all=on", wait=True):
        config = {"router": {"max_lag": "1s", "resume_dwell": "300ms",
                             "fence_secret": "planted-Fence-secret1",
                             "routes": self.routes()}}
        router = programs.Router(
            self.postgres, self.magento.port, self.directory,
            programs.merge(config, extra), name=f"router{len(self.routers)}",
            target_database=self.database)
        self.routers.append(router)
        if flags:
            done = router.call("--flag", flags, "--reason", "test")
            assert done.returncode == 0, done.stderr
        router.start()
        router.wait_ready()
        if wait and flags:
            self.wait_target(router, "copy")
        return router

    def routes(self, auth="none"):
        path = os.path.join(self.directory, f"routes-{auth}.yaml")
        with open(path, "w") as f:
            f.write(f"""
kind: VirtualService
spec:
  hosts: [shop]
  http:
  - match:
    - uri: {{prefix: /api/v1/customers}}
      method: {{exact: GET}}
    route:
    - destination: {{host: copy}}
    x-ficus: {{auth: {auth}}}
  - route:
    - destination: {{host: magento}}
""")
        return path

    def get(self, router, client="one", path="/api/v1/customers/5"):
        return programs.http(router.url(path), headers={
            "Authorization": f"Bearer {client}"})

    def route(self, router, client="probe"):
        """copy;reason=… or magento;reason=… of a read just made."""
        answer = self.get(router, client)
        assert answer.status == 200, answer.body
        name = answer.json()["firstname"]
        route = answer.headers["X-Ficus-Route"]
        assert (name == COPY_NAME) == route.startswith("copy"), route
        return route

    def wait_target(self, router, target, seconds=10):
        """New clients' reads are answered there; how long it took."""
        begun = time.monotonic()
        servers.wait_until(
            f"reads from {target}", seconds,
            lambda: self.route(router, f"w{time.monotonic_ns()}")
            .startswith(target), every=0.02)
        return time.monotonic() - begun

    def close(self):
        for router in self.routers:
            router.kill()
        self.status.close()
        self.magento.close()
