"""Site types: each is one file that says how the web server answers (`vhost`), what the site is made of and how it
is proved (`parts`)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from lampctl.checks import Check, HttpProbe
from lampctl.layers.base import Context, Desired
from lampctl.layers.sites import cgi, php, process, proxy, servlet, static, wordpress
from lampctl.layers.vhost import Vhost, redirects


class SiteType(Protocol):
    """What each of the modules here has; `options` is the model of its type (playbook/sites)."""

    def vhost(self, context: Context, name: str, options: Any) -> Vhost: ...

    def parts(self, context: Context, name: str, options: Any) -> Desired: ...


TYPES: dict[str, SiteType] = {
    "static": static,
    "cgi": cgi,
    "php": php,
    "process": process,
    "proxy": proxy,
    "servlet": servlet,
    "wordpress": wordpress,
}


def site(context: Context) -> Desired:
    """All sites of the playbook."""
    total = Desired()
    for name, options in context.playbook.sites.items():
        parts = TYPES[options.type].parts(context, name, options)
        total += _over_tls(parts) if redirects(context, name) else parts
    return total


def _over_tls(parts: Desired) -> Desired:
    """HTTPS is where the pages are: whatever a type looks at from outside, it sees there."""

    def moved(check: Check) -> Check:
        probe = check.probe
        if isinstance(probe, HttpProbe) and probe.port == 80:
            return replace(check, probe=replace(probe, port=443, tls=True))
        return check

    return replace(parts, checks=tuple(map(moved, parts.checks)))


def vhost_of(context: Context, name: str) -> Vhost:
    options = context.playbook.sites[name]
    return TYPES[options.type].vhost(context, name, options)
