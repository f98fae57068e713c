"""The built-in playbook lamp, on bare hosts and on hosts that are fully deployed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lampctl import planning
from lampctl.engine.library import Files
from lampctl.facts import MIB, Facts
from lampctl.layers import Context, Desired, desired
from lampctl.observation import Observation
from lampctl.planning import Identity, Plan
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.rendering import Renderer
from lampctl.resources import (
    Database,
    DatabaseUser,
    Directory,
    File,
    OutgoingService,
    Package,
    Resource,
    Secret,
    Service,
    Symlink,
    User,
)
from lampctl.resources.database import DATABASES, DatabaseState
from lampctl.resources.directory import DIRECTORIES
from lampctl.resources.entry import Entry
from lampctl.resources.file import FILES
from lampctl.resources.kind import Kind, States
from lampctl.resources.package import PACKAGES, PackageState
from lampctl.resources.secret import SECRETS, SecretState
from lampctl.resources.service import SERVICES
from lampctl.resources.unit import UnitState
from lampctl.resources.user import USERS, Account

VHOST = "/etc/apache2/sites-available/lamp.test.conf"


def wanted(platform: str, memory: int = 2048) -> tuple[Desired, Mapping[str, str]]:
    files = Files()
    loaded = load("lamp", (), files)
    facts = Facts(platform, memory=memory * MIB)
    found = desired(Context(loaded.playbook, "lamp", PLATFORMS[platform], facts))
    renderer = Renderer(files.template, "lamp")
    return found, {file.key: renderer.text(file) for file in found.files}


def converged(found: Desired, contents: Mapping[str, str]) -> Observation:
    """Return the observation of a host after a deploy."""
    states = States()
    for resource in found.resources:
        if pair := state_of(resource, contents):
            kind, state = pair
            states = states.updated(kind, {kind.locate(resource): state})
    return Observation(Facts("debian-13"), states, {"lamp": frozenset(r.key for r in found.resources)})


def state_of(resource: Resource, contents: Mapping[str, str]) -> tuple[Kind[Any, Any], object] | None:
    """Return the kind and the wanted state of a resource; None for kinds that have no state."""
    match resource:
        case File():
            content = contents[resource.key].encode()
            return FILES, Entry("file", resource.mode, resource.owner, content)
        case Symlink():
            return FILES, Entry("symlink", 0o777, "root:root", target=resource.target)
        case Directory():
            readers = frozenset({resource.reader} - {""})
            return DIRECTORIES, Entry("directory", resource.mode, resource.owner, readers=readers)
        case Package():
            return PACKAGES, PackageState("installed")
        case Service():
            return SERVICES, UnitState(True, "active", "enabled", "success", 100.0, 100.0, 50.0)
        case OutgoingService():
            return SERVICES, UnitState()
        case Secret():
            return SECRETS, SecretState("regular file root:root 600")
        case User():
            return USERS, Account(resource.home)
        case Database() | DatabaseUser():
            return DATABASES, DatabaseState(True, login=True, grants=frozenset({"lamp\\_test"}))
    return None


def with_unit(seen: Observation, **units: UnitState) -> Observation:
    """The same host with other states of these services; `apache2=` is apache2.service."""
    return with_units(seen, {f"{name}.service": state for name, state in units.items()})


def with_units(seen: Observation, units: Mapping[str, UnitState]) -> Observation:
    return replace(seen, states=seen.states.updated(SERVICES, {f"service:{name}": s for name, s in units.items()}))


def with_entry(seen: Observation, path: str, entry: Entry) -> Observation:
    """The same host with another entry at a path."""
    return replace(seen, states=seen.states.updated(FILES, {path: entry}))


LAMP = Identity("lamp")


def make(found: Desired, contents: Mapping[str, str], seen: Observation, identity: Identity = LAMP) -> Plan:
    return planning.make(identity, found, seen, contents, wait=1)
