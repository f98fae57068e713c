"""Site types: what a site may say, by its `type`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Discriminator, Tag

from lampctl.playbook.sites.base import RootedSite, SandboxedSite
from lampctl.playbook.sites.cgi import CgiSite
from lampctl.playbook.sites.names import home_of, servlet_of, shortened, slice_of, unit_of, user_of
from lampctl.playbook.sites.options import DatabaseOptions, TlsOptions
from lampctl.playbook.sites.php import PhpSite
from lampctl.playbook.sites.process import ProcessSite
from lampctl.playbook.sites.proxy import ProxySite
from lampctl.playbook.sites.servlet import ServletSite
from lampctl.playbook.sites.static import StaticSite
from lampctl.playbook.sites.wordpress import WordpressSite

__all__ = [
    "SITE_TYPES",
    "CgiSite",
    "DatabaseOptions",
    "PhpSite",
    "ProcessSite",
    "ProxySite",
    "RootedSite",
    "SandboxedSite",
    "ServletSite",
    "Site",
    "SiteOptions",
    "StaticSite",
    "TlsOptions",
    "WordpressSite",
    "code_of",
    "database_of",
    "home_of",
    "root_of",
    "servlet_of",
    "slice_of",
    "unit_of",
    "user_of",
]


def _tag(value: Any) -> str:
    return str(value.get("type", "php") if isinstance(value, dict) else getattr(value, "type", "php"))


SiteOptions = Annotated[
    Annotated[StaticSite, Tag("static")]
    | Annotated[CgiSite, Tag("cgi")]
    | Annotated[PhpSite, Tag("php")]
    | Annotated[ProcessSite, Tag("process")]
    | Annotated[ProxySite, Tag("proxy")]
    | Annotated[ServletSite, Tag("servlet")]
    | Annotated[WordpressSite, Tag("wordpress")],
    Discriminator(_tag),
]
Site = StaticSite | CgiSite | PhpSite | ProcessSite | ProxySite | ServletSite | WordpressSite
SITE_TYPES = {
    "static": StaticSite,
    "cgi": CgiSite,
    "php": PhpSite,
    "process": ProcessSite,
    "proxy": ProxySite,
    "servlet": ServletSite,
    "wordpress": WordpressSite,
}


def root_of(name: str, site: Site) -> str:
    """The document root; empty for a site without files of its own."""
    if not isinstance(site, RootedSite):
        return ""
    return site.root or (f"{home_of(name)}/current" if site.source else home_of(name))


def code_of(name: str, site: Site) -> tuple[str, str]:
    """A folder of the site that nobody shares, and its URL."""
    if isinstance(site, WordpressSite):
        return f"{home_of(name)}/wp-content", "/wp-content/"
    return root_of(name, site), "/"


def database_of(name: str, site: Site) -> DatabaseOptions | None:
    """The site's database with its default names filled in; None where it has none."""
    wanted = getattr(site, "database", None)
    if not wanted:
        return None
    given = wanted if isinstance(wanted, DatabaseOptions) else DatabaseOptions()
    default = re.sub(r"[^a-z0-9]", "_", name)
    return given.model_copy(
        update={
            "name": given.name or shortened(default, 64),
            "user": given.user or shortened(given.name or default, 32),
        }
    )
