"""What was fetched once and can be fetched again: below ~/.cache/lampctl, or $XDG_CACHE_HOME."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

KEPT = 20  # files; the ones that were not used for the longest time go


def get(name: str) -> bytes | None:
    path = _folder() / name
    with suppress(OSError):
        data = path.read_bytes()
        path.touch()
        return data
    return None


def put(name: str, data: bytes) -> None:
    """Keep it, if there is a place for it: without one, it is fetched again."""
    folder = _folder()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with NamedTemporaryFile(dir=folder, delete=False) as new:
            new.write(data)
        Path(new.name).replace(folder / name)
        for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
            old.unlink()


def _folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "lampctl/sources"
