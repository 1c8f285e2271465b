"""The programs under test: cdc and router, as an operator runs them."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

from tests.lib import servers

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get("FICUS_BUILD") or os.path.join(ROOT, "build", "dev")


def binary(name):
    return os.path.join(BUILD, name, name)


def yaml_text(value, indent=0):
    """A nested dict as YAML; all that the settings file needs."""
    lines = []
    for key, item in value.items():
        pad = "  " * indent
        if isinstance(item, dict):
            lines += [f"{pad}{key}:", yaml_text(item, indent + 1)]
        else:
            lines.append(f"{pad}{key}: {json.dumps(item)}")
    return "\n".join(lines)


def merge(base, extra):
    out = dict(base)
    for key, item in (extra or {}).items():
        if isinstance(item, dict) and isinstance(out.get(key), dict):
            out[key] = merge(out[key], item)
        else:
            out[key] = item
    return out


class Program:
    """One run of a program, its log in a file, its memory watched."""

    name = ""
    own_session = False  # True: outlives the terminal it was started from
    executable = None  # another build's, with what runs it: a list

    def __init__(self, config, directory, name=None):
        self.config = config
        self.directory = directory
        tag = name or self.name
        self.path = os.path.join(directory, tag + ".yaml")
        self.log = os.path.join(directory, tag + ".log")
        self.process = None

    def write_config(self):
        with open(self.path, "w") as f:
            f.write(yaml_text(self.config) + "\n")

    def environment(self):
        env = dict(os.environ)
        env.setdefault("ASAN_OPTIONS", "detect_leaks=0:abort_on_error=1")
        env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
        return env

    def command(self, *args):
        return [*(self.executable or [binary(self.name)]), "--config",
                self.path, *args]

    def call(self, *args, timeout=120, env=None):
        """Run to the end; the completed process with text output."""
        self.write_config()
        return subprocess.run(
            self.command(*args), capture_output=True, text=True,
            timeout=timeout, stdin=subprocess.DEVNULL,
            env={**self.environment(), **(env or {})})

    def start(self, *args):
        self.write_config()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*servers.leash, *self.command(*args)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environment(), start_new_session=self.own_session)
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.running():
            self.process.kill()
        if self.process:
            self.process.wait()

    def stop(self, seconds=10):
        """SIGTERM; the exit code and how long it took."""
        begun = time.monotonic()
        if self.running():
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        return code, time.monotonic() - begun

    def log_text(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def resident_peak_mib(self):
        """VmHWM: the most that was ever resident."""
        with open(f"/proc/{self.process.pid}/status") as f:
            kib = re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)
        return int(kib) / 1024


class Cdc(Program):
    name = "cdc"

    def __init__(self, source, target, directory, database="magento",
                 target_database="ficus", extra=None, name=None):
        self.metrics_port = servers.free_port()
        config = merge({
            "source": {"host": "127.0.0.1", "port": source.port,
                       "user": source.user, "password": source.password,
                       "database": database,
                       "allow_public_key": True},
            "target": {"host": "127.0.0.1", "port": target.port,
                       "user": target.user, "password": target.password,
                       "database": target_database},
            "metrics": {"listen": f"127.0.0.1:{self.metrics_port}"},
        }, extra)
        super().__init__(config, directory, name)
        self.target, self.database = target, target_database

    def url(self, path):
        return f"http://127.0.0.1:{self.metrics_port}{path}"

    def status(self):
        """The row ficus.status as a dict."""
        with self.target.connect(self.database) as c:
            cursor = c.execute("select * from ficus.status")
            names = [d.name for d in cursor.description]
            row = cursor.fetchone()
            return dict(zip(names, row)) if row else None

    def wait_streaming(self, seconds=60):
        def streaming():
            if not self.running():
                raise servers.Ended("cdc: " + self.log_text()[-1500:])
            s = self.status()
            return s and s["state"] == "streaming"
        return servers.wait_until("cdc streaming", seconds, streaming)

    def passed_ticket(self):
        rows = self.target.run(
            "select passed_ticket from ficus.checkpoint order by seq desc "
            "limit 1", self.database)
        return rows[0][0] if rows else 0

    def wait_caught_up(self, seconds=60):
        """Everything the source has committed before this call is in the
        target: a ticket taken now has passed."""
        n = self.target.run(
            "insert into ficus.ticket (router) values ('test') returning n",
            self.database)[0][0]

        def passed():
            if self.process and not self.running():
                raise servers.Ended("cdc: " + self.log_text()[-1500:])
            return self.passed_ticket() >= n
        return servers.wait_until(f"ticket {n} passed", seconds, passed, 0.02)


class Router(Program):
    name = "router"

    def __init__(self, target, magento_port, directory, extra=None, name=None,
                 target_database="ficus"):
        self.port = servers.free_port()
        self.admin_port = servers.free_port()
        config = merge({
            "target": {"host": "127.0.0.1", "port": target.port,
                       "user": target.user, "password": target.password,
                       "database": target_database},
            "router": {"listen": f"127.0.0.1:{self.port}",
                       "magento": f"127.0.0.1:{magento_port}",
                       "allow_auth_none": True,
                       "admin": {"listen": f"127.0.0.1:{self.admin_port}",
                                 "token": "planted-Admin-token1"}},
        }, extra)
        super().__init__(config, directory, name)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def admin(self, path):
        return f"http://127.0.0.1:{self.admin_port}{path}"

    def wait_ready(self, seconds=20):
        return servers.wait_until(
            "router ready", seconds,
            lambda: http(self.admin("/healthz")).status == 200)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


def http(url, method="GET", body=None, headers=None, timeout=10):
    """One request; a status of 400 and more is an answer, not an error."""
    data = None
    headers = dict(headers or {})
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as r:
            return Answer(r.status, r.headers, r.read())
    except urllib.error.HTTPError as e:
        with e:
            return Answer(e.code, e.headers, e.read())
