"""Limits of paths that could not hold, or that would prevent the proof of a site."""

from __future__ import annotations

from collections.abc import Mapping

from lampctl.playbook.place import MisplacedError
from lampctl.playbook.sites.base import SiteBase
from lampctl.playbook.sites.limits import LimitOptions, within


def limited(sites: Mapping[str, SiteBase]) -> None:
    """MisplacedError where a limit would not hold, or would prevent the proof. The targets of routes exist."""
    for name, site in sites.items():
        for path, limit in site.limits.items():
            field, problem = _problem(site, path, limit)
            if problem:
                raise MisplacedError(("sites", name, "limits", path, *field), problem)
        for path, route in site.routes.items():
            if route.site and sites[route.site].limits:
                raise MisplacedError(
                    ("sites", name, "routes", path, "site"),
                    f"{route.site} has `limits`, which would not hold for requests by this route: remove one of them",
                )


def _problem(site: SiteBase, path: str, limit: LimitOptions) -> tuple[tuple[str, ...], str]:
    """(the field, what is wrong with it); an empty text if nothing is."""
    given = [field for field in ("body_limit", "timeout") if getattr(limit, field) is not None]
    if given and (problem := site.unlimited(path)):
        return (given[0],), problem
    if route := next((one for one in site.routes if within(path, one) or within(one, path)), ""):
        return (), f"overlaps the route {route}, whose target has limits of its own: remove one of them"
    asked = next((one for one in site.requested if within(one, path)), "")
    if limit.methods and "GET" not in limit.methods and asked:
        return ("methods",), f"without GET, {asked} cannot be proved: add it"
    return (), ""
