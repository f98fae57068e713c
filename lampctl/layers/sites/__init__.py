"""Site types. A type is one module here, which ends with its `SiteType`, and one in lampctl/playbook/sites."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from lampctl.checks import Check, HttpProbe
from lampctl.extensions import SITES, extensions, refuse
from lampctl.layers.base import Context, Desired
from lampctl.layers.held import hold
from lampctl.layers.maintenance import maintained
from lampctl.layers.sites.base import SiteType
from lampctl.layers.sites.cgi import CGI
from lampctl.layers.sites.limits import limit_checks, with_limits
from lampctl.layers.sites.mail import mailing
from lampctl.layers.sites.page import page_checks
from lampctl.layers.sites.php import PHP
from lampctl.layers.sites.process import PROCESS
from lampctl.layers.sites.proxy import PROXY
from lampctl.layers.sites.record import record
from lampctl.layers.sites.releases import left_out
from lampctl.layers.sites.routes import route_checks, route_parts, with_routes
from lampctl.layers.sites.ruled import ruled
from lampctl.layers.sites.schedules import schedules
from lampctl.layers.sites.servlet import SERVLET
from lampctl.layers.sites.static import STATIC
from lampctl.layers.sites.wordpress import WORDPRESS
from lampctl.layers.sites.workers import workers
from lampctl.layers.vhost import Vhost, redirects
from lampctl.playbook.sites import WorkingSite
from lampctl.resources import Package

# The only registration of the built-in types.
SITE_TYPES: tuple[SiteType[Any], ...] = (STATIC, CGI, PHP, PROCESS, PROXY, SERVLET, WORDPRESS)


@cache
def site_types() -> dict[str, SiteType[Any]]:
    """Name → type: the built-in ones, and those of extensions.

    Raises:
        UsageError: An extension's type has no name, or the name of another type.
    """
    found = {kind.name: kind for kind in SITE_TYPES}
    for extension in extensions(SITES, SiteType):
        name = extension.value.name
        if not name:
            raise refuse(extension, f"{extension.value.options.__name__}: `type` must be a Literal with one value")
        if name in found:
            raise refuse(extension, f"the site type {name} already exists")
        found[name] = extension.value
    return found


def desired_sites(context: Context) -> Desired:
    """All sites of the playbook."""
    total = Desired()
    for name, options in context.playbook.sites.items():
        parts = site_types()[options.type].parts(context, name, options)
        if not any(check.id == f"site.answer@{name}" for check in parts.checks):  # the page of any type is a hop
            parts += Desired(checks=page_checks(context, name, (f"web.static@{name}",)))
        if isinstance(options, WorkingSite):
            parts += workers(context, name, options) + schedules(context, name, options)
        parts += route_parts(context, name)
        parts += mailing(name, options)
        vhost = vhost_of(context, name)
        parts += Desired(checks=limit_checks(context, name, vhost.limits))
        parts = ruled(context, name, parts) + record(context, name, options, vhost, parts)
        parts += hold(context, name) + maintained(context, name) + left_out(context, name)
        total += Desired(tuple(Package(package, "site") for package in options.packages))
        total += _move_to_https(parts) if redirects(context, name) else parts
    # Behind those of all sites: a check can be blocked only by one before it.
    return total + Desired(checks=tuple(c for name in context.playbook.sites for c in route_checks(context, name)))


def _move_to_https(parts: Desired) -> Desired:
    """Checks from outside go to HTTPS, where the pages are."""

    def move(check: Check) -> Check:
        probe = check.probe
        if isinstance(probe, HttpProbe) and probe.port == 80:
            return replace(check, probe=replace(probe, port=443, tls=True))
        return check

    return replace(parts, checks=tuple(map(move, parts.checks)))


def vhost_of(context: Context, name: str) -> Vhost:
    """How the web server answers for a site of the playbook, with its routes."""

    def plain(site: str) -> Vhost:
        options = context.playbook.sites[site]
        return site_types()[options.type].vhost(context, site, options)

    return with_routes(context, name, with_limits(context, name, plain(name)), plain)
