"""How a web server answers for one site: what a site type declares for the templates of both servers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from lampctl.layers.base import Context
from lampctl.layers.denied import COMMON, Rule, escaped
from lampctl.layers.sizing import Sized
from lampctl.playbook import TlsOptions
from lampctl.playbook.sites import answered, redirected
from lampctl.resources import AcmeCertificate, Certificate, Pair
from lampctl.resources.acme import LETS_ENCRYPT

# Files here are served under /.well-known/acme-challenge/ for every site: answers to ACME challenges, and the
# probe files of sites that have no files of their own.
WEBROOT = "/var/www/lampctl"  # certbot's term: its answers are at the URL's path below
WELL_KNOWN_URL = "/.well-known/acme-challenge/"
WELL_KNOWN = WEBROOT + WELL_KNOWN_URL.rstrip("/")

ROUTED = "X-Lampctl-Route"  # in answers to lampctl's own requests: the path of the route that they came by


@dataclass(frozen=True)
class Needs:
    """What a handler needs from Apache as a whole, once for all sites.

    Attributes:
        modules: Files of mods-available, besides those that Debian enables.
        files: (path below the server's directory, template).
        counts: Whether bodies without Content-Length are counted.
        buffers: Whether they are passed on with it.
    """

    modules: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    counts: bool = False
    buffers: bool = False


@dataclass(frozen=True)
class Route:
    """Requests below a path that the program of another site, or an upstream, answers.

    Attributes:
        id: Unique among all sites: in names of NGINX's variables, and of the groups of both servers.
        values: What the handler `proxy` needs of the target.
        site: The target; empty for an upstream.
        longer: The paths of other routes below this one.
        denied: Patterns are of the whole path of a request.
    """

    id: str
    path: str
    strip: bool
    body_limit: Sized
    values: Mapping[str, object]
    site: str = ""
    longer: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    denied: tuple[Rule, ...] = ()
    tls: bool = False  # to its upstreams

    @property
    def pattern(self) -> str:
        """A regular expression of the paths that are this route's."""
        longer = "|".join(escaped(path.removeprefix(self.path)) for path in self.longer)
        return f"^{escaped(self.path)}" + (f"(?!{longer})" if longer else "")


@dataclass(frozen=True)
class Limit:
    """What requests for a path, and for all below it, have instead of the site's own limits.

    A path in another spelling is refused before (400), but for the case of its letters and what follows a `;`: so the
    path as it was sent tells as much as the decoded one. The regular expressions have no capturing groups.

    Attributes:
        id: A number; with the site's, unique among all sites.
        exact: Whether the path is spelled as in the playbook. Else the limits are the smallest that its page can have:
            it may be another page, or an application may take it for this one.
        pattern: Of decoded paths.
        sent: Of paths as they were sent, with a query.
        methods: All of them that are answered, HEAD included; None: all.
        sized, timed: Whether the body limit, or the timeout, is another one than the site's.
    """

    id: int
    path: str
    exact: bool
    pattern: str
    sent: str
    body_limit: Sized
    timeout: Sized
    methods: tuple[str, ...] | None
    sized: bool
    timed: bool

    @property
    def held(self) -> bool:
        """Does it need a handler of its own?"""
        return self.sized or self.timed

    @property
    def flag(self) -> str:
        """For both servers' regular expressions: the case of letters does not matter."""
        return "" if self.exact else "(?i)"


@dataclass(frozen=True)
class Vhost:
    """`handler` names a template below SERVER/handlers/; `values` are what that template needs.

    Attributes:
        denied: What of the site is not served, unless the playbook allows it.
    """

    handler: str
    body_limit: Sized
    root: str = ""  # document root; empty: the site has no files
    values: Mapping[str, object] = field(default_factory=dict)
    own: tuple[str, str] = ("", "")  # (folder, URL) of this site's own files, if its root is shared
    tenant: str = ""  # the owner of that folder
    apache: Needs = Needs()
    denied: tuple[Rule, ...] = COMMON
    routes: tuple[Route, ...] = ()  # the longest path first
    limits: tuple[Limit, ...] = ()  # likewise: the first one that matches

    @property
    def alternates(self) -> bool:
        """Whether it depends on files of the host which instances get a request: some may be about to end."""
        given = (found.get("groups") for found in (self.values, *(route.values for route in self.routes)))
        return any(isinstance(groups, tuple) and len(groups) > 1 for groups in given)

    @property
    def probe_root(self) -> str:
        """The folder where this site's probe file is put."""
        return self.own[0] or self.root or WELL_KNOWN

    @property
    def probe_url(self) -> str:
        return self.own[1] or ("/" if self.root else WELL_KNOWN_URL)


COUNTED = ("lampctl-body.lua", "apache/body.lua.j2")
FASTCGI = Needs(
    ("lua.load", "proxy.conf", "proxy.load", "proxy_fcgi.load"),
    (COUNTED,),
    counts=True,
    buffers=True,
)


def site_id(site: str) -> str:
    """Makes names of NGINX's variables one site's own: they are the same for all servers."""
    return hashlib.sha256(site.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Https:
    """The HTTPS settings of a site's vhost."""

    pair: Pair
    redirect: bool
    hsts: int  # seconds; 0: no header


def https_of(context: Context, site: str) -> Https | None:
    """None if the site has no HTTPS: not wanted, or its certificate is not issued yet."""
    options = context.playbook.sites[site].https
    if options is None or (options.mode == "acme" and site not in context.facts.certificates):
        return None
    return Https(pair_of(context, site, options), options.redirect, options.hsts)


def redirects(context: Context, site: str) -> bool:
    """Does this site redirect HTTP to HTTPS?"""
    found = https_of(context, site)
    return found is not None and found.redirect


def names_of(context: Context, site: str) -> tuple[str, ...]:
    """All names that it answers for, also those that are redirected to its own."""
    options = context.playbook.sites[site]
    return (*answered(site, options), *redirected(site, options))


def certificate_of(context: Context, site: str, options: TlsOptions) -> Certificate | AcmeCertificate | None:
    """The certificate that lampctl provides; None if its owner provides it."""
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
