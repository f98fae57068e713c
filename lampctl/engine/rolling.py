"""Going to another release of a site, as a run of its own: which one, and how that is proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lampctl.checks import Check
from lampctl.engine.releases import releases_of
from lampctl.engine.undoing import asked
from lampctl.engine.work import Work
from lampctl.errors import Refused, UsageError
from lampctl.journal.releases import Release, SiteReleases
from lampctl.layers import Desired
from lampctl.layers.sites.page import recorded_page
from lampctl.observation import Observation
from lampctl.planning import Plan, rollback, undo
from lampctl.planning.rollback import Switch
from lampctl.playbook import home_of
from lampctl.ssh import Transport


def rolled_back(
    work: Work, transport: Transport, desired: Desired, seen: Observation
) -> tuple[Desired, Plan, Observation]:
    """Find what switches a site to another release.

    Returns:
        What proves it: the checks that passed before, and the site's pages in any case; the plan; and the observation,
        in which the pages passed.

    Raises:
        UsageError: There is no such site or release, or it has to be named.
        Refused: The host has no record of what a rollback takes.
    """
    choices = work.request.choices
    site = the_site(work.host, releases_of(transport, choices.site))
    there = the_release(work.host, site, choices.release)
    pages = _pages(work.host, site)
    record = _record(work.host, site.site, seen)
    if not work.request.loaded.files:  # the journal and the outcome name the playbook
        work.request = replace(work.request, loaded=replace(work.request.loaded, name=record.removeprefix("@")))
    switch = Switch(site.site, record, site.served, there.id, site.held)
    answer = asked(transport, rollback.look(switch), undo.shown(desired))
    plan = rollback.plan(answer, switch, [page.id for page in pages], desired, seen).plan
    _tell(work, switch, there)
    passed = {**seen.passed, **{page.id: page.question for page in pages}}
    return replace(desired, checks=_proof(work, desired, pages, seen)), plan, replace(seen, passed=passed)


def _proof(work: Work, desired: Desired, pages: tuple[Check, ...], seen: Observation) -> tuple[Check, ...]:
    """The pages; with a playbook, as that has them, and the other checks that passed and ask the same now."""
    if not work.request.loaded.files:
        return pages
    ids = {page.id for page in pages}
    known = [check for check in desired.checks if seen.passed.get(check.id) == check.question or check.id in ids]
    return tuple(known) if any(check.id in ids for check in known) else (*known, *pages)


def the_site(host: str, found: Sequence[SiteReleases]) -> SiteReleases:
    """The only site."""
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.site for one in found)
    if names:
        hint = f"name one: lampctl rollback {host} {found[0].site}"
        raise UsageError(f"{host}: several sites have releases: {names}", hint, kind="no-site")
    raise UsageError(f"{host}: no site has releases", "a site with a `source` has them", kind="no-releases")


def the_release(host: str, site: SiteReleases, to: str) -> Release:
    """The release to go to.

    Args:
        to: Its id or commit, or the beginning; empty: the last proved one before the present one.
    """
    if not to and not site.earlier:
        raise Refused(
            f"{host}: {site.site} has no earlier release that was proved",
            f"lampctl releases {host} {site.site} lists its releases; --to ID goes to one of them",
            kind="no-release",
        )
    wanted = to or site.earlier
    found = [one for one in site.releases if one.id.startswith(wanted) or (to and one.commit.startswith(to))]
    if len(found) != 1:
        what = "several releases match" if found else "there is no release"
        known = ", ".join(one.id for one in site.releases)
        raise UsageError(f"{host}: {what} {to} of {site.site}", f"its releases: {known}", kind="no-release")
    if found[0].id == site.served:
        raise UsageError(f"{host}: {site.site} serves the release {found[0].id} already", kind="no-release")
    return found[0]


def _record(host: str, site: str, seen: Observation) -> str:
    """The record of the playbook that has the site."""
    key = f"symlink:{home_of(site)}/current"
    found = next((name for name, keys in seen.owners.items() if key in keys), "")
    if not found:
        hint = "deploy it first: then lampctl knows what its release takes"
        raise Refused(f"{host}: no playbook has deployed releases of {site} here", hint, kind="no-record")
    return found


def _pages(host: str, site: SiteReleases) -> tuple[Check, ...]:
    """The checks of the site's pages, by the host's record, which also has what the switch takes."""
    if not site.pages or not site.served:
        raise Refused(
            f"{host}: there is no record of the page that proves {site.site}",
            f"lampctl check {host} -p PLAYBOOK --deep records it",
            kind="no-record",
        )
    pages = enumerate(site.pages, 1)
    return tuple(recorded_page(site.site, p.limit, p.expected, p.question, number) for number, p in pages)


def _tell(work: Work, switch: Switch, there: Release) -> None:
    commit = f", commit {there.commit[:12]}" if there.commit else ""
    proved = "" if there.proved else "; it was never proved"
    work.note(f"{switch.site} goes from release {switch.start} to {there.id}{commit}{proved}")
    if switch.hold:
        work.note(f"a deploy leaves it there until the site has other content than that of release {switch.hold.back}")
