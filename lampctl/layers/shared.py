"""A database server that others use: its settings are lowered only with consent (`mysql: {adopt: true}`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from lampctl.answers import parse_int
from lampctl.facts import MIB, Facts
from lampctl.layers import sizing
from lampctl.layers.base import Context, Preflight, Problem
from lampctl.platforms import MysqlNames
from lampctl.playbook import in_bytes
from lampctl.resources.shell import script

_SHOWN = 3  # names in a message
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Loss:
    """A setting in force that a deploy would lower or close, and the option that keeps it."""

    text: str
    keep: str


def settings_preflight(context: Context, names: MysqlNames) -> Preflight:
    """Refuse to lower the settings of a database server that others use."""
    probe = script("database/shared", drop_in=names.drop_in, data=names.data, socket=names.socket, client=names.client)
    return Preflight(f"mysql.shared.{names.engine}", probe, partial(_judge_settings, context, names))


def _judge_settings(
    context: Context, names: MysqlNames, raw: str, facts: Facts, changing: frozenset[str]
) -> list[Problem]:
    found: dict[str, list[Sequence[str]]] = {}
    for line in raw.splitlines():
        kind, *fields = line.split("\t")
        found.setdefault(kind, []).append(fields)
    used = list(_uses(found))
    settings = {fields[0]: fields[1] for fields in found.get("setting", ()) if len(fields) == 2}
    losses = [*_closed(context, settings), *_lowered(context, facts, settings)]
    if not used or not losses or not changing:
        return []
    change, keep = _list(loss.text for loss in losses), ", ".join(loss.keep for loss in losses)
    message = f"others use {names.title} ({'; '.join(used)}), and this deploy would change {change}"
    hint = f"mysql: {{{keep}}} keeps what is in force; mysql: {{adopt: true}} changes it"
    return [Problem("shared", message, hint, accepted=context.playbook.adopts(context.playbook.mysql))]


def _uses(found: Mapping[str, Sequence[Sequence[str]]]) -> Iterator[str]:
    """Who uses the server, in words."""
    if databases := [fields[0] for fields in found.get("database", ())]:
        yield f"databases: {_shown(databases)}"
    if accounts := ["@".join(fields) for fields in found.get("account", ())]:
        yield f"accounts: {_shown(accounts)}"
    if clients := sorted({fields[1] for fields in found.get("client", ()) if len(fields) == 2}):
        yield f"connected from {_shown(clients)}"


def _closed(context: Context, settings: Mapping[str, str]) -> Iterator[Loss]:
    address = settings.get("bind_address", "127.0.0.1")
    options = context.playbook.mysql
    if address in _LOCAL or context.clients or (options and options.bind_address not in (None, *_LOCAL)):
        return
    keep = "::" if address == "*" or "," in address else address
    yield Loss(f"bind-address from {address} to 127.0.0.1", f'bind_address: "{keep}"')


def _lowered(context: Context, facts: Facts, settings: Mapping[str, str]) -> Iterator[Loss]:
    connections = int(sizing.max_connections(context.playbook, facts).value)
    if (former := parse_int(settings.get("max_connections", "")) or 0) > connections:
        yield Loss(f"max_connections from {former} to {connections}", f"max_connections: {former}")
    pool = sizing.buffer_pool(context.playbook, facts).value
    if (former := parse_int(settings.get("buffer_pool", "")) or 0) > in_bytes(pool):
        size = f"{former // MIB}M"
        yield Loss(f"innodb_buffer_pool_size from {size} to {pool}", f"buffer_pool: {size}")


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _list(texts: Iterable[str]) -> str:
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last
