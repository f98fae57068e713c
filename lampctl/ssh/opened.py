"""A fabric.Connection of the caller as a transport. It is opened if it is not open, and never closed here."""

from __future__ import annotations

import socket
from typing import Any

from lampctl.ssh import connect
from lampctl.ssh.channels import SshTransport
from lampctl.ssh.options import Connection, ConnectOptions


class BorrowedTransport(SshTransport):
    """Batches and tunnels over a connection that belongs to the caller."""

    def close(self) -> None:
        """The caller closes it."""


def transport_over(connection: Connection, options: ConnectOptions) -> SshTransport:
    """A transport over the connection. The sudo password is that of `options`, else that of fabric's config.

    Raises:
        Unreachable: It was not open and could not be opened. Its host key is checked as for hosts named by text: fabric
            accepts any.
    """
    if not connection.is_connected:
        _open(connection, options)
    sock = connection.transport.sock
    address = ""  # behind a gateway it is not known
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each batch waits 40 ms
        address = connect.visited(sock.getpeername()[0], connection.port)
    password = options.sudo_password or connection.config.sudo.password
    return BorrowedTransport(connection.client, connection.original_host, address, password)


def _open(connection: Connection, options: ConnectOptions) -> None:
    found: dict[str, Any] = dict(connection.ssh_config)
    name = connection.host if connection.port == 22 else f"[{connection.host}]:{connection.port}"
    connection.client.set_missing_host_key_policy(connect.host_keys(found, options, name))
    try:
        connection.open()
    except BaseException as error:
        login = f"{connection.user}@{connection.host}:{connection.port}"
        raise connect.explain(error, connection.original_host, login) from error
