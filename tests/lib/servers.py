"""Private database servers for tests and the demo.

Each server has its own data directory and port on 127.0.0.1, is started by
us and ended by us. Initialised data directories are made once per session and
copied, because initialising is the slow part. A server that can't be had
raises Unavailable, which the fixtures turn into a skip with the reason.
"""

import atexit
import contextlib
import glob
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import psycopg
import pymysql

CACHE = os.environ.get("FICUS_CACHE") or os.path.expanduser("~/.cache/ficus")
PASSWORD = "planted-Source-pw1"
PG_PASSWORD = "planted-Target-pw1"


class Unavailable(Exception):
    """A server that this machine does not have."""


class Ended(Exception):
    """The process is gone: waiting on is of no use."""


# Below the ports that the kernel gives to outgoing connections: a port that
# is free now must still be free when its server starts, or starts again.
PORTS = range(12000, 30000)
_reserved = []


def reserve_port(port):
    """Against other test processes, until we end: an abstract socket's name
    needs no file and goes with its owner."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0ficus-port-{port}")
    except OSError:
        name.close()
        return False
    _reserved.append(name)
    return True


def port_is_quiet(port):
    with contextlib.closing(socket.socket()) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port():
    for port in random.sample(PORTS, len(PORTS)):
        if port_is_quiet(port) and reserve_port(port):
            return port
    raise Unavailable(f"no free port in {PORTS}")


def wait_until(what, seconds, probe, every=0.05):
    """Call probe until it is true; its last exception is the reason."""
    end = time.monotonic() + seconds
    reason = None
    while time.monotonic() < end:
        try:
            result = probe()
            if result:
                return result
        except Ended:
            raise
        except Exception as e:  # the server may not answer yet
            reason = e
        time.sleep(every)
    raise TimeoutError(f"{what}: not within {seconds} s ({reason})")


_scratch = None


def scratch():
    """A directory for data files, readable by the postgres user, removed at
    exit."""
    global _scratch
    if _scratch is None:
        _scratch = tempfile.mkdtemp(
            prefix="ficus-", dir=os.environ.get("FICUS_TEST_DIR"))
        os.chmod(_scratch, 0o755)
        if not os.environ.get("FICUS_KEEP"):
            atexit.register(shutil.rmtree, _scratch, ignore_errors=True)
    return _scratch


class Server:
    """Life of one server process: start, stop, kill, restart."""

    kind = "server"
    templates = {}

    def __init__(self, data=None):
        self.port = free_port()
        self.data = data
        self.process = None
        self.log = None

    def template(self):
        """Path of an initialised data directory of this kind."""
        if self.kind not in self.templates:
            path = os.path.join(scratch(), "template-" + self.kind)
            self.initialise(path)
            self.templates[self.kind] = path
        return self.templates[self.kind]

    def start(self):
        if self.data is None:
            # The port makes the name unique among running servers.
            self.data = os.path.join(scratch(), f"{self.kind}-{self.port}")
        if not os.path.exists(self.data):
            subprocess.run(["cp", "-a", self.template(), self.data], check=True)
        self.log = self.data + ".log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True, **self.spawn_options())
        atexit.register(self.kill)
        try:
            wait_until(f"{self.kind} on {self.port}", 60, self.ready)
        except (TimeoutError, Ended) as e:
            raise RuntimeError(f"{e}; log: {self.tail()}") from e
        return self

    def tail(self):
        with open(self.log, errors="replace") as f:
            return "".join(f.readlines()[-15:])

    def ready(self):
        if self.process.poll() is not None:
            raise Ended(f"{self.kind} ended by itself")
        with self.connect():
            return True

    def spawn_options(self):
        return {}

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        os.kill(self.process.pid, number)

    def stop(self):
        if self.running():
            self.signal(self.stop_signal)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        """As a crash would: no shutdown, data files as they are."""
        if self.running():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def restart(self):
        self.stop()
        return self.start()


class Source(Server):
    """What MariaDB and MySQL have in common."""

    stop_signal = signal.SIGTERM
    user, password = "ficus", PASSWORD

    def __init__(self, options=(), data=None):
        super().__init__(data)
        self.options = list(options)

    def connect(self, database=None, user="root", password="", **more):
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user=user, password=password,
            database=database, charset="utf8mb4", autocommit=True,
            connect_timeout=5, **more)

    def run(self, sql, database=None, args=None):
        """One statement; its rows."""
        with self.connect(database) as c, c.cursor() as cursor:
            cursor.execute(sql, args)
            return cursor.fetchall()

    def script(self, statements, database=None):
        with self.connect(database) as c, c.cursor() as cursor:
            for sql in statements:
                cursor.execute(sql)

    def own_tmp(self):
        """Not /tmp: a server that starts removes what looks like its own
        temporary tables there, which are another's."""
        path = self.data + "-tmp"
        os.makedirs(path, exist_ok=True)
        return path

    def load(self, path_or_bytes, database, client=None, replace=()):
        """Feed a dump to the command-line client."""
        data = path_or_bytes
        if isinstance(data, str):
            with open(data, "rb") as f:
                data = f.read()
        for old, new in replace:
            data = data.replace(old, new)
        command = (client or self.client()) + [
            "-h127.0.0.1", f"-P{self.port}", "-uroot",
            "--default-character-set=utf8mb4", "--max-allowed-packet=1G",
            database]
        done = subprocess.run(command, input=data, capture_output=True)
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace")[-2000:])

    def grant_replica(self):
        """The user cdc connects as, with what README asks for and no more."""
        self.script([
            f"create user if not exists '{self.user}'@'%' identified by "
            f"'{self.password}'",
            f"grant {self.replica_privileges} on *.* to '{self.user}'@'%'",
        ])


