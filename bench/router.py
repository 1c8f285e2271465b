#!/usr/bin/python3
"""What the router costs beside nginx and HAProxy, and how fast it reads.

    bench/router.py [--seconds 5] [--rounds 3] [--connections 32]

Proxying: one nginx worker answers 1 KB of JSON; nginx (one worker), HAProxy
(one thread) and the router (one thread) proxy to it, keep-alive on both
sides, each loaded by wrk in turn, and that --rounds times; CPU per request is
utime + stime of the proxy over the requests wrk has counted. The router runs
with all it does: lag, flags, fences, metrics; nginx and HAProxy set
X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host as it does. No one
writes an access log.

Reading: GET /api/v1/customers/{id}, ids at random, answered by the built-in
read service from a copy that cdc keeps.

Needs what the tests need and Debian's nginx-light, haproxy and wrk.
"""

import argparse
import atexit
import os
import re
import shutil
import statistics
import subprocess

import scene
from scene import number, say
from tests.lib import programs, servers

BODY = '{"id":1,"name":"' + "x" * (1024 - 18) + '"}'
PATH = "/rest/V1/products/SKU-00001"
NGINX = """
daemon off; worker_processes 1; pid {dir}/{name}.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
access_log off; keepalive_requests 100000000;
client_body_temp_path {dir}/b; proxy_temp_path {dir}/p;
fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
{http}
}}
"""
ORIGIN = """
server {{ listen 127.0.0.1:{port} backlog=4096; default_type application/json;
location / {{ return 200 '{body}'; }} }}
"""
PROXY = """
upstream origin {{ server 127.0.0.1:{origin}; keepalive 128;
keepalive_requests 100000000; }}
server {{ listen 127.0.0.1:{port} backlog=4096; location / {{
proxy_pass http://origin; proxy_http_version 1.1;
proxy_set_header Connection ""; proxy_set_header Host $host;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host $host; }} }}
"""
HAPROXY = """
global
    nbthread 1
    maxconn 4096
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    http-reuse always
    option forwardfor
frontend clients
    bind 127.0.0.1:{port}
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    default_backend origin
backend origin
    server one 127.0.0.1:{origin} pool-max-conn 1000
"""
RANDOM_IDS = """
local n = {customers}
request = function()
    return wrk.format("GET", "/api/v1/customers/" .. math.random(n))
end
init = function() math.randomseed({seed}) end
"""


class Daemon:
    """One server of this comparison, in the foreground."""

    def __init__(self, port, *command):
        self.port = port
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL)
        atexit.register(self.close)
        servers.wait_until(
            command[0], 10,
            lambda: programs.http(f"http://127.0.0.1:{port}{PATH}").status
            == 200)

    def close(self):
        self.process.terminate()
        self.process.wait()


def nginx(directory, name, http):
    port = servers.free_port()
    path = os.path.join(directory, name + ".conf")
    with open(path, "w") as f:
        f.write(NGINX.format(dir=directory, name=name, http=http(port)))
    return Daemon(port, tool("nginx"), "-p", directory, "-c", path,
                  "-e", "stderr")


def haproxy(directory, origin):
    port = servers.free_port()
    path = os.path.join(directory, "haproxy.cfg")
    with open(path, "w") as f:
        f.write(HAPROXY.format(port=port, origin=origin))
    return Daemon(port, tool("haproxy"), "-db", "-f", path)


def tool(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if not found:
        raise SystemExit(f"{name} is missing: apt-get install nginx-light "
                         "haproxy wrk")
    return found


def microseconds(text):
    amount, unit = re.match(r"([\d.]+)(us|ms|s)$", text).groups()
    return float(amount) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]


def wrk(port, pid, arguments, path=PATH, script=None):
    """requests/s, CPU µs per request, p50 and p99 in ms, failures, requests.
    """
    before = scene.cpu(pid)
    done = subprocess.run(
        [tool("wrk"), "-t1", f"-c{arguments.connections}",
         f"-d{arguments.seconds}s", "--latency",
         *(["-s", script] if script else []),
         f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, check=True).stdout
    used = scene.cpu(pid) - before
    count = int(re.search(r"(\d+) requests in", done).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done).group(1))
    p50, p99 = (microseconds(re.search(rf"^ +{p}% +(\S+)", done,
                                       re.MULTILINE).group(1)) / 1e3
                for p in (50, 99))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
    bad = int(bad.group(1)) if bad else 0
    if "Socket errors" in done:
        bad += 1
    return rate, used / count * 1e6, p50, p99, bad, count


