"""What site types share: a home that is the site's own, releases, and the checks that every type ends with."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lampctl.checks import Check, Evidence, HttpProbe, Judge, Probe, Verdict, Where, failed, passed
from lampctl.layers import http
from lampctl.layers.base import Context
from lampctl.layers.fpm import state_of
from lampctl.layers.tenant import slices
from lampctl.playbook import former_user_of, home_of, user_of
from lampctl.resources import Directory, Package, Release, Resource, Symlink, User

# What an answer has to be: None where it is not, else what to say of it.
Recognise = Callable[[http.Answer], str | None]


# Names of files in a PHP site that PHP reads and the web server does not serve. It reads .htaccess, and serves what
# is in .well-known.
_ENDINGS = "php phtml phar inc ini env yml yaml sql sqlite twig bak orig"
CODE = (*(f"*.{ending}" for ending in _ENDINGS.split()), "*~", ".[!hw]*")


def home(context: Context, name: str, hidden: tuple[str, ...] = ()) -> tuple[Resource, ...]:
    """The site's user; its directory, root's, which only this user and the web server may enter; its release.

    Files below it may have any mode: other sites' users don't get that far. `hidden`: what of the release the web
    server's user must not read (see Release).
    """
    path, user = home_of(name), user_of(name)
    found: tuple[Resource, ...] = (
        Package("acl", "site"),
        User(user, "site", path, former_user_of(name), (path, state_of(name))),
        own_directory(context, name, path),
        *slices(context, name),
    )
    source = context.sources.get(name)
    if source is None:
        return found
    release = Release(path, "site", source, user, hidden)
    return (*found, release, Symlink(f"{path}/current", "site", f"releases/{source.digest}"))


def own_directory(context: Context, name: str, path: str) -> Directory:
    """One that the site's user may enter but not change: what is in it is root's to make, and to look for."""
    return Directory(path, "site", 0o750, f"root:{context.web.user}", reader=user_of(name))


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
    """Asked by the host itself, through the web server; {token} in `path` is the run's.

    `judge` gets the answer and the error log's last words.
    """
    probe = http.local(context, site, path)
    judged = partial(http.judged, http.port(context, site), judge)
    return check(site, id, Where.HOST, title, expected, judged, needs, probe)


def outside(site: str, path: str, expected: str, recognise: Recognise, needs: tuple[str, ...]) -> Check:
    """The end of every chain: the same answer from outside, by the site's name."""
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
        hint = "is a firewall, or a cloud's security group, in between? Ports 80 and 443 have to be open for visitors"
        return http.not_whole("from outside", seen, hint)
    answer = http.parse(seen.raw)
    said = recognise(answer) if answer else None
    if said is not None:
        return passed(said)
    status = answer.status if answer else "no HTTP"
    body = answer.body[:200] if answer else seen.raw[:200]
    return failed(f"{status}, not the site's answer", body, "something between here and the host answers in its place")
