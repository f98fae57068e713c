"""Upstreams anywhere, with weights; a failing one is left out for a while."""

from __future__ import annotations

from functools import partial

from lampctl.checks import Check, Where
from lampctl.layers.base import Context, Desired
from lampctl.layers.sites import upstreams
from lampctl.layers.sites.base import SiteType
from lampctl.layers.sites.common import home
from lampctl.layers.sites.relays import names_preflights, relay_check, relayed, relays
from lampctl.layers.sites.upstreams import Member
from lampctl.layers.vhost import Vhost
from lampctl.playbook.sites import ProxySite
from lampctl.playbook.sites.proxy import STARTER


def vhost(context: Context, name: str, options: ProxySite) -> Vhost:
    group = relayed(context, name, _group(options))
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
        preflights=names_preflights(f"proxy.names@{name}", name, group),
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
        upstreams.probe_each(name, options.page, group),
        undoable=False,  # lampctl does not run them
    )


PROXY = SiteType(ProxySite, vhost, parts, STARTER)
