"""A host that sends endlessly, or nothing at all: one clear error, in bounded memory and time."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import inf
from pathlib import Path

import paramiko
import pytest

from lampctl.errors import LampctlError
from lampctl.ssh import Batch, ConnectOptions, connect, target
from lampctl.ssh.channels import SshTransport
from lampctl.ssh.limits import MIB, Limits
from lampctl.ssh.local import LocalSession

SMALL = Limits(line=MIB, answer=4 * MIB, errors=4 * MIB, silence=0.5, total=2.0)
Speak = Callable[[paramiko.Channel], None]


class AcceptingServer(paramiko.ServerInterface):
    """An sshd that accepts every key, and runs `speak` for each command."""

    def __init__(self, speak: Speak) -> None:
        self._speak = speak

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:  # noqa: ARG002
        return paramiko.common.AUTH_SUCCESSFUL

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:  # noqa: ARG002
        def run() -> None:
            with suppress(OSError, EOFError, paramiko.SSHException):
                channel.recv(1)  # stdin arrives once the request is answered: a flood before that fails differently
                self._speak(channel)
                channel.send_exit_status(0)
                channel.close()

        threading.Thread(target=run, daemon=True).start()
        return True


class Connector:
    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
        paramiko.ECDSAKey.generate().write_private_key_file(str(tmp_path / "key"))
        self.key = tmp_path / "key"

    def connect(self, port: int) -> SshTransport:
        options = ConnectOptions(accept_new_host_key=True, key=self.key, config="", timeout=3)
        return connect.connect(target(f"joe@127.0.0.1:{port}"), options)


@pytest.fixture
def connector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Connector:
    return Connector(tmp_path, monkeypatch)


def serve(server: socket.socket, speak: Speak) -> None:
    transport = paramiko.Transport(server.accept()[0])
    transport.add_server_key(paramiko.ECDSAKey.generate())
    with suppress(paramiko.SSHException, EOFError, OSError):
        transport.start_server(server=AcceptingServer(speak))


def read_answer(connector: Connector, speak: Speak, limits: Limits = SMALL) -> list[str]:
    """Return the lines of an answer, or raise the error that ended it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server, speak), daemon=True).start()
        transport = connector.connect(server.getsockname()[1])
        try:
            session = transport.start(Batch({}, limits))
            lines = list(session.lines())
            session.finish()
            return lines
        finally:
            transport.close()


def endlessly(channel: paramiko.Channel, text: bytes) -> None:
    while True:
        channel.sendall(text)


def stderr_endlessly(channel: paramiko.Channel) -> None:
    while True:
        channel.sendall_stderr(b"e" * 65536)


def drip(channel: paramiko.Channel) -> None:
    while True:
        channel.sendall(b".\n")
        time.sleep(0.05)


SPEECHES: dict[str, tuple[Speak, str, str]] = {
    "a line without an end": (lambda channel: endlessly(channel, b"x" * 65536), "answer-too-long", "a line of its"),
    "lines without an end": (lambda channel: endlessly(channel, b"x\n" * 9999), "answer-too-long", "its answer is"),
    "stderr without an end": (stderr_endlessly, "answer-too-long", "its error output"),
    "nothing": (lambda channel: time.sleep(3), "timeout", "no output for"),  # noqa: ARG005
    "a line now and then": (drip, "timeout", "was not complete after 2 s"),
}


@pytest.mark.parametrize("speech", SPEECHES)
def test_error_names_the_exceeded_limit(connector: Connector, speech: str) -> None:
    speak, kind, named = SPEECHES[speech]
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(LampctlError, match=named) as caught:
        read_answer(connector, speak)
    assert (caught.value.kind, caught.value.message[:9]) == (kind, "joe@127.0")
    assert caught.value.hint
    assert time.monotonic() - began < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


def test_host_that_floods_stderr_is_not_blocked(connector: Connector) -> None:
    """More than SSH's window of 2 MiB before the answer: without reading stderr, lampctl would wait forever."""

    def speak(channel: paramiko.Channel) -> None:
        for _ in range(64):
            channel.sendall_stderr(b"e" * 65536)
        channel.sendall(b"answer\n")

    assert read_answer(connector, speak, Limits(silence=5)) == ["answer"]


def test_host_that_ignores_flow_control_is_cut_off(connector: Connector) -> None:
    """paramiko buffers everything that arrives, however little is read."""

    def speak(channel: paramiko.Channel) -> None:
        channel.out_window_size = 1 << 40
        endlessly(channel, (b"x" * 999 + b"\n") * 20)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server, speak), daemon=True).start()
        transport = connector.connect(server.getsockname()[1])
        session = transport.start(Batch({}, Limits(silence=1)))
        time.sleep(1)  # without reading
        assert all(set(line) == {"x"} for line in session.lines())
        with pytest.raises(LampctlError, match="the connection was lost") as caught:
            session.finish()
        assert "flow control" in caught.value.evidence
        transport.close()


@pytest.fixture
def raw() -> Iterator[Callable[[bytes], int]]:
    """Start servers that send the same text forever and read nothing; each call returns a port."""
    servers: list[socket.socket] = []

    def start(text: bytes) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def send() -> None:
            with suppress(OSError):
                peer = server.accept()[0]
                while True:
                    peer.sendall(text)

        threading.Thread(target=send, daemon=True).start()
        port: int = server.getsockname()[1]
        return port

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("text", [b"x" * 65536, b"x" * 9999 + b"\n"])
def test_endless_banner_ends_the_connection(connector: Connector, raw: Callable[[bytes], int], text: bytes) -> None:
    began = time.monotonic()
    with pytest.raises(LampctlError, match="its SSH banner is longer than 64 KiB") as caught:
        connector.connect(raw(text))
    assert caught.value.kind == "answer-too-long"
    assert time.monotonic() - began < 5


def test_packet_of_four_gigabytes_is_refused(connector: Connector) -> None:
    """Before the host key is known."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def send() -> None:
            with suppress(OSError):
                peer = server.accept()[0]
                peer.sendall(b"SSH-2.0-x\r\n" + b"\xff\xff\xff\xf4" + b"x" * 65536)
                peer.recv(1)
                time.sleep(5)

        threading.Thread(target=send, daemon=True).start()
        with pytest.raises(LampctlError, match="a packet of"):
            connector.connect(server.getsockname()[1])


LOCAL: dict[str, tuple[str, str]] = {
    "line": ("cat /dev/zero", "a line of its"),
    "lines": ("yes", "its answer is"),
    "stderr": ("yes >&2", "its error output"),
    "silence": ("sleep 5", "no output for"),
}


@pytest.mark.parametrize("limit", LOCAL)
def test_local_commands_have_the_same_limits(limit: str) -> None:
    script, named = LOCAL[limit]
    with pytest.raises(LampctlError, match=named):
        list(LocalSession(script, b"", SMALL).lines())


def test_stderr_of_a_local_command_is_read_while_it_runs() -> None:
    session = LocalSession(
        "head -c 9000000 /dev/zero >&2; echo said >&2; echo answer", b"", Limits(silence=5, total=inf)
    )
    assert list(session.lines()) == ["answer"]
    code, stderr = session.finish()
    assert (code, stderr[-5:]) == (0, "said\n")