class MariaDB(Source):
    kind = "mariadb"
    flavour = "mariadb"
    replica_privileges = ("select, replication slave, binlog monitor, "
                          "replication slave admin, lock tables")

    def client(self):
        return ["mariadb"]

    def initialise(self, path):
        tool = shutil.which("mariadb-install-db")
        if not tool or not self.binary():
            raise Unavailable("MariaDB server is not installed "
                              "(package mariadb-server)")
        subprocess.run(
            [tool, "--no-defaults", f"--datadir={path}", "--skip-test-db",
             "--auth-root-authentication-method=normal", *self.as_user()],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(path + ".sql", "w") as f:
            f.write("create user if not exists root@'127.0.0.1'; grant all on "
                    "*.* to root@'127.0.0.1' with grant option;\n")

    @staticmethod
    def binary():
        for path in ("/usr/sbin/mariadbd", "/usr/sbin/mysqld"):
            if os.path.exists(path):
                return path
        return shutil.which("mariadbd")

    @staticmethod
    def as_user():
        return ["--user=root"] if os.getuid() == 0 else []

    def command(self):
        return [
            self.binary(), "--no-defaults", *self.as_user(),
            f"--datadir={self.data}", f"--port={self.port}",
            f"--socket={self.data}.sock", "--bind-address=127.0.0.1",
            f"--init-file={self.templates[self.kind]}.sql",
            f"--tmpdir={self.own_tmp()}",
            "--server-id=1", "--log-bin=mysql-bin", "--binlog-format=ROW",
            "--binlog-row-image=FULL", "--innodb-flush-log-at-trx-commit=2",
            "--sync-binlog=0", "--innodb-buffer-pool-size=256M",
            "--max-allowed-packet=1G", "--sql-mode=",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_general_ci",
            "--log-bin-trust-function-creators=1",
            "--performance-schema=OFF", *self.options]


class MySQL(Source):
    """MySQL 9.7 from Debian sid, run from its own tree through its own dynamic
    loader, so that no chroot(2) and no privilege is needed."""

    kind = "mysql"
    flavour = "mysql"
    replica_privileges = ("select, replication slave, replication client, "
                          "lock tables, backup_admin")
    tree = os.path.join(CACHE, "sid-mysql")

    @classmethod
    def loader(cls, program):
        lib = os.path.join(cls.tree, "usr/lib/x86_64-linux-gnu")
        return [os.path.join(cls.tree, "lib64/ld-linux-x86-64.so.2"),
                "--library-path", lib, os.path.join(cls.tree, program)]

    @classmethod
    def fetch(cls):
        """Make the tree with mmdebstrap, once per machine."""
        if os.path.exists(os.path.join(cls.tree, "usr/sbin/mysqld")):
            return
        if os.uname().machine != "x86_64" or not shutil.which("mmdebstrap"):
            raise Unavailable("MySQL 9.7 needs x86_64 and mmdebstrap")
        root = [] if os.getuid() == 0 else ["sudo", "-n"]
        if root and (not shutil.which("sudo") or subprocess.run(
                [*root, "true"], capture_output=True).returncode):
            raise Unavailable("making the MySQL 9.7 tree needs root, or sudo "
                              "without a password")
        os.makedirs(CACHE, exist_ok=True)
        part = cls.tree + f".{os.getpid()}"
        done = subprocess.run(
            [*root, "mmdebstrap", "--variant=minbase",
             "--aptopt=Acquire::Check-Valid-Until \"false\"",
             "--include=mysql-server-core,mysql-client-core", "sid", part],
            capture_output=True, stdin=subprocess.DEVNULL)
        if root:
            subprocess.run([*root, "chown", "-R", str(os.getuid()), part],
                           capture_output=True)
        if done.returncode:
            shutil.rmtree(part, ignore_errors=True)
            raise Unavailable("mmdebstrap could not make the MySQL 9.7 tree: "
                              + done.stderr.decode(errors="replace")[-300:])
        os.rename(part, cls.tree)

    def client(self):
        return self.loader("usr/bin/mysql")

    def base(self):
        return [*self.loader("usr/sbin/mysqld"), "--no-defaults",
                f"--basedir={self.tree}/usr",
                f"--lc-messages-dir={self.tree}/usr/share/mysql",
                f"--character-sets-dir={self.tree}/usr/share/mysql/charsets",
                f"--plugin-dir={self.tree}/usr/lib/mysql/plugin",
                *(["--user=root"] if os.getuid() == 0 else [])]

    def initialise(self, path):
        self.fetch()
        subprocess.run(
            [*self.base(), "--initialize-insecure", f"--datadir={path}",
             "--innodb-redo-log-capacity=67108864"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(path + ".sql", "w") as f:
            f.write("create user if not exists root@'127.0.0.1'; grant all on "
                    "*.* to root@'127.0.0.1' with grant option;\n")

    def command(self):
        self.template()
        return [
            *self.base(), f"--datadir={self.data}", f"--port={self.port}",
            f"--socket={self.data}.sock", "--mysqlx=OFF",
            "--secure-file-priv=",
            "--bind-address=127.0.0.1",
            f"--init-file={self.templates[self.kind]}.sql",
            f"--tmpdir={self.own_tmp()}",
            "--server-id=1", "--log-bin=mysql-bin", "--binlog-format=ROW",
            "--innodb-flush-log-at-trx-commit=2", "--sync-binlog=0",
            "--innodb-buffer-pool-size=256M", "--max-allowed-packet=1G",
            "--innodb-redo-log-capacity=67108864", "--sql-mode=",
            "--gtid-mode=ON", "--enforce-gtid-consistency=ON",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_general_ci",
            "--log-bin-trust-function-creators=1",
            "--performance-schema-max-table-instances=100", *self.options]


class Postgres(Server):
    kind = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown
    user, password = "ficus", PG_PASSWORD

    def __init__(self, options=(), data=None):
        super().__init__(data)
        self.options = list(options)

    @staticmethod
    def bin(name):
        paths = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
        if not paths:
            raise Unavailable("PostgreSQL server is not installed "
                              "(package postgresql)")
        return paths[-1]

    def spawn_options(self):
        """PostgreSQL refuses to run as root."""
        if os.getuid() != 0:
            return {}
        user = pwd.getpwnam("postgres")
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def initialise(self, path):
        os.makedirs(path)
        if os.getuid() == 0:
            shutil.chown(path, "postgres", "postgres")
        os.chmod(path, 0o700)
        with open(path + ".pw", "w") as f:
            f.write(self.password)
        os.chmod(path + ".pw", 0o644)
        subprocess.run(
            [self.bin("initdb"), "-D", path, "-U", self.user, "-E", "UTF8",
             "--locale=C.UTF-8", "--auth=scram-sha-256",
             f"--pwfile={path}.pw", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd="/", **self.spawn_options())

    def command(self):
        self.template()
        return [self.bin("postgres"), "-D", self.data, "-p", str(self.port),
                "-c", "listen_addresses=127.0.0.1",
                "-c", "unix_socket_directories=", "-c", "fsync=off",
                "-c", "full_page_writes=off", "-c", "shared_buffers=256MB",
                "-c", "max_wal_size=2GB", "-c", "max_connections=80",
                *[x for o in self.options for x in ("-c", o)]]

    def connect(self, database="postgres", **more):
        more.setdefault("autocommit", True)
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=self.user,
            password=self.password, dbname=database, connect_timeout=5, **more)

    def run(self, sql, database="postgres", args=None):
        with self.connect(database) as c:
            cursor = c.execute(sql, args)
            return cursor.fetchall() if cursor.description else []

    def create_database(self, name):
        self.run(f'create database "{name}"')
        return name

    def drop_database(self, name):
        self.run(f'drop database if exists "{name}" with (force)')
