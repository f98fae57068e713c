"""The resources of the deployed box as data for another tool, so that both tools manage exactly the same.

The list is lampctl's own list of changes on the bare box; contents and targets are read from the box.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from lampctl.resources.file import MARK


def paths(keys: Sequence[str]) -> list[str]:
    """The paths among the resource keys (`file:/etc/…`)."""
    return [name for _, _, name in (key.partition(":") for key in keys) if name.startswith("/")]


def resources(keys: Sequence[str], archive: bytes, keep: Path) -> list[dict[str, str]]:
    """Return one dictionary for each key: kind, name, and the fields of its kind. `archive` is a tar of `paths`.

    File contents are written to the folder `keep`.
    """
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        members = {f"/{member.name.strip('/')}": member for member in tar}
        contents = {path: _content(tar, member) for path, member in members.items()}
    found: list[dict[str, str]] = []
    for key in keys:
        kind, _, name = key.partition(":")
        item = {"kind": kind, "name": name}
        if member := members.get(name):
            item |= {
                "mode": f"{member.mode:o}",
                "target": member.linkname,
                "user": member.uname,
                "group": member.gname,
            }
        if kind == "file":
            item |= _source(contents[name], keep / name.strip("/").replace("/", "-"))
        elif kind == "database-user":  # a site's user comes after its database
            item["database"] = next(before["name"] for before in reversed(found) if before["kind"] == "database")
        found.append(item)
    return found


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member) if member.isreg() else None
    return stream.read() if stream else b""


def _source(content: bytes, copy: Path) -> Mapping[str, str]:
    """lampctl compares files that have its header; the others are seeds, which only have to exist."""
    if MARK.encode() not in content:
        return {"kind": "seed"}
    copy.write_bytes(content)
    return {"source": str(copy)}
