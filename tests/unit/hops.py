"""A jump host, a host behind it, and a user with a key and a known_hosts file, all on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import paramiko
from fabric import Config, Connection

from lampctl.ssh import Batch, ConnectOptions, Target, Transport, open_transport, target
from lampctl.ssh.batch import BEGIN
from tests.unit.sshd import SshServer, running

GATE, HOST, OTHER = (paramiko.ECDSAKey.generate() for _ in range(3))
HOST_RSA = paramiko.RSAKey.generate(2048)
ANSWER = [BEGIN, "hello"]  # the host's answer to each batch


@dataclass
class Lab:
    """A jump host and a host behind it, and a user with a key and a known_hosts file."""

    folder: Path
    gate: SshServer
    host: SshServer
    trusted: list[str] = field(default_factory=list)

    def trust(self, server: SshServer, key: paramiko.PKey) -> None:
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

    def connect(
        self, name: str = "web1", ask: Callable[[str], bool] | None = None, config: str | None = None
    ) -> Transport:
        text = config or self.config
        options = ConnectOptions(key=self.folder / "key", config=text, timeout=5, ask_host_key=ask)
        return open_transport(target(name), options)

    def fabric(self, name: str, gateway: Connection | None = None) -> Connection:
        """A connection as a program that knows nothing of lampctl would create it."""
        config = Config(ssh_config=paramiko.SSHConfig.from_text(self.config), lazy=True)
        arguments = {"key_filename": str(self.folder / "key"), "allow_agent": False, "look_for_keys": False}
        return Connection(name, config=config, gateway=gateway or False, connect_kwargs=arguments)


@contextmanager
def two_hosts(folder: Path) -> Iterator[Lab]:
    OTHER.write_private_key_file(str(folder / "key"))
    answer = "".join(f"{line}\n" for line in ANSWER).encode()
    with running(GATE) as gate, running(HOST, HOST_RSA, answer=answer) as host:
        yield Lab(folder, gate, host)


def open_over(connection: Connection, options: ConnectOptions | None = None) -> Transport:
    name = connection.original_host
    return open_transport(Target(name, name, connection=connection), options or ConnectOptions())


def lines(transport: Transport) -> list[str]:
    session = transport.start(Batch({}))
    found = list(session.lines())
    session.finish()
    return found
