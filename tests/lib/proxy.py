"""A TCP relay between cdc and its source that can damage the binlog stream:
one bit of a given text, wherever it comes by."""

import contextlib
import socket
import threading

DUMP = (0x12, 0x1e)  # COM_BINLOG_DUMP, COM_BINLOG_DUMP_GTID


class Proxy:
    def __init__(self, port, text=b"", times=0):
        """The first `times` occurrences of `text` are damaged."""
        self.upstream, self.text, self.times = port, text, times
        self.damaged = self.dumps = 0
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1",
                                                   self.upstream))
                self.open += [client, server]
                relay = Relay(self, client, server)
                for work in (relay.up, relay.down):
                    threading.Thread(target=work, daemon=True).start()

    def close(self):
        for s in [self.listener, *self.open]:
            with contextlib.suppress(OSError):
                s.close()


class Relay:
    """One connection; it is a stream once the client asked for a dump."""

    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.dumping = False

    def up(self):
        self.pump(self.client, self.server, self.look)

    def down(self):
        self.pump(self.server, self.client, self.damage)

    @staticmethod
    def pump(source, sink, change):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(change(data))
        for s in (source, sink):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

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
