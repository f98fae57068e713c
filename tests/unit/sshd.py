"""SSH servers on loopback, for tests of connections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import paramiko


class RefusingServer(paramiko.ServerInterface):
    """An sshd that refuses every key."""

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "publickey"


@dataclass
class SshServer(paramiko.ServerInterface):
    """An sshd that forwards connections, and prints `answer` for each command. It accepts every key, unless `closed`."""

    keys: Sequence[paramiko.PKey]
    answer: bytes = b""
    port: int = 0
    closed: bool = False
    offered: list[paramiko.PKey] = field(default_factory=list)
    destinations: list[tuple[str, int]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    transports: list[paramiko.Transport] = field(default_factory=list)
    forwarded: dict[int, socket.socket] = field(default_factory=dict)  # channel id → its destination

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.offered.append(key)
        if self.closed:
            return paramiko.common.AUTH_FAILED
        self.logins.append(username)
        return paramiko.common.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:  # noqa: ARG002
        def run() -> None:
            channel.recv(1)  # stdin arrives once the request is answered
            channel.sendall(self.answer)
            channel.send_exit_status(0)
            channel.close()

        threading.Thread(target=run, daemon=True).start()
        return True

    def check_channel_direct_tcpip_request(
        self,
        chanid: int,
        origin: tuple[str, int],  # noqa: ARG002
        destination: tuple[str, int],
    ) -> int:
        self.destinations.append(destination)
        try:
            self.forwarded[chanid] = socket.create_connection(destination, 5)
        except OSError:
            return paramiko.common.OPEN_FAILED_CONNECT_FAILED
        return paramiko.common.OPEN_SUCCEEDED

    def serve(self, server: socket.socket) -> None:
        """Accept connections until the server's socket is closed."""
        with suppress(OSError):
            while True:
                transport = paramiko.Transport(server.accept()[0])
                for key in self.keys:
                    transport.add_server_key(key)
                self.transports.append(transport)
                threading.Thread(target=self._channels, args=(transport,), daemon=True).start()

    def _channels(self, transport: paramiko.Transport) -> None:
        with suppress(paramiko.SSHException, EOFError, OSError):
            transport.start_server(server=self)
            while transport.is_active():
                channel = transport.accept(1)
                target = self.forwarded.pop(channel.get_id(), None) if channel else None
                if channel and target:
                    for pair in ((channel, target), (target, channel)):
                        threading.Thread(target=_pump, args=pair, daemon=True).start()


def _pump(source: socket.socket | paramiko.Channel, sink: socket.socket | paramiko.Channel) -> None:
    with suppress(OSError, EOFError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError, EOFError):
            end.shutdown(socket.SHUT_RDWR)  # close() alone leaves the other thread waiting
            end.close()


@contextmanager
def running(*keys: paramiko.PKey, answer: bytes = b"") -> Iterator[SshServer]:
    """Run a server that has these host keys."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sshd = SshServer(keys, answer, listener.getsockname()[1])
        threading.Thread(target=sshd.serve, args=(listener,), daemon=True).start()
        yield sshd
        for transport in sshd.transports:
            transport.close()
