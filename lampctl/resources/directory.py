"""Directories: created before their contents, each as the owner of its parent directory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import split

from lampctl.resources import entry
from lampctl.resources.base import Action, Change, Conflict, Step
from lampctl.resources.entry import Entry
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.occupied import OCCUPIED, others
from lampctl.resources.package import PACKAGES
from lampctl.resources.shell import script, words
from lampctl.resources.user import USERS


@dataclass(frozen=True)
class Directory:
    """A directory. One that lampctl did not make is used as it is; but a package's, if `packaged`, gets owner and mode.

    So does a site's home, if `home`: what others own in it is Occupied.

    Root creates it, so its parent must belong to root; or it is in a directory of the user `tenant`, who creates it.

    Attributes:
        reader: A user who can also enter and list it, by its access control list.
        provided: Only a package makes it, with its files; it is never changed.
    """

    path: str
    layer: str
    mode: int = 0o755
    owner: str = "root:root"
    reader: str = ""
    tenant: str = ""
    packaged: bool = False
    home: bool = False
    provided: bool = False

    @property
    def key(self) -> str:
        return f"directory:{self.path}"


def probe(directories: Sequence[Directory]) -> str:
    return entry.probe([d.path for d in directories], (), [d.path for d in directories if d.reader])


def compare(directory: Directory, state: Entry | None, view: HostView) -> Change | Conflict | None:
    if directory.provided:
        return None if state else _missing(directory, view)
    if found := _ownership_conflict(directory, state, view):
        return found
    if state is None:
        return Change(directory.key, directory.layer, Action.CREATE)
    if _matches(directory, state, view.owned):
        return None
    if state.kind != "directory":
        return Conflict(
            directory.key,
            f"{directory.path} is a {state.kind}, which may hold data; it was left alone",
            f"move it away: mv {directory.path} {directory.path}.before",
        )
    if directory.tenant and state.owner != directory.owner:
        return Conflict(
            directory.key,
            f"{directory.path} belongs to {state.owner}, in a directory of {directory.tenant}; it was left alone",
            f"chown -R {directory.owner} {directory.path}",
        )
    lacking = directory.reader and directory.reader not in state.readers
    diff = entry.difference(state, "directory", directory.owner, directory.mode)
    diff += f"reader: {directory.reader}\n" if lacking else ""
    return Change(directory.key, directory.layer, Action.UPDATE, diff)


def _missing(directory: Directory, view: HostView) -> Change | Conflict:
    """A package that is still to be installed may have it."""
    packages = PACKAGES.select(view.wanted)
    states = (view.states.get(PACKAGES, package.key) for package in packages)
    if any(state is None or state.status != "installed" for state in states):
        return Change(directory.key, directory.layer, Action.CREATE, "comes with a package\n")
    message = f"{directory.path} does not exist, and lampctl makes no directories of packages"
    return Conflict(directory.key, message, "name its package: linux: {packages: [NAME]}")


def _ownership_conflict(directory: Directory, state: Entry | None, view: HostView) -> Conflict | None:
    """The conflict with a site of another playbook, which owns the directory."""
    owner, wanted = (text.partition(":")[0] for text in (state.owner if state else "", directory.owner))
    if directory.key not in view.theirs or not owner.startswith("site-") or wanted == owner:
        return None
    if any(user.former == owner and user.name == wanted for user in USERS.select(view.wanted)):
        return None
    playbook = view.theirs[directory.key]
    message = f"{directory.path} belongs to {owner}, of the playbook {playbook}; it was left alone"
    return Conflict(directory.key, message, "give the site another `root`, or another name")


def _matches(directory: Directory, state: Entry, owned: frozenset[str]) -> bool:
    if state.kind == "symlink":  # to the actual directory, as in deployments by link
        return True
    if state.kind != "directory":
        return False
    # A home that belongs to a site's user is lampctl's as well: 0.1 made it so.
    home = directory.home or bool(directory.reader and state.owner.startswith("site-"))
    if directory.key not in owned and not directory.packaged and not home:
        return True
    readable = not directory.reader or directory.reader in state.readers
    return readable and (state.mode, state.owner) == (directory.mode, directory.owner)


def steps(changed: Sequence[Changed[Directory]], view: HostView) -> list[Step]:
    """One step for all. A rollback keeps them: an empty directory does no harm."""
    if not changed:
        return []
    calls = (_call(directory, new=change.action is Action.CREATE) for directory, change in changed)
    made = script("directory/make") + "".join(f"{words(call)}\n" for call in calls)
    layers = {directory.layer for directory, _ in changed}
    layer = layers.pop() if len(layers) == 1 else "linux"
    own = (d.key for d, _ in changed if not d.provided and not _is_occupied(d, view))
    return [Step("directories", layer, made, owns=tuple(own))]


def _is_occupied(directory: Directory, view: HostView) -> bool:
    """Do others own files in it? Then it becomes lampctl's when these have moved."""
    items = {item.directory: item for item in OCCUPIED.select(view.wanted)}
    item = items.get(directory.key)
    return item is not None and bool(others(view.states.get(OCCUPIED, item.key)))


def _call(directory: Directory, *, new: bool) -> tuple[str, ...]:
    parent, name = split(directory.path)
    if directory.provided:
        return "require_directory", directory.path
    if directory.tenant:
        return "make_as_tenant", parent, name, f"{directory.mode:o}", directory.tenant
    as_is = "new" if new and not directory.packaged else ""
    return "make_as_root", parent, name, f"{directory.mode:o}", directory.owner, directory.reader, as_is


DIRECTORIES = Kind(
    "directories",
    ("directory",),
    (Directory,),
    Phase.PREPARE,
    probe,
    entry.parse,
    compare,
    steps,
    locate=lambda directory: directory.path,
    writes=lambda directory: (directory.path,),
)
