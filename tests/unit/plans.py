"""The built-in playbook on hosts that were never touched, and on hosts that are as it wants them."""

from __future__ import annotations

from collections.abc import Mapping

from lampctl import plan as planning
from lampctl.engine.library import Files
from lampctl.facts import MIB, Facts
from lampctl.layers import Context, Desired, desired
from lampctl.observation import Observation
from lampctl.plan import Plan
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.render import Renderer
from lampctl.resources import Directory, File, Package, Secret, Service, Symlink, User
from lampctl.resources.file import Entry
from lampctl.resources.service import UnitState
from lampctl.resources.user import Account

VHOST = "/etc/apache2/sites-available/lamp.test.conf"


def wanted(platform: str, memory: int = 2048) -> tuple[Desired, Mapping[str, str]]:
    files = Files()
    loaded = load("lamp", (), files)
    facts = Facts(platform, memory=memory * MIB)
    found = desired(Context(loaded.playbook, "lamp", PLATFORMS[platform], facts))
    renderer = Renderer(files.template, "lamp")
    return found, {file.key: renderer.text(file) for file in planning.contents_of(found)}


def converged(found: Desired, contents: Mapping[str, str]) -> Observation:
    """What a host looks like after a deploy."""
    entries: dict[str, Entry] = {}
    states: dict[str, object] = {}
    for resource in found.resources:
        match resource:
            case File():
                entries[resource.path] = Entry("file", resource.mode, resource.owner, contents[resource.key].encode())
            case Symlink():
                entries[resource.path] = Entry("symlink", 0o777, "root:root", target=resource.target)
            case Directory():
                readers = frozenset({resource.reader} - {""})
                entries[resource.path] = Entry("directory", resource.mode, resource.owner, readers=readers)
            case Package():
                states[resource.key] = "installed"
            case Service():
                active = UnitState(True, "active", "enabled", "success", 100.0, 100.0, 50.0)
                states[resource.key] = active if resource.running else UnitState()
            case Secret():
                states[resource.key] = "regular file root:root 600"
            case User():
                states[resource.key] = Account(resource.home)
            case _:
                states[resource.key] = frozenset({"exists", "login", "grant:lamp\\_test"})
    return Observation(Facts("debian-13"), states, entries, {"lamp": frozenset(r.key for r in found.resources)})


def make(found: Desired, contents: Mapping[str, str], seen: Observation) -> Plan:
    return planning.make("lamp", found, seen, contents, wait=1)
