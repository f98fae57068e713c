"""The releases of a host's sites, as the host records them. Data only; what a host prints is not trusted."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from lampctl.answers import parse_float, parse_object, rows
from lampctl.facts import Held
from lampctl.legible import one_line
from lampctl.resources.shell import script

_ID = re.compile(r"[0-9a-f]{8,64}")
_SITE = re.compile(r"[a-z0-9][a-z0-9._-]{0,252}")
_MOST = 1000  # releases of a site
_LONGEST = 3600  # seconds that a page may take


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
class Page:
    """What a host records of the check of a site's page; `limit`: the seconds that it may take."""

    limit: int
    expected: str
    question: str

    @classmethod
    def parse(cls, text: str) -> tuple[Self, ...]:
        """The first page, and the others in it; none if one can't be read: only all of them prove a release."""
        first = parse_object(text) or {}
        others = first.get("others", [])
        if not isinstance(others, list) or len(others) > _MOST:
            return ()
        pages = tuple(page for one in (first, *others) if isinstance(one, dict) and (page := cls._of(one)))
        return pages if len(pages) == len(others) + 1 else ()

    @classmethod
    def _of(cls, found: Mapping[str, object]) -> Self | None:
        limit, expected, question = (found.get(name) for name in ("limit", "expected", "question"))
        if not (isinstance(limit, int) and 0 < limit <= _LONGEST and isinstance(expected, str)):
            return None
        if not (isinstance(question, str) and re.fullmatch(r"[0-9a-f]{16}", question)):
            return None
        return cls(int(limit), one_line(expected)[:500], question)


@dataclass(frozen=True)
class SiteReleases:
    """The releases of one site, the oldest first.

    Attributes:
        served: The id of the release that is served; empty if none is.
        held: What the host records of a rollback that holds the site, or None.
        earlier: The id of the release that a rollback goes to: proved, and served before the present one; or empty.
        pages: The checks of the site's pages when it was last proved; empty if there is no record of them.
    """

    site: str
    served: str
    held: Held | None = None
    releases: tuple[Release, ...] = ()
    earlier: str = ""
    pages: tuple[Page, ...] = ()


@dataclass
class _Read:
    served: str
    held: str
    releases: list[list[str]] = field(default_factory=list)
    proved: set[str] = field(default_factory=set)
    earlier: str = ""
    pages: tuple[Page, ...] = ()


def listing() -> str:
    """Shell that prints what `parse` reads."""
    return script("enter", "release/earlier", "release/list")


def parse(raw: str) -> list[SiteReleases]:
    found: dict[str, _Read] = {}
    for what, site, rest in rows(raw, 3):
        fields = rest.split("\t", 3)
        if what == "site" and _SITE.fullmatch(site) and len(fields) == 2:
            found[site] = _Read(fields[0] if _ID.fullmatch(fields[0]) else "", fields[1])
        elif what == "about" and site in found:
            found[site].pages = Page.parse(rest)
        elif site in found and _ID.fullmatch(fields[0]):
            _add(found[site], what, fields)
    return [_site(site, read) for site, read in sorted(found.items())]


def _add(read: _Read, what: str, fields: list[str]) -> None:
    if what == "release" and len(fields) == 4 and len(read.releases) < _MOST:
        read.releases.append(fields)
    elif what == "proved":
        read.proved.add(fields[0])
    elif what == "earlier":
        read.earlier = fields[0]


def _site(site: str, read: _Read) -> SiteReleases:
    made = sorted((_release(site, fields, read.served, read.proved) for fields in read.releases), key=_order)
    known = {release.id for release in made}
    earlier = read.earlier if read.earlier in known else ""
    return SiteReleases(site, read.served, Held.parse(read.held), tuple(made), earlier, read.pages)


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
