"""Limits by path, as the templates of both web servers need them; and the check that they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from lampctl.checks import Check, Evidence, Verdict, Where, failed, passed, unknown
from lampctl.layers import http, logins, sizing
from lampctl.layers.base import Context
from lampctl.layers.denied import escaped
from lampctl.layers.sites.common import check
from lampctl.layers.sizing import Sized
from lampctl.layers.vhost import Limit, Vhost, redirects
from lampctl.playbook.sites import within
from lampctl.playbook.sites.limits import LimitOptions
from lampctl.resources.shell import words

_MOST = 20  # paths that are requested
_SLASH = r"(?:[/\x5c]|%(?:2f|5c))"  # Apache leaves %2F as it is where a program gets the path


@dataclass(frozen=True)
class _Most:
    """The limits of one path. `methods`: None for all."""

    body_limit: Sized
    timeout: Sized
    methods: frozenset[str] | None

    def least(self, other: _Most) -> _Most:
        """The smaller one of each."""
        both = [methods for methods in (self.methods, other.methods) if methods is not None]
        return _Most(
            min(self.body_limit, other.body_limit, key=lambda one: int(one.value)),
            min(self.timeout, other.timeout, key=lambda one: int(one.value)),
            frozenset.intersection(*both) if both else None,
        )

    def given(self, options: LimitOptions) -> _Most:
        """These, with what the playbook has for a path."""
        body, timeout = options.body_limit, options.timeout
        return _Most(
            sizing.given_limit(body) if body else self.body_limit,
            Sized(str(timeout), f"timeout {timeout}, as the playbook has it") if timeout else self.timeout,
            _methods(options.methods) or self.methods,
        )


def with_limits(context: Context, name: str, vhost: Vhost) -> Vhost:
    """The vhost of a site, with the limits of its paths."""
    site = context.playbook.sites[name]
    if not site.limits:
        return vhost
    base = _Most(vhost.body_limit, _timeout(vhost), _methods(site.methods))
    most = {path.rstrip("/"): base.given(options) for path, options in site.limits.items()}
    script = str(vhost.values.get("fallback") or "/").strip("/")
    found = [_limit(path, True, own, base, script) for path, own in most.items()]
    for path in most:
        least = base
        for other, own in most.items():
            least = least.least(own) if within(path, other) else least
        found.append(_limit(path, False, least, base, script))
    found.sort(key=lambda limit: (-len(limit.path), not limit.exact, limit.path))
    return replace(vhost, limits=tuple(replace(limit, id=number) for number, limit in enumerate(found, 1)))


def _timeout(vhost: Vhost) -> Sized:
    """The one of the site, where its type has one."""
    given = vhost.values.get("timeout", 0)
    return given if isinstance(given, Sized) else Sized(str(given), "as the site")


def _methods(given: Sequence[str]) -> frozenset[str] | None:
    return frozenset((*given, *(("HEAD",) if "GET" in given else ()))) if given else None


def _limit(path: str, exact: bool, most: _Most, base: _Most, script: str) -> Limit:
    names = [escaped(name) for name in path.strip("/").split("/")]
    return Limit(
        0,
        path,
        exact,
        f"^/{'/'.join(names)}(?:/|$)" if exact else decoded(names, script),
        f"/{'/'.join(names)}(?=[/? ]|$)" if exact else sent(names, script),
        most.body_limit,
        most.timeout,
        tuple(sorted(most.methods)) if most.methods is not None else None,
        most.body_limit.value != base.body_limit.value,
        most.timeout.value != base.timeout.value,
    )


def decoded(names: Sequence[str], script: str) -> str:
    """All spellings of a decoded path that a server or an application could take for this one.

    Args:
        names: The path's, escaped.
        script: A front controller, which may take the path from PATH_INFO as well; or empty.
    """
    between = rf"(?:;[^/]*)?{_SLASH}+"
    before = rf"(?:{escaped(script)}{_SLASH}+)?" if script else ""
    return f"^{_SLASH}+{before}{between.join(names)}(?:;|{_SLASH}|$)"


def sent(names: Sequence[str], script: str) -> str:
    """Those that can be told from the path as it was sent."""
    before = f"(?:{escaped(script)}/)?" if script else ""
    return f"/{before}" + "(?:;[^/? ]*)?/".join(names) + r"(?=[;/\x5c? ]|$)"


def limit_checks(context: Context, name: str, limits: Sequence[Limit]) -> tuple[Check, ...]:
    """A request for each path that the web server has to refuse by its limits, before the site's code is asked."""
    asked = [(limit, expected) for limit in limits if limit.exact and (expected := _refused(limit))][:_MOST]
    if not asked:
        return ()
    scripts = [_request(context, name, limit, expected) for limit, expected in asked]
    return (
        check(name, "limits", Where.HOST, "paths have their own limits", "413 for too large a body, or 405 for GET",
              partial(_judge, [(limit.path, expected) for limit, expected in asked]), (f"web.static@{name}",),
              http.side_by_side(scripts)),
    )  # fmt: skip


def _refused(limit: Limit) -> int:
    """The status of a GET that the limit refuses; 0 if it refuses none."""
    if limit.methods is not None and "GET" not in limit.methods:
        return 405
    return 413 if limit.sized else 0


def _request(context: Context, name: str, limit: Limit, expected: int) -> str:
    """The body itself is never sent: its size is refused, or the web server waits for it."""
    headers = f"printf 'Content-Length: {int(limit.body_limit.value) + 1}\\r\\n'" if expected == 413 else ":"
    headers = "\n".join(filter(None, (headers, logins.header(context, name))))
    path = f"{limit.path}/lampctl-limit"
    if redirects(context, name):
        return http.LIBRARY + words(["status_tls", name, path, "443", headers])
    return http.LIBRARY + words(["status_with", name, path, "80", "127.0.0.1", headers])


def _judge(asked: Sequence[tuple[str, int]], seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    found = http.split_outputs(seen.raw)
    for (path, expected), raw in zip(asked, found, strict=False):
        answer = http.parse(raw)
        if answer is None or answer.status != expected:
            what = "a body above its limit" if expected == 413 else "GET"
            status = answer.status if answer else "no answer"
            hint = "lampctl plan shows how the vhost differs from the template; lampctl deploy restores it"
            return failed(f"{status} for {what} on {path}, not {expected}", raw[:200], hint)
    if len(found) < len(asked):
        return unknown("not every path could be tried", seen.raw[-200:])
    return passed(", ".join(f"{expected} for {path}" for path, expected in asked[:3]))
