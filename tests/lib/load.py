"""Reads through the router at a steady rate, each one looked at.

A read fails when its answer is not 200 or does not come at all; a closed
connection counts. Thread k of n sends at k/rate, (k+n)/rate, …, so that the
rate holds as long as answers take less than n/rate; what is lost beyond that is
not made up for.
"""

import http.client
import threading
import time


class Read:
    def __init__(self, path, begun, ms, status, route, text, body):
        self.path, self.begun, self.ms = path, begun, ms
        self.status, self.route = status, route
        self.text = text  # why it failed
        self.body = body

    @property
    def good(self):
        return self.status == 200

    @property
    def from_copy(self):
        return self.route.startswith("copy")

    def __repr__(self):
        return (f"{self.path} at {self.begun:.2f}: {self.status} by "
                f"{self.route or 'nobody'} in {self.ms:.0f} ms {self.text}")


class Load:
    """with Load(port, paths, 150) as load: …; then load.reads."""

    def __init__(self, port, paths, rate=150, threads=80, headers=None,
                 timeout=15):
        self.port, self.paths, self.timeout = port, paths, timeout
        self.headers = headers or {}
        self.period = threads / rate
        self.reads, self.stopping = [], threading.Event()
        self.threads = [
            threading.Thread(target=self.work, args=(k, k / rate),
                             daemon=True) for k in range(threads)]

    def __enter__(self):
        self.begun = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(self.timeout + 5)
        self.seconds = time.monotonic() - self.begun

    def now(self):
        """The time since the start, as in Read.begun."""
        return time.monotonic() - self.begun

    def work(self, k, offset):
        connection, due, i = None, self.begun + offset, k
        while not self.stopping.wait(max(0, due - time.monotonic())):
            if connection is None:
                connection = http.client.HTTPConnection(
                    "127.0.0.1", self.port, timeout=self.timeout)
            connection = self.one(connection, self.paths[i % len(self.paths)])
            i += len(self.threads) + 1
            due = max(due + self.period, time.monotonic())

    def one(self, connection, path):
        """The connection to go on with, or None after a failure."""
        begun = time.monotonic()
        status, route, text, body = 0, "", "", b""
        try:
            connection.request("GET", path, headers=self.headers)
            answer = connection.getresponse()
            body = answer.read()
            status = answer.status
            route = answer.headers.get("X-Ficus-Route", "")
            if status != 200:
                text = body[:200].decode(errors="replace")
        except (OSError, http.client.HTTPException) as e:
            text = f"{type(e).__name__}: {e}"
            connection.close()
            connection = None
        self.reads.append(Read(path, begun - self.begun,
                               (time.monotonic() - begun) * 1000, status,
                               route, text, body))
        return connection

    # --- what came of it

    def failed(self):
        return [r for r in self.reads if not r.good]

    def between(self, begin, end):
        return [r for r in self.reads if begin <= r.begun < end]

    def rate(self):
        return len(self.reads) / self.seconds

    def share(self, begin, end):
        """How much of what was read then came from the copy, 0 … 1."""
        reads = self.between(begin, end)
        return sum(r.from_copy for r in reads) / max(1, len(reads))
