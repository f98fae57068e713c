"""Paths of a site that the program of another site, or an upstream, answers: each route is a hop of the proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from lampctl.checks import Check, Evidence, Verdict, Where, failed, passed
from lampctl.layers import denied, http, maintenance, sizing
from lampctl.layers.base import Context, Desired
from lampctl.layers.sites import relays, upstreams
from lampctl.layers.sites.common import check
from lampctl.layers.sites.page import numbered
from lampctl.layers.sites.upstreams import Member
from lampctl.layers.vhost import ROUTED, Route, Vhost, site_id
from lampctl.playbook import user_of
from lampctl.playbook.sites import ProbeOptions, RouteOptions
from lampctl.resources.shell import script


@dataclass(frozen=True)
class _Target:
    """One route of a site in the playbook, with its number from 1 on."""

    site: str
    number: int
    path: str
    options: RouteOptions

    @property
    def kind(self) -> str:
        """Names what belongs to it, beside what other routes of the site have."""
        return f"route{self.number}"

    @property
    def group(self) -> tuple[Member, ...]:
        """Its upstreams; none where the target is a site."""
        return tuple(Member(one.url, one.weight) for one in self.options.upstreams)

    @property
    def label(self) -> str:
        return self.options.site or ", ".join(member.label for member in self.group)

    def seen(self, path: str) -> str:
        """A path of the site, as the target gets it."""
        return f"/{path.removeprefix(self.path)}" if self.options.strip else path


def _targets(context: Context, name: str) -> tuple[_Target, ...]:
    given = context.playbook.sites[name].routes.items()
    return tuple(_Target(name, number, path, options) for number, (path, options) in enumerate(given, 1))


def with_routes(context: Context, name: str, vhost: Vhost, vhost_of: Callable[[str], Vhost]) -> Vhost:
    """The vhost of a site, with its routes. `vhost_of`: that of another site, without routes."""
    targets = _targets(context, name)
    found = [_route(context, target, vhost_of) for target in targets]
    if not found:
        return vhost
    groups = (tuple(_members(route)) for route in found)
    needs = [vhost.apache, *map(upstreams.apache_needs, groups)]
    return replace(
        vhost,
        routes=tuple(sorted(found, key=lambda route: (-len(route.path), route.path))),
        apache=replace(vhost.apache, modules=tuple(dict.fromkeys(name for need in needs for name in need.modules))),
    )


def _members(route: Route) -> tuple[Member, ...]:
    members = route.values["members"]
    assert isinstance(members, tuple)
    return members


def _route(context: Context, target: _Target, vhost_of: Callable[[str], Vhost]) -> Route:
    outer, options = context.playbook.sites[target.site], target.options
    longer = tuple(path for path in outer.routes if path.startswith(target.path) and path != target.path)
    route = Route(
        f"{target.number}_{site_id(target.site)}",
        target.path,
        options.strip,
        sizing.given_limit(options.body_limit),
        upstreams.values("", (), options.timeout, websocket=options.websocket, own=False),
        longer=longer,
    )
    rules: tuple[denied.Rule, ...] = ()
    if options.site:
        inner, vhost = context.playbook.sites[options.site], vhost_of(options.site)
        rules = denied.rules(inner, vhost.denied)
        methods = (*inner.methods, *(("HEAD",) if inner.methods and "HEAD" not in inner.methods else ()))
        route = replace(route, site=options.site, body_limit=vhost.body_limit, values=vhost.values, methods=methods)
    else:
        members = relays.relayed(context, target.site, target.group, target.kind)
        route = replace(route, values={**route.values, "members": members})
    # No user's name has two hyphens in a row, so this is no other group's name.
    group = f"{user_of(target.site)}--{target.kind}"
    groups = upstreams.groups(group, _members(route), own=route.values["own"] is True)
    values = {**route.values, "group": group, "groups": groups}
    stripped = target.path if options.strip else ""
    found = denied.below(route.pattern, outer, rules, stripped)
    return replace(route, values=values, denied=found, tls=upstreams.is_tls(_members(route)))


def route_parts(context: Context, name: str) -> Desired:
    """What NGINX needs to reach upstreams that have a name."""
    total = Desired()
    for target in _targets(context, name):
        between = relays.relays(context, name, target.group, target.kind)
        units = tuple(part for relay in between for part in (*relay.files, relay.service))
        total += Desired(units, preflights=relays.names_preflights(f"site.{target.kind}@{name}", name, target.group))
    return total


def route_checks(context: Context, name: str) -> tuple[Check, ...]:
    """Of each route; the checks of the sites that they lead to come before."""
    return tuple(one for target in _targets(context, name) for one in _checks(context, target))


def _checks(context: Context, target: _Target) -> tuple[Check, ...]:
    before: tuple[Check, ...] = ()
    needs = [f"web.static@{target.site}"]
    if target.options.site:
        needs.append(f"site.answer@{target.options.site}")
    else:
        before = _upstream_checks(context, target)
        # With several, the route can work while one of them is down.
        needs += [one.id for one in before if len(target.group) == 1 or "relay" in one.id]
    page, expected = _page(context, target)
    probe = http.local_probe(context, target.site, page.path)
    probe = replace(probe, accept=script("route/accept", route=target.path))
    return (
        *before,
        check(target.site, numbered("route", target.number), Where.HOST, f"{target.path} is answered by its target",
              f"{expected} to {page.path}, by {target.label}", partial(_judge, context, target, page, expected),
              tuple(needs), probe),
    )  # fmt: skip


def _upstream_checks(context: Context, target: _Target) -> tuple[Check, ...]:
    page = ProbeOptions(path=target.seen(target.options.probe or target.path))
    several = len(target.group) > 1
    hint = "start it, or remove it from the route; the others answer in the meantime" if several else "start it"
    direct = check(
        target.site, numbered("upstream", target.number), Where.HOST, "each upstream of a route answers the host",
        f"an answer below 500 to {page.path} from {target.label}", partial(upstreams.judge_each, target.group, hint),
        ("linux.ssh",), upstreams.probe_each(target.site, page, target.group),
    )  # fmt: skip
    direct = replace(direct, undoable=False)  # lampctl does not run them
    between = relays.relays(context, target.site, target.group, target.kind)
    id = f"site.{numbered('relay', target.number)}"
    return (direct, relays.relay_check(target.site, between, id)) if between else (direct,)


def _page(context: Context, target: _Target) -> tuple[ProbeOptions, str]:
    """The page that proves a route, and in words which answers pass."""
    options, any_answer = target.options, "an answer below 500"
    inner = context.playbook.sites[options.site].page if options.site and not options.probe else None
    if inner and options.strip:
        return inner.model_copy(update={"path": target.path + inner.path.removeprefix("/")}), "the status of its page"
    if inner and inner.path.startswith(target.path):
        return inner, "the status of its page"
    return ProbeOptions(path=options.probe or target.path, status=list(range(200, 500))), any_answer


def _judge(context: Context, target: _Target, page: ProbeOptions, expected: str, seen: Evidence) -> Verdict:
    closed = target.options.site in context.facts.maintenance
    where = http.local_address(context, target.site)
    return http.judge_answer(where, partial(_judge_answer, target, page, expected, closed), seen)


def _judge_answer(
    target: _Target, page: ProbeOptions, expected: str, closed: bool, answer: http.Answer, log: str
) -> Verdict:
    if closed and maintenance.answers(answer):
        return passed(f"503, which is the maintenance of {target.label}")
    if answer.headers.get(ROUTED.lower()) != target.path:
        hint = "lampctl plan shows how the vhost differs from the template; lampctl deploy restores it"
        return failed(f"{answer.status}, but not by the route {target.path}", log or answer.body[:200], hint)
    if answer.status in page.statuses:
        return passed(f"{answer.status} for {page.path}, by {target.label}")
    hints = {
        502: f"the web server gets no answer from {target.label}",
        503: f"all of {target.label} is down, or answers 503 itself",
        504: f"{target.label} did not answer in time",
    }
    hint = hints.get(answer.status, f"the `probe` of the route can name another page of {target.label}")
    return failed(f"{answer.status} for {page.path}, not {expected}", log or answer.body[:200], hint)
