"""Files and symbolic links: observed, compared, and handed over as one generation.

A generation is staged in a copy of /etc, validated there by the servers' own tests inside a private mount namespace,
and only then swapped in. What it replaced is kept, with a script that restores it.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from posixpath import basename

from lampctl.resources import entry, systemctl
from lampctl.resources.base import Action, Change, Conflict, Step
from lampctl.resources.entry import Entry
from lampctl.resources.kind import Changed, HostView, Kind, Phase, Retirement

MARK = "Managed by lampctl"  # in the header of every rendered file


@dataclass(frozen=True)
class File:
    """A file whose content is rendered from a template.

    Attributes:
        template: Its path below templates/.
        seed: It is written once; then it belongs to its owner, and is never compared.
        unless: A seed is not written if this path exists.
        private: No diff shows its content.
        divert: It replaces a package's own file, which is kept under another name (dpkg-divert).
    """

    path: str
    layer: str
    template: str
    values: Mapping[str, object] = field(hash=False)
    mode: int = 0o644
    owner: str = "root:root"
    seed: bool = False
    unless: str = ""
    private: bool = False
    divert: bool = False

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


class PackagedSymlink(Symlink):
    """A link that a package makes. It is restored if it is gone, and stays when no playbook wants it any more."""

    @property
    def key(self) -> str:
        return f"packaged-symlink:{self.path}"


@dataclass(frozen=True)
class AbsentSymlink:
    """A link that is deleted if it points to `target`, and `why`."""

    path: str
    layer: str
    target: str
    why: str = "another link replaces it"

    @property
    def key(self) -> str:
        return f"symlink:{self.path}"


Path = File | Symlink | AbsentSymlink


def probe(resources: Sequence[Path]) -> str:
    """Shell that prints metadata, and the content of files that are compared.

    Seeds are not compared. The content is also needed for links: a file in place of one is lampctl's if it has MARK.
    """
    paths = [r.path for r in resources] + [r.unless for r in resources if isinstance(r, File) and r.unless]
    return entry.probe(paths, [r.path for r in resources if not isinstance(r, File) or not r.seed])


def compare(resource: Path, state: Entry | None, view: HostView) -> Change | Conflict | None:
    """The change; or a conflict with an entry in its place that lampctl did not make."""
    if isinstance(resource, AbsentSymlink):
        if not state or (state.kind, state.target) != ("symlink", resource.target):
            return None
        return Change(resource.key, resource.layer, Action.DELETE, f"{resource.why}\n")
    content = view.contents.get(resource.key, "")
    if isinstance(resource, File) and resource.seed:
        taken = state or resource.key in view.owned or resource.unless in view.states.of_kind(FILES)
        return None if taken else _change(resource, Action.CREATE, content, None)
    if state is None:
        return _change(resource, Action.CREATE, content, None)
    if _matches(resource, content, state):
        return None
    if found := _conflict(resource, state, view.owned):
        return found
    return _change(resource, Action.UPDATE, content, state)


def _conflict(resource: File | Symlink, state: Entry, owned: frozenset[str]) -> Conflict | None:
    if state.kind == "directory":
        return Conflict(
            resource.key,
            f"{resource.path} is a directory, which may hold data; it was left alone",
            f"move it away: mv {resource.path} {resource.path}.before",
        )
    diverts = isinstance(resource, File) and resource.divert
    empty = state.kind == "file" and not state.content  # as a power failure leaves it
    if resource.key in owned or MARK.encode() in state.content or diverts or empty:
        return None
    return Conflict(
        resource.key,
        f"{resource.path} exists and was not made by lampctl; it was left alone",
        f"move it away, or use another name in the playbook: mv {resource.path} {resource.path}.before",
    )


def _matches(resource: File | Symlink, content: str, state: Entry) -> bool:
    if isinstance(resource, Symlink):
        return state.kind == "symlink" and state.target == resource.target
    same = (state.kind, state.mode, state.owner) == ("file", resource.mode, resource.owner)
    return same and _body(state.content) == _body(content.encode())


def _body(content: bytes) -> bytes:
    """The content without the line that names the playbook: it may differ between playbooks."""
    return b"\n".join(line for line in content.split(b"\n") if MARK.encode() not in line)


def _change(resource: File | Symlink, action: Action, content: str, state: Entry | None) -> Change:
    return Change(resource.key, resource.layer, action, _diff(resource, content, state))


def _diff(resource: File | Symlink, content: str, state: Entry | None) -> str:
    if isinstance(resource, Symlink):
        was = f" (was {state.target or state.kind})" if state else ""
        return f"-> {resource.target}{was}\n"
    attributes = entry.difference(state, "file", resource.owner, resource.mode)
    if resource.private:
        return "the content is private and not shown\n" + attributes
    before = state.content.decode(errors="replace") if state else ""
    lines = unified_diff(
        before.splitlines(keepends=True),
        content.splitlines(keepends=True),
        f"a{resource.path}" if state else "/dev/null",
        f"b{resource.path}",
    )
    text = "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)
    return text + attributes


def steps(changed: Sequence[Changed[Path]], view: HostView) -> list[Step]:  # noqa: ARG001
    """No steps: a generation hands the files over."""
    return []


def retire(keys: Sequence[str], wanted: Sequence[Path], view: HostView) -> Retirement:  # noqa: ARG001
    """Delete files in /etc only: files elsewhere, such as below /var/www, are data. A package's links stay."""
    own = (key for key in keys if not key.startswith("packaged-"))
    deleted = tuple(key for key in own if key.partition(":")[2].startswith("/etc/"))
    # After its units: a slice without a file would stay until the host restarts.
    slices = (basename(key) for key in deleted if key.endswith(".slice"))
    return Retirement((), tuple(Step(f"stop {name}", "linux", systemctl.stop(name)) for name in slices), deleted)


def archive(resources: Sequence[File | Symlink], contents: Mapping[str, str]) -> bytes:
    """The tar of a generation, with each file and link in its desired state."""
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


FILES: Kind[Path, Entry] = Kind(
    "files",
    ("file", "symlink", "packaged-symlink"),
    (File, Symlink, AbsentSymlink),
    Phase.GENERATION,
    probe,
    entry.parse,
    compare,
    steps,
    locate=lambda resource: resource.path,
    writes=lambda resource: (resource.path,),
    claimed=(File, Symlink),
    retire=retire,
)
