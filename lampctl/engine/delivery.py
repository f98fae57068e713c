"""The files of a site, wherever they come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lampctl.engine.sources import read
from lampctl.resources import Source

if TYPE_CHECKING:
    from lampctl.playbook.sites import Origin


def deliver(origin: Origin, base: Path) -> Source:
    """The files of `origin`, whose path is relative to `base`.

    Raises:
        UsageError: They can't be had, or are not what was meant.
    """
    source = _files(origin, base) if origin.path else None
    if origin.parts:
        from lampctl.engine.extras import with_extras

        parts = {at: (path, checksum) for at, path, checksum in origin.parts}
        source = with_extras(
            source, parts, lambda path, checksum: _files(replace(origin, path=path, checksum=checksum), base)
        )
    assert source
    further = " ".join(part for part in (origin.served, origin.steps) if part)
    # The same files with another document root, where other files are hidden, or with other steps, are another release.
    return source.made_with(further) if further else source


def _files(origin: Origin, base: Path) -> Source:
    path, exclude = base / origin.path, origin.exclude
    if origin.ref:
        from lampctl.engine.git import fetch

        return fetch(origin.path, base, origin.ref, exclude)
    if not origin.checksum and not origin.war:
        return read(path, exclude)
    from lampctl.engine.archives import download, read_archive, read_war

    if origin.war:
        return read_war(path)
    if origin.path.startswith("https://"):
        return download(origin.path, origin.checksum, exclude)
    return read_archive(path, origin.checksum, exclude)
