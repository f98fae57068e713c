"""Upstreams anywhere, with weights; one that fails is left out for a while."""

from __future__ import annotations

import re
from functools import partial

from lampctl.checks import Check, Where
from lampctl.facts import Facts
from lampctl.layers.base import Context, Desired, Preflight, Problem
from lampctl.layers.sites import upstreams
from lampctl.layers.sites.base import SiteType
from lampctl.layers.sites.common import home
from lampctl.layers.sites.upstreams import Member
from lampctl.layers.vhost import Vhost
from lampctl.playbook.sites import ProxySite
from lampctl.playbook.sites.proxy import STARTER
from lampctl.resources.shell import script


def vhost(context: Context, name: str, options: ProxySite) -> Vhost:  # noqa: ARG001
    return upstreams.vhost(name, options, _group(options), websocket=options.websocket, own=False)


def parts(context: Context, name: str, options: ProxySite) -> Desired:
    group = _group(options)
    upstream = _upstream_check(name, options, group)
    # With several, the site may answer though one of them is down: so only a single one blocks what follows.
    needs = (upstream.id,) if len(group) == 1 else ()
    return Desired(
        resources=home(context, name),
        checks=(upstream, *upstreams.chain(context, name, options, group, needs)),
        preflights=_preflights(name, group),
    )


def _group(options: ProxySite) -> tuple[Member, ...]:
    return tuple(Member(upstream.url, upstream.weight) for upstream in options.weighted)


def _upstream_check(name: str, options: ProxySite, group: tuple[Member, ...]) -> Check:
    hint = "start it, or take it out of `upstreams`; the others answer in its place meanwhile"
    hint = hint if len(group) > 1 else "start it, or name another upstream"
    return Check(
        f"proxy.upstream@{name}",
        "site",
        Where.HOST,
        "each upstream answers the host",
        f"an answer below 500 to {options.probe} from each",
        partial(upstreams.judge_each, group, hint),
        ("linux.ssh",),
        upstreams.asked(name, options, group),
        undoable=False,  # whoever runs them, it is not us
    )


def _preflights(name: str, group: tuple[Member, ...]) -> tuple[Preflight, ...]:
    """NGINX does not start with a name that can't be resolved, and takes all other sites with it."""
    names = sorted({m.host for m in group if not re.fullmatch(r"[0-9.]+|.*:.*", m.host)})
    if not names:
        return ()
    look = script("proxy/unresolved", names=names)
    return (Preflight(f"proxy.names@{name}", look, partial(_judge_names, name)),)


def _judge_names(site: str, raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    lost = sorted(raw.split())
    if not changing or not lost:
        return []
    message = f"the host can't resolve {' and '.join(lost)}, upstream of {site}"
    hint = "mend the name in the playbook, or the host's DNS: getent hosts " + lost[0]
    return [Problem("unresolvable", message, hint)]


PROXY = SiteType(ProxySite, vhost, parts, STARTER)
