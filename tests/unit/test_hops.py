"""Connections over jump hosts: whose key is checked, which socket is used, what is closed. fabric alone does none of it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import paramiko
import pytest
from fabric import Config, Connection

from lampctl.errors import Unreachable
from lampctl.ssh import Batch, ConnectOptions, Target, Transport, open_transport, target
from lampctl.ssh.batch import BEGIN
from tests.unit.sshd import Jump, running

GATE, HOST, OTHER = (paramiko.ECDSAKey.generate() for _ in range(3))
HOST_RSA = paramiko.RSAKey.generate(2048)
ANSWER = f"{BEGIN}\nhello\n".encode()


@dataclass
class Lab:
    """A jump host and a host behind it, and a user with a key and a known_hosts file."""

    folder: Path
    gate: Jump
    host: Jump
    trusted: list[str] = field(default_factory=list)

    def know(self, server: Jump, key: paramiko.PKey) -> None:
        self.trusted.append(f"[127.0.0.1]:{server.port} {key.get_name()} {key.get_base64()}\n")
        self.known_hosts.write_text("".join(self.trusted))

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def config(self) -> str:
        return (
            f"Host *\n UserKnownHostsFile {self.known_hosts}\n User joe\n HostName 127.0.0.1\n"
            f"Host gate\n Port {self.gate.port}\n"
            f"Host web1\n Port {self.host.port}\n ProxyJump gate\n"
            f"Host near\n Port {self.host.port}\n"
        )

    def connect(self, name: str = "web1", ask: Callable[[str], bool] | None = None) -> Transport:
        options = ConnectOptions(key=self.folder / "key", config=self.config, timeout=5, ask_host_key=ask)
        return open_transport(target(name), options)

    def fabric(self, name: str, gateway: Connection | None = None) -> Connection:
        """As a program would make it, that knows nothing of lampctl."""
        config = Config(ssh_config=paramiko.SSHConfig.from_text(self.config), lazy=True)
        arguments = {"key_filename": str(self.folder / "key"), "allow_agent": False, "look_for_keys": False}
        return Connection(name, config=config, gateway=gateway or False, connect_kwargs=arguments)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    OTHER.write_private_key_file(str(tmp_path / "key"))
    with running(GATE) as gate, running(HOST, HOST_RSA, answer=ANSWER) as host:
        yield Lab(tmp_path, gate, host)


def over(connection: Connection, options: ConnectOptions | None = None) -> Transport:
    name = connection.original_host
    return open_transport(Target(name, name, connection=connection), options or ConnectOptions())


def lines(transport: Transport) -> list[str]:
    session = transport.start(Batch({}))
    found = list(session.lines())
    session.finish()
    return found


def test_host_behind_a_jump_host(lab: Lab) -> None:
    lab.know(lab.gate, GATE)
    lab.know(lab.host, HOST)
    transport = lab.connect()
    assert lines(transport) == [BEGIN, "hello"]
    assert lab.gate.destinations == [("127.0.0.1", lab.host.port)]
    assert (transport.host, transport.direct, transport.address) == ("web1", False, "")
    transport.close()


@pytest.mark.parametrize(
    ("gate", "host", "kind"),
    [
        (None, HOST, "host-key-unknown"),
        (OTHER, HOST, "host-key-changed"),
        (GATE, None, "host-key-unknown"),
        (GATE, OTHER, "host-key-changed"),
    ],
)
def test_key_is_checked_on_every_hop(
    lab: Lab, gate: paramiko.PKey | None, host: paramiko.PKey | None, kind: str
) -> None:
    """By its own default fabric takes any key of any hop, so each of these would connect."""
    if gate:
        lab.know(lab.gate, gate)
    if host:
        lab.know(lab.host, host)
    wrong = "gate" if gate is not GATE else "host"
    with pytest.raises(Unreachable, match=rf"^\[127.0.0.1\]:{getattr(lab, wrong).port}: its host key is") as caught:
        lab.connect()
    assert caught.value.kind == kind
    assert lab.host.logins == []
    assert bool(lab.gate.destinations) is (wrong == "host")


def test_unknown_key_is_asked_for_on_every_hop(lab: Lab) -> None:
    asked: list[str] = []

    def ask(question: str) -> bool:
        asked.append(question.partition(" ")[0])
        return True

    lab.connect(ask=ask).close()
    names = [f"[127.0.0.1]:{server.port}" for server in (lab.gate, lab.host)]
    assert asked == names
    assert [line.partition(" ")[0] for line in lab.known_hosts.read_text().splitlines()] == names
    lab.connect().close()  # known now


def test_jump_host_that_cannot_reach_the_host(lab: Lab) -> None:
    lab.know(lab.gate, GATE)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        lab.host.port = closed.getsockname()[1]
    with pytest.raises(Unreachable, match="web1: the jump host could not connect to it") as caught:
        lab.connect()
    assert caught.value.kind == "refused"


@pytest.mark.parametrize("refused", [True, False])
def test_jump_host_s_connection_is_closed(lab: Lab, refused: bool) -> None:
    """fabric closes no gateway, and no connection that failed to open."""
    lab.know(lab.gate, GATE)
    if refused:
        with pytest.raises(Unreachable):
            lab.connect()
    else:
        lab.know(lab.host, HOST)
        lab.connect().close()
    deadline = time.monotonic() + 5
    while any(one.is_active() for one in (*lab.gate.transports, *lab.host.transports)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_socket_sends_at_once_and_notices_a_dead_link(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.know(lab.host, HOST)
    sockets: list[socket.socket] = []
    connect = socket.create_connection

    def kept(*arguments: object) -> socket.socket:
        sockets.append(connect(*arguments))  # type: ignore[arg-type]
        return sockets[-1]

    monkeypatch.setattr(socket, "create_connection", kept)
    transport = lab.connect("near")
    [sock] = sockets
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
    transport.close()


def test_open_connection_of_the_caller_is_used_and_stays_open(lab: Lab) -> None:
    """Whose key the host has was the caller's to check."""
    with lab.fabric("near") as connection:
        connection.open()
        transport = over(connection)
        assert connection.transport.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert (transport.host, lines(transport)) == ("near", [BEGIN, "hello"])
        transport.close()
        assert connection.is_connected
        assert len(lab.host.transports) == 1


