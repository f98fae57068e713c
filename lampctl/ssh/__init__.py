"""How lampctl reaches a host. paramiko is imported only when a host is."""

from __future__ import annotations

from lampctl.ssh.batch import Batch
from lampctl.ssh.options import LOCAL, Connection, ConnectOptions, Target, target
from lampctl.ssh.transport import Session, Transport, as_root

__all__ = [
    "Batch",
    "ConnectOptions",
    "Connection",
    "Session",
    "Target",
    "Transport",
    "as_root",
    "open_transport",
    "target",
]


def open_transport(where: Target, options: ConnectOptions) -> Transport:
    """A connection to the host, or to this machine where it is called `local`."""
    if where.text == LOCAL:
        from lampctl.ssh.local import LocalTransport

        return LocalTransport(options.sudo_password)
    if where.connection:
        from lampctl.ssh.opened import transport_over

        return transport_over(where.connection, options)
    from lampctl.ssh.later import later

    later("invoke")  # paramiko needs it for `Match exec` alone, and it takes half as long as all of paramiko
    from lampctl.ssh.connect import connect

    return connect(where, options)
