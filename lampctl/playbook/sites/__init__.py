"""The options of a site, by its `type`. Each type is registered in lampctl/layers/sites."""

from __future__ import annotations

from lampctl.playbook.sites.base import (
    PooledSite,
    ReleasedSite,
    RootedSite,
    SandboxedSite,
    SiteBase,
    SourcedSite,
)
from lampctl.playbook.sites.cgi import CgiSite
from lampctl.playbook.sites.limited import limited
from lampctl.playbook.sites.limits import within
from lampctl.playbook.sites.names import (
    database_name,
    former_user_of,
    home_of,
    servlet_of,
    shortened,
    slice_of,
    socket_name,
    unit_of,
    user_of,
)
from lampctl.playbook.sites.options import DatabaseOptions, TlsOptions
from lampctl.playbook.sites.php import PhpSite, overridden
from lampctl.playbook.sites.probe import ProbeOptions
from lampctl.playbook.sites.process import ProcessSite
from lampctl.playbook.sites.proxy import ProxySite
from lampctl.playbook.sites.roots import apart, packaged
from lampctl.playbook.sites.routes import RouteOptions
from lampctl.playbook.sites.rules import WWW, without_www
from lampctl.playbook.sites.servlet import ServletSite
from lampctl.playbook.sites.source import Origin
from lampctl.playbook.sites.static import StaticSite
from lampctl.playbook.sites.targets import routed
from lampctl.playbook.sites.wordpress import WordpressSite
from lampctl.playbook.sites.workers import WorkingSite

__all__ = [
    "CgiSite",
    "DatabaseOptions",
    "Origin",
    "PhpSite",
    "PooledSite",
    "ProbeOptions",
    "ProcessSite",
    "ProxySite",
    "ReleasedSite",
    "RootedSite",
    "RouteOptions",
    "SandboxedSite",
    "ServletSite",
    "SiteBase",
    "SourcedSite",
    "StaticSite",
    "TlsOptions",
    "WordpressSite",
    "WorkingSite",
    "answered",
    "apart",
    "code_of",
    "database_name",
    "database_of",
    "former_user_of",
    "home_of",
    "limited",
    "overridden",
    "packaged",
    "redirected",
    "root_of",
    "routed",
    "servlet_of",
    "slice_of",
    "socket_name",
    "unit_of",
    "user_of",
    "within",
    "without_www",
]


def answered(name: str, site: SiteBase) -> tuple[str, ...]:
    """The names under which the site answers, its own first."""
    return (name, *(alias for alias in site.aliases if alias not in redirected(name, site)))


def redirected(name: str, site: SiteBase) -> tuple[str, ...]:
    """The names from which requests are redirected to the site's own."""
    former = (site.renamed_from,) if site.renamed_from else ()
    return (*former, *((f"{WWW}{name}",) if site.canonical else ()))


def root_of(name: str, site: SiteBase) -> str:
    """The document root; empty for a site without files of its own."""
    return site.root_at(name)


def code_of(name: str, site: SiteBase) -> tuple[str, str]:
    """(a folder that belongs to this site alone, its URL)."""
    return site.code_at(name)


def database_of(name: str, site: SiteBase) -> DatabaseOptions | None:
    """The site's database with its default names filled in; None where it has none.

    A type of site that may have one has a field `database`: a DatabaseOptions, or true for the default names.
    """
    wanted = getattr(site, "database", None)
    if not wanted:
        return None
    given = wanted if isinstance(wanted, DatabaseOptions) else DatabaseOptions()
    default = database_name(name)
    return given.model_copy(
        update={
            "name": given.name or shortened(default, 64),
            "user": given.user or shortened(given.name or default, 32),
        }
    )
