"""Files, symbolic links and directories: observed, compared, and handed over as one generation.

A generation is staged in a copy of /etc, validated there by the servers' own tools inside a private
mount namespace, and only then swapped in. What it replaced is kept beside a script that puts it back.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff

from lampctl.resources import peek
from lampctl.resources.base import Action, Change, Conflict
from lampctl.resources.shell import words

_LISTS = "==lists"  # what follows are access control lists
MARK = "Managed by lampctl"  # in the header of every rendered file


@dataclass(frozen=True)
class File:
    """A file whose content is rendered from a template."""

    path: str
    layer: str
    template: str  # path below templates/
    values: Mapping[str, object] = field(hash=False)
    mode: int = 0o644
    owner: str = "root:root"
    seed: bool = False  # written once, then its owner's; never compared again
    unless: str = ""  # a seed is not written where this path exists
    private: bool = False  # its content is shown in no diff
    divert: bool = False  # a package's own file is replaced: dpkg keeps its version beside it (dpkg-divert)

    @property
    def key(self) -> str:
        return f"file:{self.path}"


@dataclass(frozen=True)
class Symlink:
    path: str
    layer: str
    target: str

    @property
    def key(self) -> str:
        return f"symlink:{self.path}"


@dataclass(frozen=True)
class Directory:
    """A directory. One that somebody else made is used as it is; one of a package, if `packaged`, gets owner and mode.

    It is root's to make, so what it lies in has to be root's; or it lies in a directory of the user `tenant`, and is
    made by that user.
    """

    path: str
    layer: str
    mode: int = 0o755
    owner: str = "root:root"
    reader: str = ""  # a user who may enter and list it beside its owner and group: an entry of its access control list
    tenant: str = ""
    packaged: bool = False

    @property
    def key(self) -> str:
        return f"directory:{self.path}"


PathResource = File | Symlink | Directory


@dataclass(frozen=True)
class Entry:
    """What is at a path: `kind` is file, symlink, directory or other."""

    kind: str
    mode: int = 0
    owner: str = "root:root"
    content: bytes = b""
    target: str = ""
    readers: frozenset[str] = frozenset()  # users beside owner and group who may enter and list a directory


def paths(resources: Iterable[PathResource]) -> list[str]:
    """Every path whose state matters to these resources."""
    found = {resource.path for resource in resources}
    found |= {resource.unless for resource in resources if isinstance(resource, File) and resource.unless}
    return sorted(found)


def probe(resources: Sequence[PathResource]) -> str:
    """Shell that prints what is at these paths, with the content of what is compared with a content of ours.

    Seeds are never compared. A link whose place a file has is: our mark in it says whose it is.
    """
    compared = {r.path for r in resources if isinstance(r, Symlink) or (isinstance(r, File) and not r.seed)}
    shared = sorted({r.path for r in resources if isinstance(r, Directory) and r.reader})
    lists = f"\necho; echo {_LISTS}; getfacl --absolute-names {words(shared)} 2>/dev/null || :" if shared else ""
    return peek.script(paths(resources), sorted(compared)) + lists


def parse(raw: str) -> dict[str, Entry]:
    """Path → what is there."""
    found, _, lists = raw.partition(_LISTS)
    readers = _readers(lists)
    return {seen.path: _entry(seen, readers.get(seen.path, frozenset())) for seen in peek.parse(found)}


def _entry(seen: peek.Seen, readers: frozenset[str]) -> Entry:
    """One whose content was too large to be read differs from whatever is wanted, and says so in the diff."""
    content = seen.content
    if content is None and seen.kind == "file" and seen.size > peek.LARGEST:
        content = f"({seen.size} bytes: too large to show)\n".encode()
    return Entry(seen.kind, seen.mode, seen.owner, content or b"", seen.target, readers)


def _readers(lists: str) -> dict[str, frozenset[str]]:
    """Path → the users who may enter and list it by its access control list, as getfacl prints it (`user:NAME:r-x`)."""
    found: dict[str, set[str]] = {}
    path = ""
    for line in lists.splitlines():
        if line.startswith("# file: "):
            path = line.removeprefix("# file: ")
        match line.partition("#")[0].split(":"):
            case ["user", name, rights] if name and rights.startswith("r-x"):
                found.setdefault(path, set()).add(name)
    return {path: frozenset(names) for path, names in found.items()}


def compare(
    resource: PathResource, content: str, states: Mapping[str, Entry], owned: frozenset[str]
) -> Change | Conflict | None:
    """The change that `resource` needs; a conflict where something else is in its place.

    `content` is the rendered text of a File, else empty; `owned` are the keys that lampctl made.
    """
    state = states.get(resource.path)
    if isinstance(resource, File) and resource.seed:
        taken = state or resource.key in owned or resource.unless in states
        return None if taken else _change(resource, Action.CREATE, content, None)
    if state is None:
        return _change(resource, Action.CREATE, content, None)
    ours = _ours(resource, state, owned)
    if _holds(resource, content, state, ours):
        return None
    if (state.kind == "directory") != isinstance(resource, Directory):
        return Conflict(
            resource.key,
            f"{resource.path} is a {state.kind}, and what is in it may be somebody's; it was left alone",
            f"move it away: mv {resource.path} {resource.path}.before",
        )
    if isinstance(resource, Directory) and resource.tenant and state.owner != resource.owner:
        return Conflict(
            resource.key,
            f"{resource.path} belongs to {state.owner}, in a directory of {resource.tenant}'s; it was left alone",
            f"chown -R {resource.owner} {resource.path}",
        )
    diverts = isinstance(resource, File) and resource.divert
    if not ours and MARK.encode() not in state.content and not diverts:
        return Conflict(
            resource.key,
            f"{resource.path} exists and was not made by lampctl; it was left alone",
            f"move it away, or let the playbook use another name: mv {resource.path} {resource.path}.before",
        )
    return _change(resource, Action.UPDATE, content, state)


def _ours(resource: PathResource, state: Entry, owned: frozenset[str]) -> bool:
    """Did lampctl make it? Of directories also a package's, and a home that is still a site's user's, as in 0.1."""
    if not isinstance(resource, Directory):
        return resource.key in owned
    return resource.key in owned or resource.packaged or bool(resource.reader and state.owner.startswith("site-"))


