"""A way to a broker that can be made to swallow what the broker says, to let nothing through, and to be cut: how
acknowledgements get lost, and what a firewall does that forgot a connection."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any


class MuteProxy:
    """Stands for the broker: has its own `host` and `port`. Muted, everything still arrives and nothing comes back;
    with `open` cleared nothing goes either way, and nobody is told."""

    def __init__(self, broker: Any) -> None:
        self.host = "127.0.0.1"
        self.muted, self.open = threading.Event(), threading.Event()
        self.open.set()
        self._broker = broker
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server((self.host, 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection at once."""
        sockets, self._sockets = self._sockets, []
        for one in sockets:
            _shut(one)

    def close(self) -> None:
        self.open.set()
        _shut(self._listener)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection((self._broker.host, self._broker.port))
            self._sockets += [client, server]
            for source, target, mutes in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pump, args=(source, target, mutes), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, mutes: bool) -> None:
        with contextlib.suppress(OSError):
            while said := source.recv(65536):
                self.open.wait()
                if not (mutes and self.muted.is_set()):
                    target.sendall(said)
        _shut(source)
        _shut(target)
        source.close()


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
