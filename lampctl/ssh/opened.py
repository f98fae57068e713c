"""The caller's fabric.Connection as a transport. It is opened if necessary, and never closed here."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import paramiko

from lampctl.ssh import hostkeys
from lampctl.ssh.channels import SshTransport
from lampctl.ssh.connect import KEEPALIVE, TransportFactory, address_of, disable_nagle
from lampctl.ssh.failures import explain, login_error
from lampctl.ssh.options import Connection, ConnectOptions
from lampctl.ssh.route import known_name


def transport_over(connection: Connection, options: ConnectOptions) -> SshTransport:
    """Use a connection of the caller, who closes it.

    An open connection is used as it is: checking the host key was up to the caller. Any other is opened with its own
    settings, and so are its gateways. Their host keys are checked as for hosts that are given by name, because fabric's
    default accepts any key; unless the caller has set another policy on `connection.client`, which then decides.

    Args:
        connection: A fabric.Connection.
        options: Used are `sudo_password` (else that of fabric's config), `accept_new_host_key` and `ask_host_key`.

    Raises:
        Unreachable: It was not open and could not be opened.
    """
    if not connection.is_connected:
        _open(connection, options)
    if isinstance(sock := connection.transport.sock, socket.socket):
        disable_nagle(sock)
    password = options.sudo_password or connection.config.sudo.password
    return SshTransport(connection, connection.original_host, address_of(connection), password)


def _open(connection: Connection, options: ConnectOptions) -> None:
    for hop in _with_gateways(connection):
        _check_host_keys(hop, options)
    try:
        connection.open()
    except BaseException as error:
        error = login_error(connection.client, connection.connect_kwargs.get("key_filename") or (), error)
        connection.client.close()  # fabric's own close() does nothing here
        login = f"{connection.user}@{connection.host}:{connection.port}"
        raise explain(error, connection.original_host, login) from error
    connection.transport.set_keepalive(KEEPALIVE)


def _with_gateways(connection: Connection) -> Iterator[Connection]:
    """The connection, and the gateways that it would open."""
    while hasattr(connection, "is_connected") and not connection.is_connected:  # a gateway may be a command, or none
        yield connection
        connection = connection.gateway


def _check_host_keys(connection: Connection, options: ConnectOptions) -> None:
    client = connection.client
    if type(client._policy) not in (paramiko.AutoAddPolicy, hostkeys.HostKeys):  # the caller's own
        return
    settings = dict(connection.ssh_config)
    keys = hostkeys.policy(known_name(connection.host, connection.port, settings), settings, options)
    client.set_missing_host_key_policy(keys)
    arguments = dict(connection.connect_kwargs)  # a copy: the connections of a group share one
    if isinstance(arguments.get("transport_factory"), TransportFactory | None):
        connection.connect_kwargs = {**arguments, "transport_factory": TransportFactory(keys)}
