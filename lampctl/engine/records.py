"""The records that sites have on their host, for commands without a playbook.

A host is not trusted: a field of another type counts as missing, and what is shown is made legible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from lampctl.answers import parse_object, rows, strings
from lampctl.errors import LampctlError, UsageError, guess
from lampctl.legible import one_line
from lampctl.resources.shell import script
from lampctl.ssh import Batch, Transport, ask

MOST = 1000  # sites of a host


@dataclass(frozen=True)
class Php:
    version: str = ""
    cli: str = ""


@dataclass(frozen=True)
class Database:
    """The database of a site. `engine` and `host`: on this host, or on another one; the other is empty.

    On this host it is at `socket`; on another one at `address`, with a certificate of `authority`, a file.
    """

    name: str = ""
    user: str = ""
    engine: str = ""
    host: str = ""
    socket: str = ""
    address: str = ""
    authority: str = ""


@dataclass(frozen=True)
class Door:
    """How visitors reach a site: the unit of the web server, shell that tests its configuration, `http` and `https`."""

    unit: str = ""
    test: str = ""
    schemes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Record:
    """What a host knows of a site; see lampctl/layers/sites/record.py.

    Attributes:
        root: The document root; empty if it has none.
        logs: Of the web servers.
        own_logs: Of its application, below `folder`: its user can replace them.
        folder: Where its commands run: the release that is served, or its root.
        days: That its certificate is still valid; None without one.
        door: None in the record of an older lampctl.
        names: That it answers for.
        maintenance: Is it in maintenance?
    """

    site: str
    type: str = ""
    user: str = ""
    root: str = ""
    folder: str = ""
    runs_code: bool = False
    php: Php | None = None
    database: Database | None = None
    units: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    own_logs: tuple[str, ...] = ()
    days: int | None = None
    door: Door | None = None
    names: tuple[str, ...] = ()
    maintenance: bool = False


def listing() -> str:
    """Shell that prints what `parse` reads."""
    return script("everyday/records")


def find(transport: Transport, site: str) -> Record:
    """The record of one site.

    Raises:
        UsageError: The host has no such site.
    """
    lines = ask(transport, Batch({"main": listing().encode()}))
    return chosen(transport.host, parse("\n".join(lines)), site)


def chosen(host: str, records: Mapping[str, Record], site: str) -> Record:
    """One of the records. UsageError if there is none of this site."""
    if not records:
        raise no_record(host)
    if site not in records:
        names = [*records][:20]
        more = f" and {len(records) - len(names)} more" if len(records) > len(names) else ""
        raise UsageError(
            f"{host}: there is no site {site}",
            f"{guess(site, records)}Its sites: {', '.join(names)}{more}",
            kind="no-site",
        )
    return records[site]


def no_record(host: str) -> LampctlError:
    return LampctlError(
        f"{host} has no record of a site", f"lampctl deploy {host} makes one for each site", kind="no-record"
    )


def parse(raw: str) -> dict[str, Record]:
    """Site → its record, in the order of their names."""
    found = {name: parse_object(text) or {} for what, name, text in rows(raw, 3) if what == "record"}
    days = {name: int(text) for what, name, text in rows(raw, 3) if what == "days" and _is_days(text)}
    closed = {name for what, name in rows(raw, 2) if what == "maintenance"}
    read = (_record(document, days.get(name), name in closed) for name, document in [*found.items()][:MOST])
    return {record.site: record for record in sorted(read, key=lambda one: one.site) if record.site}


def _is_days(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdecimal() and len(text) < 10


def _record(found: Mapping[str, object], days: int | None, closed: bool) -> Record:
    php, database, door = found.get("php"), found.get("database"), found.get("door")
    return Record(
        _text(found, "site"),
        _text(found, "type"),
        _text(found, "user"),
        _text(found, "root"),
        _text(found, "folder"),
        found.get("runs_code") is True,
        Php(_text(php, "version"), _text(php, "cli")) if isinstance(php, dict) else None,
        _database(database) if isinstance(database, dict) else None,
        _texts(found, "units"),
        _texts(found, "servers"),
        _texts(found, "logs"),
        _texts(found, "own_logs"),
        days,
        _door(door) if isinstance(door, dict) else None,
        _texts(found, "names"),
        closed,
    )


def _door(found: Mapping[str, object]) -> Door:
    schemes = (scheme for scheme in ("http", "https") if scheme in strings(found.get("schemes")))
    return Door(_text(found, "unit"), _text(found, "test"), tuple(schemes))


def _database(found: Mapping[str, object]) -> Database:
    return Database(*(_text(found, field.name) for field in fields(Database)))


def _text(found: Mapping[str, object], name: str) -> str:
    value = found.get(name)
    return one_line(value)[:4000] if isinstance(value, str) else ""


def _texts(found: Mapping[str, object], name: str) -> tuple[str, ...]:
    return tuple(map(one_line, strings(found.get(name))[:1000]))
