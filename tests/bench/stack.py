"""What the deployed box holds, as data for another tool: neither what nor how much is a matter of opinion.

The list is what lampctl itself says it changed on the bare box; contents and targets are what lies there now.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from lampctl.resources.file import MARK


def paths(keys: Sequence[str]) -> list[str]:
    """Those of the resource keys (`file:/etc/…`) that are paths."""
    return [name for _, _, name in (key.partition(":") for key in keys) if name.startswith("/")]


def resources(keys: Sequence[str], archive: bytes, keep: Path) -> list[dict[str, str]]:
    """One dictionary for each key: kind, name, and what its kind needs. `archive` is a tar of `paths`.

    Contents of files are written into the folder `keep`.
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
        elif kind == "database-user":  # a site's user follows the site's database
            item["database"] = next(before["name"] for before in reversed(found) if before["kind"] == "database")
        found.append(item)
    return found


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member) if member.isreg() else None
    return stream.read() if stream else b""


def _source(content: bytes, copy: Path) -> Mapping[str, str]:
    """lampctl compares the files that bear its mark; the others are seeds, which only have to be there."""
    if MARK.encode() not in content:
        return {"kind": "seed"}
    copy.write_bytes(content)
    return {"source": str(copy)}
