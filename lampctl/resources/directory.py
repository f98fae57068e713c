"""Directories: made before anything is put into them, and each as the user whose directory it lies in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import split

from lampctl.resources import entry
from lampctl.resources.base import Action, Change, Conflict, Step
from lampctl.resources.entry import Entry
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.shell import script, words
from lampctl.resources.user import USERS


@dataclass(frozen=True)
class Directory:
    """A directory. One that somebody else made is used as it is; one of a package, if `packaged`, gets owner and mode.

    It is made by root, so its parent has to be root's; or it lies in a directory of the user `tenant`, and is made by
    that user.

    Attributes:
        reader: A user who may enter and list it beside its owner and group, by its access control list.
    """

    path: str
    layer: str
    mode: int = 0o755
    owner: str = "root:root"
    reader: str = ""
    tenant: str = ""
    packaged: bool = False

    @property
    def key(self) -> str:
        return f"directory:{self.path}"


def probe(directories: Sequence[Directory]) -> str:
    return entry.probe([d.path for d in directories], (), [d.path for d in directories if d.reader])


def compare(directory: Directory, state: Entry | None, view: HostView) -> Change | Conflict | None:
    if found := _taken(directory, state, view):
        return found
    if state is None:
        return Change(directory.key, directory.layer, Action.CREATE)
    if _is_as_wanted(directory, state, view.owned):
        return None
    if state.kind != "directory":
        return Conflict(
            directory.key,
            f"{directory.path} is a {state.kind}, and its content may be somebody's; it was left alone",
            f"move it away: mv {directory.path} {directory.path}.before",
        )
    if directory.tenant and state.owner != directory.owner:
        return Conflict(
            directory.key,
            f"{directory.path} belongs to {state.owner}, in a directory of {directory.tenant}'s; it was left alone",
            f"chown -R {directory.owner} {directory.path}",
        )
    lacking = directory.reader and directory.reader not in state.readers
    diff = entry.difference(state, "directory", directory.owner, directory.mode)
    diff += f"may also be read by: {directory.reader}\n" if lacking else ""
    return Change(directory.key, directory.layer, Action.UPDATE, diff)


def _taken(directory: Directory, state: Entry | None, view: HostView) -> Conflict | None:
    """It belongs to a site of another playbook, by its owner."""
    owner, wanted = (text.partition(":")[0] for text in (state.owner if state else "", directory.owner))
    if directory.key not in view.theirs or not owner.startswith("site-") or wanted == owner:
        return None
    if any(user.former == owner and user.name == wanted for user in USERS.select(view.wanted)):
        return None
    playbook = view.theirs[directory.key]
    message = f"{directory.path} belongs to {owner}, of the playbook {playbook}; it was left alone"
    return Conflict(directory.key, message, "give the site another `root`, or another name")


def _is_as_wanted(directory: Directory, state: Entry, owned: frozenset[str]) -> bool:
    if state.kind == "symlink":  # to where the directory really is, as deployments by link have it
        return True
    if state.kind != "directory":
        return False
    # A home that belongs to a site's user is lampctl's as well: 0.1 made it so.
    home = bool(directory.reader and state.owner.startswith("site-"))
    if directory.key not in owned and not directory.packaged and not home:
        return True
    readable = not directory.reader or directory.reader in state.readers
    return readable and (state.mode, state.owner) == (directory.mode, directory.owner)


def steps(changed: Sequence[Changed[Directory]], view: HostView) -> list[Step]:  # noqa: ARG001
    """One step for all; they stay when a run is undone, as an empty directory does no harm."""
    if not changed:
        return []
    directories = [directory for directory, _ in changed]
    made = script("directory/make") + "".join(f"{words(_call(directory))}\n" for directory in directories)
    layers = {directory.layer for directory in directories}
    layer = layers.pop() if len(layers) == 1 else "linux"
    return [Step("directories", layer, made, owns=tuple(directory.key for directory in directories))]


def _call(directory: Directory) -> tuple[str, ...]:
    parent, name = split(directory.path)
    if directory.tenant:
        return "make_as_tenant", parent, name, f"{directory.mode:o}", directory.tenant
    return "make_as_root", parent, name, f"{directory.mode:o}", directory.owner, directory.reader


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
