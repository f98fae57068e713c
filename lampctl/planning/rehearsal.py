"""What a stage's new files are tried with before anything is replaced: servers and units beside those that serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lampctl.checks import Check, HostProbe
from lampctl.layers import Desired
from lampctl.playbook import home_of
from lampctl.resources import Change, Service, select

MOST = 8  # instances: what breaks one site by a template or a setting breaks these as well


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal starts.

    Attributes:
        servers: Shell commands of web servers, by the configuration on disk.
        instances: Units without their suffix, and their sockets, in turn: they get another instance.
        pages: Ids of the checks of sites' pages that passed when the host was last proved, and whose code stays.
    """

    servers: tuple[str, ...]
    instances: tuple[str, ...]
    pages: frozenset[str]


def rehearsal(desired: Desired, changes: Sequence[Change], passed: Mapping[str, str]) -> Rehearsal | None:
    """The rehearsal of the changes; None if no server or instance is among what they start, restart or reload.

    Args:
        passed: Check id -> question, of those that passed when the host was last proved.
    """
    changed = {change.resource for change in changes}
    known = (check for check in desired.checks if passed.get(check.id) and _by_files(check))
    pages = frozenset(
        check.id for check in known if f"symlink:{home_of(check.id.partition('@')[2])}/current" not in changed
    )
    services = select(desired.resources, Service)
    servers = [service for service in services if service.foreground]
    instances = [service for service in services if service.rehearsed_at and service.key in changed]
    if not pages or not any(service.key in changed for service in (*servers, *instances)):
        return None
    return Rehearsal(
        tuple(service.foreground for service in servers),
        tuple(word for s in instances[:MOST] for word in (s.unit.removesuffix(".service"), s.rehearsed_at)),
        pages,
    )


def _by_files(check: Check) -> bool:
    return isinstance(check.probe, HostProbe) and check.probe.by_files
