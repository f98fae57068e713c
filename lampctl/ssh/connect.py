"""Fabric connections that behave as users of OpenSSH expect: ssh_config, agent, known_hosts, jump hosts.

fabric by itself accepts every unknown host key, uses several jump hosts in the wrong order and takes `none` for a host,
reads no Include, leaves Nagle's algorithm on, never closes a gateway or a connection that failed to open, and offers
ssh_config's keys in addition to that of `-i`. So lampctl decides the route, sockets, keys and host key checks itself.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 -- threads that look up names load it by themselves, and if two do at once, one fails for good
import logging
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import fabric
import paramiko

from lampctl.errors import UsageError
from lampctl.ssh import hostkeys
from lampctl.ssh.channels import SshTransport, close_all
from lampctl.ssh.failures import explain, login_error
from lampctl.ssh.guarded import GuardedTransport
from lampctl.ssh.options import Connection, ConnectOptions, Target
from lampctl.ssh.route import Hop, known_name, read_config, route

KEEPALIVE = 15  # seconds

# paramiko logs what it raises as well; without a handler, Python would print that on stderr.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


def connect(where: Target, options: ConnectOptions) -> SshTransport:
    """Connect to a host through the jump hosts of ssh_config.

    Raises:
        Unreachable: A hop can't be reached; `kind` says why. BadAnswer: The host sends too much.
        UsageError: An option or ssh_config is wrong; no host was contacted.
    """
    hops = route(where, options, read_config(options.config))
    connections = [_prepare(hop, options) for hop in hops]
    opened: list[Connection] = []
    try:
        for hop, connection in zip(hops, connections, strict=True):
            sock = _jump(opened[-1], hop, options) if opened else _dial(hop, options)
            _open(hop, connection, sock)
            opened.append(connection)
    except BaseException:
        close_all(opened)
        raise
    address = address_of(connections[-1]) if len(opened) == 1 else ""
    return SshTransport(connections[-1], where.text, address, options.sudo_password, opened)


def _prepare(hop: Hop, options: ConnectOptions) -> Connection:
    """An unopened connection to which fabric adds nothing: neither from its own settings files nor from ssh_config."""
    keys = hostkeys.policy(known_name(hop.host, hop.port, hop.settings), hop.settings, options)
    connection: Connection = fabric.Connection(
        hop.host,
        hop.user,
        hop.port,
        config=fabric.Config(lazy=True, ssh_config=paramiko.SSHConfig()),
        gateway=False,
        connect_kwargs={
            "banner_timeout": options.connect_timeout,
            "auth_timeout": max(options.connect_timeout, 30),
            "transport_factory": TransportFactory(keys),
            **_identities(options, hop.settings),
        },
    )
    connection.client.set_missing_host_key_policy(keys)
    return connection


def _identities(options: ConnectOptions, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The keys to log in with, as arguments for paramiko."""
    if options.key:
        if not options.key.is_file():
            raise UsageError(f"-i {options.key}: no such file", "name a private key")
        return {"key_filename": [str(options.key)], "allow_agent": False, "look_for_keys": False}
    files = [str(Path(name).expanduser()) for name in settings.get("identityfile", [])]
    files = [name for name in files if Path(name).is_file()]
    only = settings.get("identitiesonly") == "yes"
    return {"key_filename": files, "allow_agent": not only, "look_for_keys": not files and not only}


@dataclass(frozen=True)
class TransportFactory:
    """Makes the transports of one host, as paramiko's `transport_factory`."""

    keys: hostkeys.HostKeys

    def __call__(self, sock: Any, **more: Any) -> GuardedTransport:
        transport = GuardedTransport(sock, **more)
        hostkeys.prefer_known_types(transport, self.keys.known)
        return transport


def _open(hop: Hop, connection: Connection, sock: Any) -> None:
    connection.connect_kwargs["sock"] = sock
    try:
        connection.open()
    except BaseException as error:
        error = login_error(connection.client, connection.connect_kwargs["key_filename"], error)
        connection.client.close()  # fabric's own close() does nothing here
        sock.close()
        raise explain(error, hop.text, hop.login) from error
    connection.transport.set_keepalive(KEEPALIVE)


def _dial(hop: Hop, options: ConnectOptions) -> Any:
    """A socket to the first hop."""
    command = hop.settings.get("proxycommand", "none")
    if command != "none":
        return paramiko.ProxyCommand(str(command))
    try:
        sock = socket.create_connection((hop.host, hop.port), options.connect_timeout)
    except OSError as error:
        raise explain(error, hop.text, f"{hop.host}:{hop.port}") from error
    disable_nagle(sock)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # notice a dead link within half a minute
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)
    return sock


def _jump(gateway: Connection, hop: Hop, options: ConnectOptions) -> Any:
    """A channel from one hop to the next."""
    addresses = ((hop.host, hop.port), ("127.0.0.1", 0))
    try:
        return gateway.transport.open_channel("direct-tcpip", *addresses, timeout=options.connect_timeout)
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise explain(error, hop.text, f"{hop.host}:{hop.port}") from error


def disable_nagle(sock: socket.socket) -> None:
    """Turn off Nagle's algorithm: with it, each batch waits 40 ms for an acknowledgement."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def address_of(connection: Connection) -> str:
    """The address that visitors use; empty if unknown, behind a gateway or a forwarded port."""
    sock = connection.transport.sock
    return visitors_address(sock.getpeername()[0], connection.port) if isinstance(sock, socket.socket) else ""


def visitors_address(peer: str, port: int) -> str:
    """`peer`; empty for a port of loopback other than 22, which is forwarded from a host with another address."""
    forwarded = port != 22 and ip_address(peer.split("%")[0]).is_loopback
    return "" if forwarded else peer
