"""The entry at a path of a host, which files, links and directories are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.answers import sections
from lampctl.resources import peek
from lampctl.resources.shell import words


@dataclass(frozen=True)
class Entry:
    """The entry at a path. `kind`: file, symlink, directory or other."""

    kind: str
    mode: int = 0
    owner: str = "root:root"
    content: bytes = b""
    target: str = ""
    readers: frozenset[str] = frozenset()  # users besides owner and group who can enter and list a directory


def probe(paths: Sequence[str], read: Sequence[str] = (), shared: Sequence[str] = ()) -> str:
    """Shell that prints the metadata of `paths`, the content of `read`, and the access control lists of `shared`."""
    script = peek.script(sorted(set(paths)), sorted(set(read)))
    if not shared:
        return script
    lists = words(sorted(set(shared)))
    return f"{script}\ngetfacl --absolute-names {lists} 2>/dev/null | sed 's/^/acl\\t/'"


def parse(raw: str) -> dict[str, Entry]:
    """Path -> entry."""
    found = sections(raw)
    readers = _readers(found.get("acl", ""))
    seen = peek.parse(found.get("stat", ""), found.get("tar", ""))
    return {item.path: _entry(item, readers.get(item.path, frozenset())) for item in seen}


def _entry(seen: peek.Seen, readers: frozenset[str]) -> Entry:
    """The entry; content that was too large to read is replaced by a note, so that the diff shows it."""
    content = seen.content
    if content is None and seen.kind == "file" and seen.size > peek.LARGEST:
        content = f"({seen.size} bytes: too large to show)\n".encode()
    return Entry(seen.kind, seen.mode, seen.owner, content or b"", seen.target, readers)


def _readers(lists: str) -> dict[str, frozenset[str]]:
    """Path → the users who can enter and list it by its access control list, as getfacl prints it (`user:NAME:r-x`)."""
    found: dict[str, set[str]] = {}
    path = ""
    for line in lists.splitlines():
        if line.startswith("# file: "):
            path = line.removeprefix("# file: ")
        match line.partition("#")[0].split(":"):
            case ["user", name, rights] if name and rights.startswith("r-x"):
                found.setdefault(path, set()).add(name)
    return {path: frozenset(names) for path, names in found.items()}


def difference(state: Entry | None, kind: str, owner: str, mode: int) -> str:
    """The differences in kind, owner and mode, one a line."""
    if state is None:
        return ""
    wanted = {"kind": kind, "owner": owner, "mode": f"{mode:04o}"}
    actual = {"kind": state.kind, "owner": state.owner, "mode": f"{state.mode:04o}"}
    return "".join(f"{name}: {actual[name]} -> {value}\n" for name, value in wanted.items() if actual[name] != value)
