"""Paths of a site that another site's program or an upstream answers."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from lampctl.playbook.fields import Options, RequestPath, Seconds, SiteName, Size, Upstream, UrlPath
from lampctl.playbook.place import MisplacedError
from lampctl.playbook.sites.rules import RuledSite
from lampctl.playbook.sites.upstream import Upstreams, WeightedUpstream, one_group, weighted

_OWN = ("websocket", "timeout", "body_limit")  # of an upstream; a site has them itself


class RouteOptions(Options):
    """Where requests below a path go: to the program of another `site`, or to an `upstream`."""

    site: SiteName | None = Field(
        None,
        description="Another site of the playbook, of the type process, servlet or proxy. Its program or upstreams "
        "answer, with its `timeout`, `body_limit`, `methods`, `deny` and `allow`; its `redirects`, `headers` and "
        "`routes` do not apply.",
    )
    upstream: Upstream | Upstreams | None = Field(
        None, description="A URL, or a list as the `upstreams` of a proxy site."
    )
    strip: bool = Field(
        False,
        description="Whether the path is removed: with `/api/`, a request for `/api/users` then asks for `/users`, and "
        "X-Forwarded-Prefix is `/api`. Default: it is kept.",
    )
    probe: RequestPath | None = Field(
        None,
        description="The page below the path that proves the route: any answer below 500 passes. Default: the `probe` "
        "of the other site where the route reaches it, else the path itself.",
    )
    websocket: bool = Field(True, description="With `upstream`: whether connections may be upgraded.")
    timeout: Seconds = Field(60, description="With `upstream`: seconds that it may take to answer.")
    body_limit: Size = Field("32M", description="With `upstream`: the largest body of a request.")

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.site is None) == (self.upstream is None):
            raise ValueError("a route has either a `site` or an `upstream`")
        given = next((name for name in _OWN if self.site and name in self.model_fields_set), "")
        if given:
            raise MisplacedError((given,), f"is the one of {self.site}: set it there")
        one_group(self.upstreams)
        return self

    @property
    def upstreams(self) -> tuple[WeightedUpstream, ...]:
        """`upstream` as a list of mappings; empty with a `site`."""
        given = [] if self.upstream is None else self.upstream
        return weighted([given] if isinstance(given, str) else given)


class RoutedSite(RuledSite):
    """A site of which other programs can answer some paths."""

    routes: dict[UrlPath, RouteOptions] = Field(
        {},
        description="Requests below a path go to the program of another site, or to an upstream; of several paths, the "
        "longest counts. This site's `basic_auth`, `deny`, `headers`, `methods`, `redirects` and maintenance hold "
        "for them as well.",
    )

    @model_validator(mode="after")
    def _fit_routes(self) -> Self:
        for path, route in self.routes.items():
            if route.probe and not route.probe.startswith(path):
                raise MisplacedError(("routes", path, "probe"), f"{route.probe} is not below {path}")
            if clash := next((old for old in self.redirects if old.startswith(path)), ""):
                raise MisplacedError(
                    ("redirects", clash), f"is below the route {path}, whose target answers it: remove one of them"
                )
        return self