def proxies(arguments, directory, origin, router):
    ways = {
        "nginx": nginx(directory, "proxy", lambda port: PROXY.format(
            port=port, origin=origin.port)),
        "HAProxy": haproxy(directory, origin.port),
        "router": router,
    }
    figures = {name: [] for name in ways}
    for turn in range(arguments.rounds):
        for name, way in ways.items():
            figures[name].append(wrk(way.port, way.process.pid, arguments))
            say(f"{name}: {figures[name][-1]}")
    for name in ("nginx", "HAProxy"):
        ways[name].close()
    middle = {name: [statistics.median(x) for x in zip(*runs)]
              for name, runs in figures.items()}
    base = middle["nginx"][1]
    return [(name, number(m[0]), number(m[1], 1), number(m[1] / base, 2),
             number(m[2], 2), number(m[3], 2), number(m[4]))
            for name, m in middle.items()]


def from_copy(router):
    """Answers by the read service so far."""
    text = programs.http(router.admin("/metrics")).body.decode()
    return sum(float(x) for x in re.findall(
        r"^ficus_router_copy_total\S* (\S+)$", text, re.MULTILINE))


def reads(arguments, stage, router):
    rows = []
    for connections in (8, 1, 8, arguments.connections):
        script = os.path.join(stage.directory, "ids.lua")
        with open(script, "w") as f:
            f.write(RANDOM_IDS.format(customers=arguments.customers,
                                      seed=connections))
        one = argparse.Namespace(**vars(arguments))
        one.connections = connections
        postgres = scene.cpu(stage.target.process.pid)
        copy = from_copy(router)
        rate, used, p50, p99, bad, count = wrk(
            router.port, router.process.pid, one, "/", script)
        copy = (from_copy(router) - copy) / count
        postgres = scene.cpu(stage.target.process.pid) - postgres
        rows.append((connections, number(rate), number(p50, 2),
                     number(p99, 2), number(used, 1),
                     number(postgres / count * 1e6, 1),
                     f"{min(copy, 1) * 100:.1f} %", number(bad)))
    return rows[1:]  # the first has warmed everything


def start_router(stage, origin):
    routes = os.path.join(stage.directory, "routes.yaml")
    with open(routes, "w") as f:
        f.write("""
kind: VirtualService
spec:
  hosts: [shop]
  http:
  - match:
    - uri: {prefix: /api/v1/customers}
      method: {exact: GET}
    route:
    - destination: {host: copy}
    x-ficus: {auth: none}
  - route:
    - destination: {host: magento}
""")
    router = programs.Router(
        stage.target, origin.port, stage.directory,
        {"router": {"routes": routes, "max_lag": "1min",
                    "resume_dwell": "0s", "copy_timeout": "5s",
                    "magento_concurrency": 1000,
                    "fence_secret": "bench-Fence-secret-of-32-bytes-0"}},
        target_database=scene.TARGET)
    done = router.call("--flag", "all=on", "--reason", "benchmark")
    assert done.returncode == 0, done.stderr
    atexit.register(router.kill)
    router.start()
    router.wait_ready()
    servers.wait_until(
        "reads from the copy", 30, lambda: programs.http(
            router.url("/api/v1/customers/1")).headers.get(
                "X-Ficus-Route", "").startswith("copy"))
    return router


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--seconds", type=int, default=5)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--connections", type=int, default=32)
    scene.size_options(p, 20000, 1000, 1000)
    arguments = p.parse_args()
    for name in ("nginx", "haproxy", "wrk"):
        tool(name)
    stage = scene.Scene(scene.sizes_of(arguments))
    origin = nginx(stage.directory, "origin", lambda port: ORIGIN.format(
        port=port, body=BODY))
    copy = stage.copy()
    copy.cdc.start()
    copy.cdc.wait_streaming()
    router = start_router(stage, origin)
    proxied = proxies(arguments, stage.directory, origin, router)
    print(f"{scene.about()}; {scene.version(tool('nginx'), '-v')}, "
          f"{scene.version(tool('haproxy'), '-v')}; "
          f"{arguments.connections} connections, {arguments.rounds} rounds "
          f"of {arguments.seconds} s in turn, medians.\n")
    scene.table(("proxy", "requests/s", "CPU µs per request",
                 "times nginx's", "p50 ms", "p99 ms", "failed"), proxied)
    read = reads(arguments, stage, router)
    print(f"{scene.about()}; {arguments.customers} customers in the copy, "
          "8 connections to PostgreSQL, wrk, router, PostgreSQL and cdc on "
          "the machine together.\n")
    scene.table(("connections", "reads/s", "p50 ms", "p99 ms",
                 "router CPU µs per read", "PostgreSQL CPU µs per read",
                 "from the copy", "failed"), read)
    router.stop()
    copy.cdc.stop()
    origin.close()
    stage.close()


if __name__ == "__main__":
    main()
