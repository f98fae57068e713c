"""The release that a site serves: its files on this machine, unless a rollback holds the site at another release.

A hold ends when the site's files are others than those of both releases, the one that it serves and the one held back.
"""

from __future__ import annotations

from lampctl.checks import Check, Where, passed
from lampctl.facts import Held
from lampctl.layers.base import Context, Desired
from lampctl.resources import AbsentSymlink, Release, Resource, Symlink
from lampctl.resources.release import HOLDS


def held(context: Context, site: str) -> Held | None:
    """What holds the site, also under its former name; None if a deploy switches to its own files."""
    former = context.playbook.sites[site].renamed_from or ""
    state = context.facts.held.get(site) or context.facts.held.get(former)
    source = context.sources.get(site)
    return state if state and state.there and source and source.digest in (state.at, state.back) else None


def served(context: Context, site: str) -> str:
    """The id of the release that the site is to serve; empty for a site without releases."""
    state, source = held(context, site), context.sources.get(site)
    return state.at if state else source.digest if source else ""


def released(context: Context, release: Release) -> tuple[Resource, ...]:
    """The release, and the link to it. One that a rollback holds may be on the host only."""
    site, here = release.site, served(context, release.site)
    link = Symlink(f"{release.home}/current", "site", f"releases/{here}")
    own = (release,) if release.source.digest == here else ()
    return (*own, link, _hold(context, site))


def _hold(context: Context, site: str) -> Resource:
    path, state, now = f"{HOLDS}/{site}", context.facts.held.get(site), held(context, site)
    if now:
        return Symlink(path, "site", now.text)
    why = "new content ends the rollback" if state and state.there else "the release that a rollback held is gone"
    return AbsentSymlink(path, "site", state.text if state else "", why)


def hold(context: Context, site: str) -> Desired:
    """What says that a rollback holds the site: it serves other files than this machine has, and that is right."""
    state = held(context, site)
    if not state:
        return Desired()
    words = (
        f"held at release {state.at} by a rollback: release {state.back} stays held back until the site has new "
        "content, or a rollback --to brings it back"
    )
    check = Check(f"site.held@{site}", "site", Where.HOST, "a rollback holds the site",
                  "the release that the rollback went to", lambda _: passed(words), undoable=False)  # fmt: skip
    return Desired(checks=(check,), reminders=(f"{site} is {words}",))
