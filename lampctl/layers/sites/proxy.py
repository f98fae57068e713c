"""Upstreams anywhere, with weights; a failing one is left out for a while."""

from __future__ import annotations

from functools import partial

from lampctl.checks import Check, Where
from lampctl.facts import Facts
from lampctl.layers.base import Context, Desired, Preflight, Problem
from lampctl.layers.sites import upstreams
from lampctl.layers.sites.base import SiteType
from lampctl.layers.sites.common import home
from lampctl.layers.sites.relays import is_named, relay_check, relays, routed
from lampctl.layers.sites.upstreams import Member
from lampctl.layers.vhost import Vhost
from lampctl.playbook.sites import ProxySite
from lampctl.playbook.sites.proxy import STARTER
from lampctl.resources.shell import script


def vhost(context: Context, name: str, options: ProxySite) -> Vhost:
    group = routed(context, name, _group(options))
    return upstreams.vhost(name, options, group, websocket=options.websocket, own=False)


def parts(context: Context, name: str, options: ProxySite) -> Desired:
    group = _group(options)
    upstream = _upstream_check(name, options, group)
    # With several, the site can answer while one of them is down: so only a single one blocks the checks that follow.
    needs = [upstream.id] if len(group) == 1 else []
    between = relays(context, name, group)
    checks = [upstream, relay_check(name, between)] if between else [upstream]
    needs += [check.id for check in checks[1:]]
    units = [part for relay in between for part in (*relay.files, relay.service)]
    return Desired(
        resources=(*home(context, name), *units),
        checks=(*checks, *upstreams.chain(context, name, options, group, tuple(needs))),
        preflights=_preflights(name, group),
    )


def _group(options: ProxySite) -> tuple[Member, ...]:
    return tuple(Member(upstream.url, upstream.weight) for upstream in options.weighted)


def _upstream_check(name: str, options: ProxySite, group: tuple[Member, ...]) -> Check:
    hint = "start it, or remove it from `upstreams`; the others answer in the meantime"
    hint = hint if len(group) > 1 else "start it, or use another upstream"
    return Check(
        f"proxy.upstream@{name}",
        "site",
        Where.HOST,
        "each upstream answers the host",
        f"an answer below 500 to {options.page.path} from each",
        partial(upstreams.judge_each, group, hint),
        ("linux.ssh",),
        upstreams.probe_each(name, options, group),
        undoable=False,  # lampctl does not run them
    )


def _preflights(name: str, group: tuple[Member, ...]) -> tuple[Preflight, ...]:
    names = sorted({member.host for member in group if is_named(member)})
    if not names:
        return ()
    probe = script("proxy/unresolved", names=names)
    return (Preflight(f"proxy.names@{name}", probe, partial(_judge_names, name)),)


def _judge_names(site: str, raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    """A site with a name that does not resolve is not deployed; one whose name was lost later does not stop others."""
    unresolved = sorted(raw.split())
    if not unresolved or not any(key.endswith(f"/sites-available/{site}.conf") for key in changing):
        return []
    message = f"the host can't resolve {' and '.join(unresolved)}, upstream of {site}"
    hint = "fix the name in the playbook, or the host's DNS: getent hosts " + unresolved[0]
    return [Problem("unresolvable", message, hint)]


PROXY = SiteType(ProxySite, vhost, parts, STARTER)
