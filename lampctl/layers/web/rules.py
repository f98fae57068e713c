"""What both web servers do for any site beside serving it, as the templates need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lampctl.layers import denied
from lampctl.layers.base import Context
from lampctl.layers.denied import Rule, escaped
from lampctl.layers.logins import file_of
from lampctl.layers.vhost import site_id
from lampctl.layers.web.tier import Tier
from lampctl.playbook.sites import SiteBase
from lampctl.playbook.sites.rules import WWW

# Browsers must not guess content types, must not show the site inside another one's frame (where clicks can be stolen),
# and must not send the full URL to other sites. Header → (value, NGINX's variable, a map in nginx.conf).
DEFAULTS: Mapping[str, tuple[str, str]] = {
    "X-Content-Type-Options": ("nosniff", "lampctl_nosniff"),
    "X-Frame-Options": ("SAMEORIGIN", "lampctl_frame"),
    "Referrer-Policy": ("strict-origin-when-cross-origin", "lampctl_referrer"),
}


@dataclass(frozen=True)
class Header:
    """`variable`: NGINX's, which is empty where the application sent the header itself."""

    name: str
    value: str
    variable: str
    shared: bool  # the variable is one of all sites


@dataclass(frozen=True)
class Redirect:
    """`pattern`: a regular expression of the decoded path; `target`: a path or URL without special characters."""

    pattern: str
    target: str

    @property
    def queried(self) -> str:
        """For NGINX: with the query of the request, beside the target's own one."""
        return self.target + ("$lampctl_more" if "?" in self.target else "$is_args$args")

    @property
    def rewritten(self) -> str:
        """For Apache's RewriteRule, where `%1` is of a condition."""
        return self.target.replace("%", "\\%")


@dataclass(frozen=True)
class Rules:
    """`id`: of the site, in the names of NGINX's variables."""

    id: str
    denied: tuple[Rule, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    headers: tuple[Header, ...] = ()
    methods: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    logins: str = ""  # the file of those who can log in

    @property
    def scheme(self) -> str:
        """NGINX's variable with the scheme of the visitor's URL."""
        return f"$lampctl_scheme_{self.id}" if self.trusted else "$scheme"

    @property
    def https(self) -> str:
        return f"$lampctl_https_{self.id}" if self.trusted else "$https"

    @property
    def port(self) -> str:
        return f"$lampctl_port_{self.id}" if self.trusted else "$lampctl_server_port"


def rules(context: Context, tier: Tier, site: str) -> Rules:
    """With two servers, the one that visitors reach redirects and adds headers; the other one denies and has logins."""
    options = context.playbook.sites[site]
    id = site_id(site)
    methods = (*options.methods, *(("HEAD",) if options.methods and "HEAD" not in options.methods else ()))
    return Rules(
        id,
        denied=() if tier.front else denied.beside(options.routes, denied.rules(options, tier.vhosts[site].denied)),
        redirects=() if tier.behind else _redirects(options),
        headers=() if tier.behind else _headers(options, id),
        methods=() if tier.behind else methods,
        trusted=() if tier.behind else tuple(options.trusted_proxies),
        logins=file_of(tier.names, site) if options.basic_auth and not tier.front else "",
    )


def _redirects(options: SiteBase) -> tuple[Redirect, ...]:
    return tuple(Redirect(f"^{escaped(old)}$", new) for old, new in options.redirects.items() if old != WWW)


def _headers(options: SiteBase, id: str) -> tuple[Header, ...]:
    """The default ones, each of which the playbook can change or remove, and its own."""
    given = {name.lower(): (name, value) for name, value in options.headers.items()}
    found = [
        Header(name, value, variable, shared=True)
        for name, (value, variable) in DEFAULTS.items()
        if name.lower() not in given
    ]
    own = [
        Header(name, value, f"lampctl_header_{number}_{id}", shared=False)
        for number, (name, value) in enumerate(given.values())
        if value is not None
    ]
    return (*found, *own)


def modules(options: SiteBase) -> tuple[str, ...]:
    """Apache's modules that the rules need, beside those of every vhost."""
    logins = ("auth_basic.load", "authn_core.load", "authn_file.load", "authz_user.load") if options.basic_auth else ()
    return (*logins, *(("remoteip.load",) if options.trusted_proxies else ()))
