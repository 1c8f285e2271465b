"""Private database servers for tests and the demo.

Each server has its own data directory and port on 127.0.0.1, is started by
us and ended by us. Initialised data directories are made once per session and
copied, because initialising is the slow part. A server that can't be had
raises Unavailable, which the fixtures turn into a skip with the reason.
"""

import atexit
import contextlib
import fcntl
import glob
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
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


class Tree:
    """Packages of another Debian suite, unpacked once per machine under the
    cache directory and run through the suite's own dynamic loader: no
    chroot(2), and no privilege but to unpack."""

    def __init__(self, suite, name, packages, proof):
        self.suite, self.packages, self.proof = suite, packages, proof
        self.path = os.path.join(CACHE, name)

    def libraries(self):
        return os.path.join(self.path, "usr/lib/x86_64-linux-gnu")

    def command(self, program):
        """What runs a program of the tree."""
        return [os.path.join(self.path, "usr/lib64/ld-linux-x86-64.so.2"),
                "--library-path", self.libraries(),
                os.path.join(self.path, program)]

    def fetch(self):
        """Unpack it unless it is there; others that want it wait."""
        if os.path.exists(os.path.join(self.path, self.proof)):
            return
        os.makedirs(CACHE, exist_ok=True)
        with open(self.path + ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.exists(os.path.join(self.path, self.proof)):
                self.unpack()

    def as_root(self):
        if os.uname().machine != "x86_64" or not shutil.which("mmdebstrap"):
            raise Unavailable(f"{self.packages} needs x86_64 and mmdebstrap")
        if os.getuid() == 0:
            return []
        root = ["sudo", "-n"]
        if not shutil.which("sudo") or subprocess.run(
                [*root, "true"], capture_output=True).returncode:
            raise Unavailable(f"unpacking {self.packages} needs root, or "
                              "sudo without a password")
        return root

    def unpack(self):
        root = self.as_root()
        part = self.path + ".part"
        subprocess.run([*root, "rm", "-rf", part])
        done = subprocess.run(
            [*root, "mmdebstrap", "--variant=extract",
             "--aptopt=Acquire::Check-Valid-Until \"false\"",
             f"--include={self.packages}", self.suite, part],
            capture_output=True, stdin=subprocess.DEVNULL)
        if root:
            subprocess.run([*root, "chown", "-R", str(os.getuid()), part],
                           capture_output=True)
        if done.returncode:
            shutil.rmtree(part, ignore_errors=True)
            raise Unavailable(
                f"mmdebstrap could not unpack {self.packages} of "
                f"{self.suite}: {done.stderr.decode(errors='replace')[-300:]}")
        os.rename(part, self.path)


SID = Tree("sid", "sid-mysql", "mysql-server-core,mysql-client-core",
           "usr/sbin/mysqld")
# Oracle's client library, to build and run cdc with.
SID_CLIENT = Tree("sid", "sid-libmysqlclient", "libmysqlclient-dev",
                  "usr/include/mysql/mysql.h")
TRIXIE = Tree("trixie", "trixie-servers",
              "mariadb-server,mariadb-client-core,postgresql-17",
              "usr/sbin/mariadbd")


def fetch_trees():
    """All of them, at once; what can't be had is said by who needs it."""
    def fetch(tree):
        with contextlib.suppress(Unavailable):
            tree.fetch()
    threads = [threading.Thread(target=fetch, args=(tree,))
               for tree in (SID, SID_CLIENT, TRIXIE)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


# What starts a process that ends when we do, however we end: tests set it to
# BOUND. The demo's servers may stay.
BOUND = ["setpriv", "--pdeathsig", "KILL"]
leash = []

_scratch = None
_scratch_lock = None


def scratch():
    """A directory for data files, readable by the postgres user, removed at
    exit, or by the next who wants one if we can't."""
    global _scratch
    if _scratch is None:
        parent = os.environ.get("FICUS_TEST_DIR") or tempfile.gettempdir()
        sweep(parent)
        _scratch = tempfile.mkdtemp(prefix="ficus-", dir=parent)
        os.chmod(_scratch, 0o755)
        if not os.environ.get("FICUS_KEEP"):
            claim(_scratch)
            atexit.register(shutil.rmtree, _scratch, ignore_errors=True)
    return _scratch


def claim(directory):
    """It is ours while the lock is held; named only once it is."""
    global _scratch_lock
    path = os.path.join(directory, ".claim")
    _scratch_lock = open(path + ".new", "w")
    fcntl.flock(_scratch_lock, fcntl.LOCK_EX)
    os.rename(path + ".new", path)


def sweep(parent):
    """Remove the directories of those who are gone."""
    for path in glob.glob(os.path.join(parent, "ficus-*", ".claim")):
        with contextlib.suppress(OSError), open(path) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(os.path.dirname(path), ignore_errors=True)


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
                [*leash, *self.command()], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
                **self.spawn_options())
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

    @staticmethod
    def as_user():
        return ["--user=root"] if os.getuid() == 0 else []

    @staticmethod
    def write_init_file(path):
        with open(path + ".sql", "w") as f:
            f.write("create user if not exists root@'127.0.0.1'; grant all on "
                    "*.* to root@'127.0.0.1' with grant option;\n")

    def own_tmp(self):
        return self.own_tmp_of(self.data)

    @staticmethod
    def own_tmp_of(data):
        """Not /tmp: a server that starts removes what looks like its own
        temporary tables there, which are another's."""
        path = data + "-tmp"
        os.makedirs(path, exist_ok=True)
        return path

    def own_environment(self, data):
        return {**os.environ, "TMPDIR": self.own_tmp_of(data)}

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
            check=True, env=self.own_environment(path),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.write_init_file(path)

    @staticmethod
    def binary():
        for path in ("/usr/sbin/mariadbd", "/usr/sbin/mysqld"):
            if os.path.exists(path):
                return path
        return shutil.which("mariadbd")

    def base(self):
        return [self.binary(), "--no-defaults", *self.as_user()]

    def command(self):
        self.template()
        return [
            *self.base(),
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


class MariaDB118(MariaDB):
    """MariaDB 11.8 from Debian 13's packages."""

    kind = "mariadb118"
    tree = TRIXIE

    def client(self):
        return self.tree.command("usr/bin/mariadb")

    def base(self):
        usr = f"{self.tree.path}/usr"
        return [*self.tree.command("usr/sbin/mariadbd"), "--no-defaults",
                *self.as_user(), f"--basedir={usr}",
                f"--lc-messages-dir={usr}/share/mariadb",
                f"--character-sets-dir={usr}/share/mariadb/charsets",
                f"--plugin-dir={usr}/lib/mysql/plugin"]

    def initialise(self, path):
        """What mariadb-install-db does; its shell script knows only paths
        of an installed server."""
        self.tree.fetch()
        sql = b"create database mysql;\nuse mysql;\n" \
              b"set @auth_root_socket=null;\n"
        for name in ("mariadb_system_tables", "mariadb_performance_tables",
                     "mariadb_system_tables_data",
                     "maria_add_gis_sp_bootstrap", "mariadb_sys_schema"):
            with open(f"{self.tree.path}/usr/share/mariadb/{name}.sql",
                      "rb") as f:
                sql += f.read()
        os.makedirs(path)
        subprocess.run(
            [*self.base(), f"--datadir={path}", "--bootstrap",
             "--log-warnings=0", "--enforce-storage-engine=",
             "--max-allowed-packet=8M", "--net-buffer-length=16K"],
            check=True, input=sql, env=self.own_environment(path),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.write_init_file(path)


class MySQL(Source):
    """MySQL 9.7 from Debian sid."""

    kind = "mysql"
    flavour = "mysql"
    replica_privileges = ("select, replication slave, replication client, "
                          "lock tables, backup_admin")
    tree = SID

    def client(self):
        return self.tree.command("usr/bin/mysql")

    def base(self):
        usr = f"{self.tree.path}/usr"
        return [*self.tree.command("usr/sbin/mysqld"), "--no-defaults",
                f"--basedir={usr}", f"--lc-messages-dir={usr}/share/mysql",
                f"--character-sets-dir={usr}/share/mysql/charsets",
                f"--plugin-dir={usr}/lib/mysql/plugin", *self.as_user()]

    def initialise(self, path):
        self.tree.fetch()
        subprocess.run(
            [*self.base(), "--initialize-insecure", f"--datadir={path}",
             "--innodb-redo-log-capacity=67108864"],
            check=True, env=self.own_environment(path),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.write_init_file(path)

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

    def bin(self, name):
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


class Postgres17(Postgres):
    """PostgreSQL 17 from Debian 13's packages. It finds its files beside its
    program, wherever that is; but it does not run as root, and must reach
    them, so that they are linked to where the data is."""

    kind = "postgres17"
    tree = TRIXIE
    root = None

    @classmethod
    def place(cls):
        cls.tree.fetch()
        root = os.path.join(scratch(), "postgres17-tree")
        os.makedirs(os.path.join(root, "usr/share"))
        for part in ("lib", "share/postgresql"):
            copy = ["cp", "-a", os.path.join(cls.tree.path, "usr", part),
                    os.path.join(root, "usr", os.path.dirname(part))]
            if subprocess.run([*copy, "-l"], capture_output=True).returncode:
                subprocess.run(copy, check=True)
        lib = os.path.join(root, "usr/lib/x86_64-linux-gnu")
        for name in ("postgres", "initdb"):
            path = os.path.join(root, "usr/lib/postgresql/17/bin", name)
            os.rename(path, path + ".elf")
            with open(path, "w") as f:
                f.write("#!/bin/sh\n"
                        f"exec {lib}/ld-linux-x86-64.so.2 --library-path "
                        f'{lib} --argv0 "$0" "$0.elf" "$@"\n')
            os.chmod(path, 0o755)
        return root

    def bin(self, name):
        if Postgres17.root is None:
            Postgres17.root = self.place()
        return os.path.join(self.root, "usr/lib/postgresql/17/bin", name)


if __name__ == "__main__":
    fetch_trees()
