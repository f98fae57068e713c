"""Files: a folder, or a single-page app."""

from __future__ import annotations

from lampctl.layers import denied, http, media, sizing
from lampctl.layers.base import Context, Desired
from lampctl.layers.environment import environment
from lampctl.layers.sites.base import SiteType
from lampctl.layers.sites.common import document_root, home, outside
from lampctl.layers.sites.page import page_checks
from lampctl.layers.vhost import Needs, Vhost
from lampctl.playbook import root_of
from lampctl.playbook.sites import StaticSite, packaged
from lampctl.playbook.sites.static import STARTER
from lampctl.resources import File


def vhost(context: Context, name: str, options: StaticSite) -> Vhost:  # noqa: ARG001
    fallback = "/index.html" if options.fallback else ""
    values = {"fallback": fallback, "assets": media.ASSETS, "cache": options.cache}
    return Vhost(
        "static",
        sizing.given_limit(options.body_limit),
        root_of(name, options),
        values,
        apache=Needs(("expires.load",)),
        denied=denied.LEFTOVERS,
    )


def parts(context: Context, name: str, options: StaticSite) -> Desired:
    root = root_of(name, options)
    page = File(f"{root}/index.html", "site", "site/index.html.j2", {"site": name}, seed=True)
    files = document_root(context, name, root, page) if packaged(root) else () if options.source else (page,)
    return Desired(
        resources=(*home(context, name), *environment(context, name).resources, *files),
        checks=(
            *page_checks(context, name, (f"web.static@{name}",), plain=True),
            outside(
                name, "/lampctl-probe-{token}.txt", "200 with the file's text", _recognise, (f"web.static@{name}",)
            ),
        ),
    )


def _recognise(answer: http.Answer) -> str | None:
    return "200 with the file's text" if answer.status == 200 and answer.body.startswith("lampctl-static ") else None


STATIC = SiteType(StaticSite, vhost, parts, STARTER)
