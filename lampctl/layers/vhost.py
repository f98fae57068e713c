"""How a web server answers for one site: what a site type says, and both servers' templates are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lampctl.layers.base import Context
from lampctl.layers.sizing import Sized
from lampctl.playbook import TlsOptions
from lampctl.resources import AcmeCertificate, Certificate, Pair
from lampctl.resources.acme import LETS_ENCRYPT

# Files here are served under /.well-known/acme-challenge/ for every site: what an ACME server asks for, and the
# probe of sites that have no files of their own.
WEBROOT = "/var/www/lampctl"  # as certbot calls it: its answers lie at the URL's path below
WELL_KNOWN_URL = "/.well-known/acme-challenge/"
WELL_KNOWN = WEBROOT + WELL_KNOWN_URL.rstrip("/")


@dataclass(frozen=True)
class Needs:
    """What a handler needs of a web server as a whole, once for all of its sites.

    Attributes:
        modules: Apache: files of mods-available, beyond those that Debian enables by itself.
        files: (path below the server's directory, template).
    """

    modules: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Vhost:
    """`handler` names a template below SERVER/handlers/; `values` are what that template needs."""

    handler: str
    body_limit: Sized
    root: str = ""  # document root; empty where the site has no files
    values: Mapping[str, object] = field(default_factory=dict)
    own: tuple[str, str] = ("", "")  # (folder, URL) of files that are this site's alone, where its root's are not
    tenant: str = ""  # whose that folder is
    apache: Needs = Needs()
    nginx: Needs = Needs()

    @property
    def probe_root(self) -> str:
        """Where a static file lies that this site serves."""
        return self.own[0] or self.root or WELL_KNOWN

    @property
    def probe_url(self) -> str:
        return self.own[1] or ("/" if self.root else WELL_KNOWN_URL)


FASTCGI = Needs(("proxy.conf", "proxy.load", "proxy_fcgi.load"))
UPGRADE = Needs(files=(("conf.d/lampctl-upgrade.conf", "nginx/lampctl-upgrade.conf.j2"),))  # of WebSocket connections


@dataclass(frozen=True)
class Https:
    """What a site's HTTPS vhost needs to know."""

    pair: Pair
    redirect: bool
    hsts: int  # seconds; 0: not said


def https_of(context: Context, site: str) -> Https | None:
    """None where the site has no HTTPS: none is wanted, or its certificate is still to be got."""
    options = context.playbook.sites[site].https
    if options is None or (options.mode == "acme" and site not in context.facts.certificates):
        return None
    return Https(pair_of(context, site, options), options.redirect, options.hsts)


def redirects(context: Context, site: str) -> bool:
    """Is HTTPS where this site's pages are?"""
    found = https_of(context, site)
    return found is not None and found.redirect


def names_of(context: Context, site: str) -> tuple[str, ...]:
    return (site, *context.playbook.sites[site].aliases)


def certificate_of(context: Context, site: str, options: TlsOptions) -> Certificate | AcmeCertificate | None:
    """The certificate that lampctl provides; None for one that its owner brings."""
    names = names_of(context, site)
    if options.mode == "self-signed":
        return Certificate(site, "tls", names)
    if options.mode == "acme":
        server = options.directory or LETS_ENCRYPT
        return AcmeCertificate(site, "tls", names, WEBROOT, WELL_KNOWN, WELL_KNOWN_URL, server, options.email or "")
    return None


def pair_of(context: Context, site: str, options: TlsOptions) -> Pair:
    found = certificate_of(context, site, options)
    return found.pair if found else Pair(str(options.certificate), str(options.key))
