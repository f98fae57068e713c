"""How lampctl reaches a host. fabric and paramiko are imported only when one is contacted."""

from __future__ import annotations

from lampctl.ssh.batch import Batch
from lampctl.ssh.options import LOCAL, Connection, ConnectOptions, Target, target
from lampctl.ssh.transport import Session, Transport, as_root, ask

__all__ = [
    "Batch",
    "ConnectOptions",
    "Connection",
    "Session",
    "Target",
    "Transport",
    "as_root",
    "ask",
    "open_transport",
    "target",
]


def open_transport(where: Target, options: ConnectOptions) -> Transport:
    """Connect to a host, or use this machine where the host is called `local`.

    Raises:
        Unreachable: The host can't be reached; `kind` says why. UsageError: An option or ssh_config is invalid.
    """
    if where.text == LOCAL:
        from lampctl.ssh.local import LocalTransport

        return LocalTransport(options.sudo_password)
    from lampctl.ssh.lazy import lazy_imports

    with lazy_imports("invoke.vendor.yaml"):  # fabric's own settings files, which lampctl does not read
        from lampctl.ssh.connect import connect
        from lampctl.ssh.opened import transport_over
    if where.connection:
        return transport_over(where.connection, options)
    return connect(where, options)
