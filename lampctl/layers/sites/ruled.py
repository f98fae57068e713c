"""The checks of what the web server does for any site beside serving it: logins and redirects."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from urllib.parse import quote, urljoin

from lampctl.answers import sections
from lampctl.checks import Check, Evidence, HostProbe, HttpProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers import http
from lampctl.layers.base import Context, Desired
from lampctl.layers.sites.common import check
from lampctl.layers.vhost import redirects
from lampctl.playbook.sites.rules import WWW
from lampctl.resources.shell import labelled

_MOST = 20  # redirects that are requested
_FIX = "lampctl plan shows how the vhost differs from the template; lampctl deploy restores it"


def ruled(context: Context, name: str, parts: Desired) -> Desired:
    """The parts of a site, with the checks of its rules. From outside, nobody has a login: that is asked for."""
    options = context.playbook.sites[name]
    checks = tuple(map(_outside, parts.checks)) if options.basic_auth else parts.checks
    logins = (_login(context, name),) if options.basic_auth else ()
    moved = [(old, new) for old, new in options.redirects.items() if old != WWW][:_MOST]
    return replace(parts, checks=(*checks, *logins, *((_redirects(context, name, moved),) if moved else ())))


def _outside(check: Check) -> Check:
    if not isinstance(check.probe, HttpProbe):
        return check
    return replace(check, expected="401: a login is asked for, over the network", judge=_judge_outside)


def _judge_outside(seen: Evidence) -> Verdict:
    if seen.error:
        return http.judge_incomplete("from outside", seen, http.FIREWALL)
    answer = http.parse(seen.raw)
    if answer is None:
        return failed("no HTTP, not the site's answer", seen.raw[:200], "something answers in the host's place")
    return _asked(answer, "")


def _login(context: Context, name: str) -> Check:
    """Without a login, the site's page is not shown."""
    probe = HostProbe(
        http.LIBRARY + http.local_call(context, name, context.playbook.sites[name].page.path, login=False)
    )
    judge = partial(http.judge_answer, http.local_address(context, name), _asked)
    return check(name, "login", Where.HOST, "visitors must log in", "401 without a login", judge,
                 (f"web.static@{name}",), probe)  # fmt: skip


def _asked(answer: http.Answer, log: str) -> Verdict:
    if answer.status == 401 and answer.headers.get("www-authenticate", "").lower().startswith("basic "):
        return passed("401 without a login")
    if answer.status < 400:
        return failed(f"{answer.status} without a login: anyone can read the site", answer.body[:120], _FIX)
    return failed(f"{answer.status} without a login, not 401", log or answer.body[:200], _FIX)


def _redirects(context: Context, name: str, wanted: list[tuple[str, str]]) -> Check:
    calls = (labelled(str(n), http.local_call(context, name, quote(old))) for n, (old, _) in enumerate(wanted))
    scheme = "https" if redirects(context, name) else "http"
    return check(name, "redirects", Where.HOST, "paths are redirected", f"301 from {wanted[0][0]} and each other path",
                 partial(_judge_redirects, f"{scheme}://{name}/", wanted), (f"web.static@{name}",),
                 HostProbe(http.LIBRARY + "\n".join(calls)))  # fmt: skip


def _judge_redirects(base: str, wanted: list[tuple[str, str]], seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    found = sections(seen.raw)
    for number, (old, new) in enumerate(wanted):
        answer, log = http.parse_answer(found.get(str(number), ""))
        if answer is None:
            return failed(f"no HTTP answer for {old}", log)
        location = urljoin(base, answer.headers.get("location", ""))
        if answer.status != 301 or location != urljoin(base, new):
            where = f" to {location}" if "location" in answer.headers else ""
            return failed(f"{answer.status}{where} for {old}, not 301 to {new}", log, _FIX)
    return passed(f"301 from {len(wanted)} paths" if len(wanted) > 1 else f"301 from {wanted[0][0]}")
