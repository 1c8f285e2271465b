"""A TCP relay between cdc and its source: it can damage the binlog stream (one
bit of a given text, wherever it comes by), fall silent, give up connections
that are idle, and change the server behind it."""

import contextlib
import socket
import threading
import time

DUMP = (0x12, 0x1e)  # COM_BINLOG_DUMP, COM_BINLOG_DUMP_GTID


class Proxy:
    def __init__(self, port, text=b"", times=0, idle=None):
        """The first `times` occurrences of `text` are damaged; a connection
        that is silent for `idle` seconds is closed."""
        self.upstream, self.text, self.times = port, text, times
        self.idle = idle
        self.damaged = self.dumps = self.accepted = self.timed_out = 0
        self.frozen = threading.Event()
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.accepted += 1
                try:
                    server = socket.create_connection(("127.0.0.1",
                                                       self.upstream))
                except OSError:
                    client.close()
                    continue
                self.open += [client, server]
                relay = Relay(self, client, server)
                for work in (relay.up, relay.down):
                    threading.Thread(target=work, daemon=True).start()

    def move(self, port):
        """As an address that another server has taken over."""
        self.upstream = port
        self.cut()

    def cut(self):
        for s in self.open:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
        self.open = []

    def freeze(self):
        """What is open stays open, and nothing comes through any more; new
        connections are served."""
        self.frozen.set()
        self.frozen = threading.Event()

    def close(self):
        self.frozen.set()
        self.cut()
        self.listener.close()


class Relay:
    """One connection; it is a stream once the client asked for a dump."""

    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.dumping = False
        self.frozen = proxy.frozen
        for s in (client, server):
            s.settimeout(proxy.idle)

    def up(self):
        self.pump(self.client, self.server, self.look)

    def down(self):
        self.pump(self.server, self.client, self.damage)

    def pump(self, source, sink, change):
        with contextlib.suppress(OSError):
            while data := self.receive(source):
                while self.frozen.is_set():
                    time.sleep(0.1)
                sink.sendall(change(data))
        for s in (source, sink):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def receive(self, source):
        """Only what the server sends counts: clients of a stream are silent."""
        while True:
            try:
                return source.recv(65536)
            except TimeoutError:
                if source is self.server:
                    self.proxy.timed_out += 1
                    return b""

    def look(self, data):
        if len(data) > 4 and data[3] == 0 and data[4] in DUMP:
            self.dumping = True
            self.proxy.dumps += 1
        return data

    def damage(self, data):
        proxy = self.proxy
        at = data.find(proxy.text) if proxy.text and self.dumping else -1
        if at < 0 or proxy.damaged >= proxy.times:
            return data
        proxy.damaged += 1
        return data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1:]
