"""A site's own database, with the site's own login: a client of it, and dumps."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable

from lampctl.engine.everyday import raw, streamed, terminal, terminal_kind
from lampctl.engine.records import Database, Record
from lampctl.errors import Interrupted, LampctlError, UsageError
from lampctl.resources.secret import Secret
from lampctl.resources.shell import script
from lampctl.ssh import Transport
from lampctl.ssh.relay import Read, Write

_SOCKET = "/run/mysqld/mysqld.sock"
_WHY = ("no-client", "no-password")  # of db/login.sh


def client(transport: Transport, record: Record) -> int:
    """The client with this process's streams, at a terminal if they are one; return its exit code."""
    if not terminal():
        return _client(transport, record, "--pipe", "")
    with raw():
        return _client(transport, record, "--pty", "")


def execute(transport: Transport, record: Record, statement: str) -> int:
    """Run SQL, and print what the client prints: a table at a terminal, else rows with tabs. Return its exit code."""
    # It is on stdin, because a statement may contain what other users must not see in a list of processes.
    given = iter([statement.encode(errors="surrogateescape")])
    options = "--table" if os.isatty(1) else ""
    return _client(transport, record, "--pipe", options, lambda: next(given, b""))


def dump(transport: Transport, record: Record, path: str, write: Write) -> None:
    """Write a dump, compressed if the path ends in .gz.

    Raises:
        LampctlError: What was written is not whole.
    """

    def run(main: str, boundary: str) -> int:
        return streamed(transport, main, boundary, lambda: b"", write)

    left = "what was printed is not whole" if path == "-" else f"{path} was not written"
    try:
        code = _begin(transport, record, "dump", run, pack="gzip -c" if path.endswith(".gz") else "cat")
    except KeyboardInterrupt as caught:
        raise Interrupted(f"interrupted: {left}") from caught
    if code:
        message = f"{transport.host}: the dump of {record.site}'s database failed (exit code {code}): {left}"
        raise LampctlError(message, "the client's message is above", kind="dump")


def _client(transport: Transport, record: Record, mode: str, options: str, source: Read | None = None) -> int:
    def run(main: str, boundary: str) -> int:
        return streamed(transport, main, boundary, source) if source else streamed(transport, main, boundary)

    size = os.get_terminal_size(1) if mode == "--pty" else os.terminal_size((80, 24))
    more: dict[str, str | int] = {
        "mode": mode,
        "options": options,
        "kind": terminal_kind(),
        "rows": size.lines,
        "columns": size.columns,
    }
    return _begin(transport, record, "client", run, **more)


def _begin(transport: Transport, record: Record, name: str, run: Callable[[str, str], int], **more: str | int) -> int:
    """Run one of the scripts in lampctl/host/db, which print a boundary when they have found client and password."""
    known, boundary = parameters(transport.host, record), f"@@{secrets.token_hex(16)}"
    main = script("enter", "site/task", "db/login", f"db/{name}", boundary=boundary, **known, **more)
    try:
        return run(main, boundary)
    except LampctlError as error:
        if error.kind != "not-started":
            raise
        lines = error.evidence.splitlines()
        why = next((why for why in _WHY if f"lampctl-reason: {why}" in lines), "login")
        raise not_begun(transport.host, record, why, error.evidence) from error


def not_begun(host: str, record: Record, why: str, evidence: str = "") -> LampctlError:
    """Why no client could be started. `why`: `no-client`, `no-password`, or anything else."""
    if why == "no-client":
        message = f"{host}: no client of MariaDB or MySQL is installed"
        return LampctlError(message, "linux: {packages: [default-mysql-client]} installs one", kind=why)
    if why == "no-password":
        message = f"{host}: the password of {record.site}'s database is missing"
        return LampctlError(message, f"lampctl deploy {host} makes it again", kind=why)
    hint = f"lampctl check {host} shows whether the site and its database are in order"
    return LampctlError(f"{host}: the client of {record.site}'s database failed", hint, kind=why, evidence=evidence)


def parameters(host: str, record: Record) -> dict[str, str]:
    """Of db/login.sh and site/task.sh.

    Raises:
        UsageError: The site has no database.
    """
    database = _database(host, record)
    return {
        "site": record.site,
        "account": record.user,
        "login": database.user,
        "database": database.name,
        "secret": Secret(record.site, "mysql").path,
        "socket": database.socket or _SOCKET,
        "address": database.address,
        "authority": database.authority,
        "php": "",
        "commands": "",
        "limit": "",
        "without": ".*",  # the site's environment could change what a client does
    }


def _database(host: str, record: Record) -> Database:
    found = record.database
    if not found or not found.name:
        raise UsageError(
            f"{host}: {record.site} has no database",
            f"sites: {{{record.site}: {{database: true}}}} in its playbook, and lampctl deploy, give it one",
            kind="no-database",
        )
    if found.host and not found.address:
        raise UsageError(
            f"{host}: its record of {record.site} does not say at which address {found.host} is",
            f"lampctl deploy {host} writes it",
            kind="no-record",
        )
    return found
