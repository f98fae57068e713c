"""What routes lead to: other sites of the playbook, or upstreams, and never the web server itself."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from lampctl.errors import guess
from lampctl.playbook.place import MisplacedError
from lampctl.playbook.sites.base import SiteBase
from lampctl.playbook.sites.routes import RouteOptions


def routed(sites: Mapping[str, SiteBase], names: Mapping[str, str]) -> None:
    """MisplacedError where a route can't be followed. `names`: each name that a site answers → the site."""
    for name, site in sites.items():
        for path, route in site.routes.items():
            problem = _of_site(name, route.site, sites, names) if route.site else _of_upstream(route, names)
            if problem:
                field = "site" if route.site else "upstream"
                raise MisplacedError(("sites", name, "routes", path, field), problem)


def _of_site(name: str, wanted: str, sites: Mapping[str, SiteBase], names: Mapping[str, str]) -> str:
    """What is wrong with a route of the site `name` to the site `wanted`; empty if nothing is."""
    target = sites.get(wanted)
    if target is None:
        other = f"{wanted} is a name of {names[wanted]}: use that" if wanted in names else guess(wanted, sites)
        return f"the playbook has no site {wanted}; {other or 'an `upstream` is what runs elsewhere'}".strip()
    if wanted == name:
        return f"goes to {name} itself, which answers this path without a route: remove it"
    if not target.proxied:
        return (
            f"{wanted} is of the type {target.type}, whose files the web server answers by that site's own rules: a "
            "route goes to a process, servlet or proxy site, or to an upstream"
        )
    if target.basic_auth and not sites[name].basic_auth:
        return f"{wanted} has `basic_auth`, which visitors of {name} would not be asked for: give {name} one as well"
    return ""


def _of_upstream(route: RouteOptions, names: Mapping[str, str]) -> str:
    """What is wrong with upstreams of a route: this host's web server would pass the request to itself for ever."""
    for one in route.upstreams:
        parts = urlsplit(one.url)
        here = parts.hostname in names or parts.hostname == "localhost" or str(parts.hostname).startswith("127.")
        if (here or parts.hostname in ("::1", "0.0.0.0")) and parts.port in (None, 80, 443):  # noqa: S104
            return f"{one.url} is the web server itself, which would ask itself for ever: name a `site`"
    return ""