@pytest.mark.parametrize(("known", "kind"), [(None, "host-key-unknown"), (OTHER, "host-key-changed")])
def test_connection_that_is_opened_for_the_caller_is_checked(lab: Lab, known: paramiko.PKey | None, kind: str) -> None:
    """fabric by itself would accept both."""
    if known:
        lab.know(lab.host, known)
    with lab.fabric("near") as connection:
        with pytest.raises(Unreachable) as caught:
            over(connection)
        assert caught.value.kind == kind
        assert not connection.is_connected


@pytest.mark.parametrize("known", [HOST, HOST_RSA])
def test_host_with_keys_of_several_types_is_asked_for_the_known_one(lab: Lab, known: paramiko.PKey) -> None:
    lab.know(lab.host, known)
    with lab.fabric("near") as connection:
        over(connection).close()
        assert connection.is_connected


def test_gateway_of_the_caller_is_checked_too(lab: Lab) -> None:
    lab.know(lab.host, HOST)
    connection = lab.fabric("web1", lab.fabric("gate"))
    with pytest.raises(Unreachable, match=rf"^\[127.0.0.1\]:{lab.gate.port}: its host key is unknown"):
        over(connection)
    lab.know(lab.gate, GATE)
    assert lines(over(connection)) == [BEGIN, "hello"]
    connection.close()
    connection.gateway.close()


def test_policy_that_the_caller_has_set_decides(lab: Lab) -> None:
    with lab.fabric("near") as connection:
        connection.client.set_missing_host_key_policy(paramiko.WarningPolicy())
        with pytest.warns(UserWarning, match="Unknown ecdsa"):
            over(connection)
        assert connection.is_connected


@pytest.mark.parametrize(("given", "configured", "has"), [(None, None, False), ("x", None, True), (None, "y", True)])
def test_sudo_password_of_the_options_or_of_fabric(
    lab: Lab, given: str | None, configured: str | None, has: bool
) -> None:
    with lab.fabric("near") as connection:
        connection.open()
        connection.config.sudo.password = configured
        assert over(connection, ConnectOptions(sudo_password=given)).has_sudo_password is has
