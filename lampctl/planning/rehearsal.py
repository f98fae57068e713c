"""What a stage's new files are tried with before anything is replaced: servers and units beside those that serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.resources import Change
from lampctl.resources.service import Service

MOST = 8  # instances: what breaks one site by a template or a setting breaks these as well


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal starts.

    Attributes:
        servers: Shell commands of web servers, by the configuration on disk.
        instances: Units without their suffix, and their sockets, in turn: they get another instance.
    """

    servers: tuple[str, ...]
    instances: tuple[str, ...]


def rehearsal(services: Sequence[Service], changes: Sequence[Change]) -> Rehearsal | None:
    """The rehearsal of the changes; None if no server or instance is among what they start, restart or reload."""
    changed = {change.resource for change in changes}
    servers = [service for service in services if service.foreground]
    instances = [service for service in services if service.rehearsed_at and service.key in changed]
    if not instances and not any(service.key in changed for service in servers):
        return None
    return Rehearsal(
        tuple(service.foreground for service in servers),
        tuple(word for s in instances[:MOST] for word in (s.unit.removesuffix(".service"), s.rehearsed_at)),
    )
