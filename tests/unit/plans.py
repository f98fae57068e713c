"""The built-in playbook on hosts that were never touched, and on hosts that are as it wants them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lampctl import plan as planning
from lampctl.engine.library import Files
from lampctl.facts import MIB, Facts
from lampctl.layers import Context, Desired, desired
from lampctl.observation import Observation
from lampctl.plan import Plan
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.render import Renderer
from lampctl.resources import (
    Database,
    DatabaseUser,
    Directory,
    File,
    OutgoingService,
    Package,
    Secret,
    Service,
    Symlink,
    User,
)
from lampctl.resources.database import DATABASES, DatabaseState
from lampctl.resources.directory import DIRECTORIES
from lampctl.resources.entry import Entry
from lampctl.resources.file import FILES
from lampctl.resources.kind import Kind, S, States
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
    """What a host looks like after a deploy."""
    states = States()

    def there(kind: Kind[Any, S], state: S) -> States:
        return states.updated(kind, {kind.locate(resource): state})

    for resource in found.resources:
        match resource:
            case File():
                content = contents[resource.key].encode()
                states = there(FILES, Entry("file", resource.mode, resource.owner, content))
            case Symlink():
                states = there(FILES, Entry("symlink", 0o777, "root:root", target=resource.target))
            case Directory():
                readers = frozenset({resource.reader} - {""})
                states = there(DIRECTORIES, Entry("directory", resource.mode, resource.owner, readers=readers))
            case Package():
                states = there(PACKAGES, PackageState("installed"))
            case Service():
                states = there(SERVICES, UnitState(True, "active", "enabled", "success", 100.0, 100.0, 50.0))
            case OutgoingService():
                states = there(SERVICES, UnitState())
            case Secret():
                states = there(SECRETS, SecretState("regular file root:root 600"))
            case User():
                states = there(USERS, Account(resource.home))
            case Database() | DatabaseUser():
                states = there(DATABASES, DatabaseState(True, login=True, grants=frozenset({"lamp\\_test"})))
    return Observation(Facts("debian-13"), states, {"lamp": frozenset(r.key for r in found.resources)})


def with_unit(seen: Observation, **units: UnitState) -> Observation:
    """The same host, on which these services are otherwise; `apache2=` is apache2.service."""
    return with_units(seen, {f"{name}.service": state for name, state in units.items()})


def with_units(seen: Observation, units: Mapping[str, UnitState]) -> Observation:
    return replace(seen, states=seen.states.updated(SERVICES, {f"service:{name}": s for name, s in units.items()}))


def with_entry(seen: Observation, path: str, entry: Entry) -> Observation:
    """The same host, with something else at a path."""
    return replace(seen, states=seen.states.updated(FILES, {path: entry}))


def make(found: Desired, contents: Mapping[str, str], seen: Observation) -> Plan:
    return planning.make("lamp", found, seen, contents, wait=1)