def holds(link: Symlink, states: Mapping[str, Entry]) -> bool:
    """Is this very link there?"""
    state = states.get(link.path)
    return state is not None and _holds(link, "", state, True)


def _holds(resource: PathResource, content: str, state: Entry, ours: bool) -> bool:
    if isinstance(resource, Symlink):
        return state.kind == "symlink" and state.target == resource.target
    if isinstance(resource, Directory):
        if state.kind == "symlink":  # to where the directory really is, as deployments by link have it
            return True
        ok = state.kind == "directory"
        readable = not resource.reader or resource.reader in state.readers
        return ok and (not ours or (readable and (state.mode, state.owner) == (resource.mode, resource.owner)))
    same = (state.kind, state.mode, state.owner) == ("file", resource.mode, resource.owner)
    return same and _body(state.content) == _body(content.encode())


def _body(content: bytes) -> bytes:
    """Without the line that names the playbook: the same file from another playbook is the same file."""
    return b"\n".join(line for line in content.split(b"\n") if MARK.encode() not in line)


def _change(resource: PathResource, action: Action, content: str, state: Entry | None) -> Change:
    return Change(resource.key, resource.layer, action, _diff(resource, content, state))


def _diff(resource: PathResource, content: str, state: Entry | None) -> str:
    if isinstance(resource, File) and resource.private:
        return "its content is private, and not shown\n" + _attributes(resource, state)
    before = state.content.decode(errors="replace") if state else ""
    lines = unified_diff(
        before.splitlines(keepends=True),
        content.splitlines(keepends=True),
        f"a{resource.path}" if state else "/dev/null",
        f"b{resource.path}",
    )
    text = "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)
    return text + _attributes(resource, state)


def _attributes(resource: PathResource, state: Entry | None) -> str:
    """The part of a difference that is not content: kind, target, owner and mode."""
    if isinstance(resource, Symlink):
        was = f" (was {state.target or state.kind})" if state else ""
        return f"-> {resource.target}{was}\n"
    if state is None:
        return ""
    kind = "directory" if isinstance(resource, Directory) else "file"
    wanted = {"kind": kind, "owner": resource.owner, "mode": f"{resource.mode:04o}"}
    actual = {"kind": state.kind, "owner": state.owner, "mode": f"{state.mode:04o}"}
    reader = resource.reader if isinstance(resource, Directory) else ""
    more = f"may also be read by: {reader}\n" if reader and reader not in state.readers else ""
    return "".join(f"{k}: {actual[k]} -> {v}\n" for k, v in wanted.items() if actual[k] != v) + more


def archive(resources: Sequence[File | Symlink], contents: Mapping[str, str]) -> bytes:
    """The tar of a generation: every path as it shall be."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for resource in resources:
            member = tarfile.TarInfo(resource.path.lstrip("/"))
            owner = "root:root" if isinstance(resource, Symlink) else resource.owner
            member.uname, member.gname = owner.split(":")
            data = b""
            if isinstance(resource, Symlink):
                member.type, member.linkname, member.mode = tarfile.SYMTYPE, resource.target, 0o777
            else:
                data = contents[resource.key].encode()
                member.mode, member.size = resource.mode, len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
