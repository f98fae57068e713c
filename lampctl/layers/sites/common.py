"""What site types share: the site's home, releases, and the checks that every type ends with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from lampctl.checks import Check, Evidence, HttpProbe, Judge, Probe, Verdict, Where, failed, passed
from lampctl.layers import http
from lampctl.layers.base import Context
from lampctl.layers.fpm import state_of
from lampctl.layers.php import parse_probe
from lampctl.layers.renamed import rename
from lampctl.layers.sites.releases import releases
from lampctl.layers.tenant import slices
from lampctl.playbook import former_user_of, home_of, user_of
from lampctl.playbook.sites import packaged
from lampctl.resources import Directory, File, Occupied, Package, Resource, User

# Describes an answer if it is the expected one; None for any other.
Recognise = Callable[[http.Answer], str | None]


# Names of files in a PHP site that PHP reads and the web server does not serve. The web server reads .htaccess, and
# serves .well-known.
_ENDINGS = "php phtml phar inc ini env yml yaml sql sqlite twig bak orig"
CODE = (*(f"*.{ending}" for ending in _ENDINGS.split()), "*~", ".[!hw]*")


def home(context: Context, name: str, hidden: tuple[str, ...] = ()) -> tuple[Resource, ...]:
    """The site's user; its home, which root owns and only this user and the web server can enter; its release.

    Files below it may have any mode: other sites' users can't reach them. `hidden`: patterns of the release's files
    that the web server's user must not read (see Release).
    """
    path, user = home_of(name), user_of(name)
    former = context.playbook.sites[name].renamed_from or ""
    found: tuple[Resource, ...] = (
        Package("acl", "site"),
        *rename(context, name, (state_of(former), state_of(name))),
        User(user, "site", path, former_user_of(name), (path, state_of(name))),
        replace(own_directory(context, name, path), home=True),
        _occupied(context, name, hidden),
        *slices(context, name),
    )
    return (*found, *releases(context, name, hidden))


def _occupied(context: Context, name: str, hidden: tuple[str, ...]) -> Occupied:
    """Files of others that are in the home already."""
    adopt = context.playbook.adopts(context.playbook.sites[name])
    return Occupied(home_of(name), "site", user_of(name), context.web.user, adopt, hidden)


def own_directory(context: Context, name: str, path: str) -> Directory:
    """A directory that the site's user can enter but not change: only root creates its entries."""
    return Directory(path, "site", 0o750, f"root:{context.web.user}", reader=user_of(name))


def document_root(context: Context, name: str, root: str, page: File) -> tuple[Resource, ...]:
    """A document root that the playbook names, with a first page; a package's application stays as it is."""
    if packaged(root):
        return (Directory(root, "site", provided=True),)
    return own_directory(context, name, root), page


def check(
    site: str, id: str, where: Where, title: str, expected: str, judge: Judge, needs: tuple[str, ...], probe: Probe
) -> Check:
    return Check(f"site.{id}@{site}", "site", where, title, expected, judge, needs, probe)


def through(
    context: Context,
    site: str,
    id: str,
    title: str,
    expected: str,
    judge: Callable[[http.Answer, str], Verdict],
    needs: tuple[str, ...],
    path: str,
) -> Check:
    """A request on the host itself, through the web server; {token} in `path` stands for the run's token.

    `judge` gets the answer and the last lines of the error log.
    """
    probe = http.local_probe(context, site, path)
    judge_output = partial(http.judge_answer, http.local_address(context, site), judge)
    return check(site, id, Where.HOST, title, expected, judge_output, needs, probe)


def outside(site: str, path: str, expected: str, recognise: Recognise, needs: tuple[str, ...]) -> Check:
    """The last check of a chain: the same answer from outside, by the site's name."""
    return check(
        site,
        "outside",
        Where.OUTSIDE,
        "the same from outside, by its name",
        f"{expected}, over the network",
        partial(_judge_outside, recognise),
        needs,
        HttpProbe(site, path),
    )


def _judge_outside(recognise: Recognise, seen: Evidence) -> Verdict:
    """`seen.raw`: the HTTP answer that the controller got."""
    if seen.error:
        return http.judge_incomplete("from outside", seen, http.FIREWALL)
    answer = http.parse(seen.raw)
    recognised = recognise(answer) if answer else None
    if recognised is not None:
        return passed(recognised)
    if answer and (error := (parse_probe(answer.body) or {}).get("database_error")):
        return failed("PHP answers, without its database", str(error), "a moment before it had it: lampctl check again")
    status = answer.status if answer else "no HTTP"
    body = answer.body[:200] if answer else seen.raw[:200]
    return failed(f"{status}, not the site's answer", body, "something between here and the host answers in its place")
