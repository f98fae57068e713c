"""The releases of a host's sites, as the host records them. Data only; what a host prints is not trusted."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from lampctl.answers import parse_float, parse_object, rows
from lampctl.legible import one_line
from lampctl.resources.shell import script

_ID = re.compile(r"[0-9a-f]{8,64}")
_SITE = re.compile(r"[a-z0-9][a-z0-9._-]{0,252}")
_MOST = 1000  # releases of a site


@dataclass(frozen=True)
class Release:
    """One release on a host. What the host has no record of, such as after a power failure, is empty.

    Attributes:
        id: The digest of what it was made from.
        commit: Of the git repository that it comes from.
        created: Seconds since the epoch, by the host's clock.
        by: The user and the machine that deployed it first.
        served: It is served now.
        proved: It was served when its site's page passed, with all other checks.
    """

    id: str
    site: str
    commit: str
    created: float
    by: str
    served: bool
    proved: bool

    def as_dict(self) -> dict[str, Any]:
        names = ("id", "site", "commit", "created", "by", "served", "proved")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class SiteReleases:
    """The releases of one site, the oldest first.

    Attributes:
        served: The id of the release that is served.
        held: What the host records of a rollback that holds the site, or empty.
        proved: (id, whether a rollback brought it) of what was served when the site was proved, the oldest first.
    """

    site: str
    served: str
    held: str = ""
    releases: tuple[Release, ...] = ()
    proved: tuple[tuple[str, bool], ...] = ()


@dataclass
class _Read:
    served: str
    held: str
    releases: list[list[str]] = field(default_factory=list)
    proved: list[tuple[str, bool]] = field(default_factory=list)


def listing() -> str:
    """Shell that prints what `parse` reads."""
    return script("enter", "release/list")


def parse(raw: str) -> list[SiteReleases]:
    found: dict[str, _Read] = {}
    for what, site, rest in rows(raw, 3):
        fields = rest.split("\t", 3)
        if what == "site" and _SITE.fullmatch(site) and len(fields) == 2:
            found[site] = _Read(fields[0], fields[1])
        elif site not in found or not _ID.fullmatch(fields[0]):
            continue
        elif what == "release" and len(fields) == 4 and len(found[site].releases) < _MOST:
            found[site].releases.append(fields)
        elif what == "proved" and len(fields) == 2:
            found[site].proved.append((fields[0], fields[1] == "back"))
    return [_site(site, read) for site, read in sorted(found.items())]


def _site(site: str, read: _Read) -> SiteReleases:
    proved = {id for id, _ in read.proved}
    made = sorted((_release(site, fields, read.served, proved) for fields in read.releases), key=_order)
    return SiteReleases(site, read.served, read.held, tuple(made), tuple(read.proved))


def _order(release: Release) -> tuple[float, str]:
    return release.created, release.id


def _release(site: str, fields: Sequence[str], served: str, proved: Collection[str]) -> Release:
    id, created, commit, text = fields
    by = (parse_object(text) or {}).get("by")
    return Release(
        id,
        site,
        one_line(commit)[:200],
        parse_float(created) or 0.0,
        one_line(by)[:200] if isinstance(by, str) else "",
        id == served,
        id in proved,
    )
