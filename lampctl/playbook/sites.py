"""Site types: what a site may say, by its `type`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from lampctl.playbook.fields import (
    AbsolutePath,
    Address,
    Command,
    Count,
    DatabaseName,
    Email,
    HostName,
    Hostname,
    HttpsUrl,
    Ini,
    OneLine,
    Options,
    PhpVersion,
    Port,
    RepositoryName,
    RequestPath,
    Seconds,
    Size,
    Upstream,
    UrlPath,
    UserName,
    Variable,
)

_TYPE = "What kind of site this is."
_PROBE = "The path that is asked for when the site is proved; any answer below 500 will do."


class TlsOptions(Options):
    """HTTPS for one site."""

    mode: Literal["self-signed", "files", "acme"] = Field(
        description="Where the certificate comes from: made on the host, files on the host, or an ACME server."
    )
    certificate: AbsolutePath | None = Field(
        None, description="For `files`: the chain on the host in PEM, the site's certificate first."
    )
    key: AbsolutePath | None = Field(None, description="For `files`: the private key on the host in PEM.")
    email: Email | None = Field(None, description="For `acme`: whom the certificate authority may write to.")
    directory: HttpsUrl | None = Field(
        None, description="For `acme`: the server's directory URL. Default: Let's Encrypt."
    )
    redirect: bool = Field(True, description="Whether HTTP redirects to HTTPS.")
    hsts: Annotated[int, Field(ge=0, le=63_072_000)] = Field(
        0,
        description="Seconds for which browsers shall insist on HTTPS; 0 ends it, for those that did as well.",
    )
    profile: Literal["intermediate", "old"] = Field(
        "intermediate",
        description="Mozilla's profile: which protocols and ciphers clients may use; "
        "the same for all sites, which share one port.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.mode == "files") != bool(self.certificate and self.key):
            raise ValueError("`certificate` and `key` belong to the mode files, both of them")
        if self.mode != "acme" and (self.email or self.directory):
            raise ValueError("`email` and `directory` belong to the mode acme")
        return self


class DatabaseOptions(Options):
    """The site's own database. Its password is made on the host and given to the site only."""

    name: DatabaseName | None = Field(None, description="Its name. Default: the site's, `_` for dots.")
    user: UserName | None = Field(None, description="Its user. Default: the site's name, shortened.")
    host: HostName | None = Field(
        None,
        description="Another host that has it, named as on the command line; the same command deploys it first.",
    )
    address: Address | None = Field(
        None, description="Where the site reaches that host. Default: the address by which lampctl does."
    )

    @model_validator(mode="after")
    def _address_of_a_host(self) -> Self:
        if self.address and not self.host:
            raise ValueError("`address` is where the site reaches `host`, so it goes with it")
        return self


class SitePhpOptions(Options):
    """PHP for one site; what is not set is as in the `php` layer."""

    version: PhpVersion | None = Field(None, description='Which PHP runs the site, such as `"8.2"`.')
    repository: RepositoryName | None = Field(
        None, description="Which of `linux.repositories` that version comes from. Default: the distribution."
    )
    memory_limit: Size | None = Field(None, description="The most memory that one request may take.")
    upload_limit: Size | None = Field(None, description="The largest body of a request.")
    max_children: Count | None = Field(None, description="PHP processes of this site's pool.")
    ini: Ini = Field({}, description="Any other php.ini directive, for this site.")


class SiteBase(Options):
    """What every site may say."""

    aliases: list[Hostname] = Field([], description="Other names under which the site answers.")
    default: bool = Field(False, description="Answers requests for names that no site has, and for the bare IP.")
    tls: Literal["self-signed", "acme"] | TlsOptions | None = Field(
        None, description="HTTPS: `self-signed`, `acme`, or a mapping; absent: HTTP only."
    )

    @property
    def https(self) -> TlsOptions | None:
        """`tls` as a mapping."""
        return TlsOptions(mode=self.tls) if isinstance(self.tls, str) else self.tls


class RootedSite(SiteBase):
    """A site with a document root."""

    root: AbsolutePath | None = Field(
        None, description="Document root. Default: `/var/www/NAME`, or its `current` release where there is a `source`."
    )
    source: OneLine | None = Field(
        None,
        description="A folder on this machine, beside the playbook, whose files are the site: each deploy that "
        "finds it changed makes a new release, and switches to it by one link.",
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.root and self.source:
            raise ValueError("`root` and `source` exclude each other: releases of a source lie below /var/www/NAME")
        return self


class StaticSite(RootedSite):
    """Files."""

    type: Literal["static"] = Field(description=_TYPE)
    fallback: bool = Field(False, description="A single-page app: paths without a file get index.html.")
    cache: Annotated[int, Field(ge=0, le=31_536_000)] = Field(
        3600, description="Seconds for which browsers may keep files other than HTML; 0: they always ask."
    )


class PooledSite(SiteBase):
    """A site with a pool of PHP processes of its own."""

    @property
    def extensions(self) -> tuple[str, ...]:
        """PHP extensions that it needs, whatever the playbook lists."""
        return ()

    def environment(self, name: str) -> dict[str, str]:  # noqa: ARG002
        """What its pool gives to PHP beside its database."""
        return {}

    def secrets(self, name: str) -> dict[str, str]:  # noqa: ARG002
        """Name of each further secret → the environment variable in which its pool gives it to PHP."""
        return {}


class PhpSite(RootedSite, PooledSite):
    """PHP in a pool of its own."""

    type: Literal["php"] = Field("php", description=_TYPE)
    allow_override: bool = Field(False, description="Whether .htaccess files count (Apache only).")
    database: DatabaseOptions | bool = Field(
        False, description="`true`: a database with default names; a mapping: named; `false`: none."
    )
    php: SitePhpOptions = Field(SitePhpOptions(), description="PHP settings of this site.")


class WordpressSite(PooledSite):
    """WordPress, installed and ready to log in."""

    type: Literal["wordpress"] = Field(description=_TYPE)
    title: OneLine = Field("WordPress", description="The site's title, when it is installed.")
    admin: UserName = Field("admin", description="Its first user, whose password is made on the host.")
    email: OneLine = Field("admin@localhost.localdomain", description="That user's address.")
    tarball: OneLine | None = Field(
        None, description="A tarball of WordPress on this machine, instead of Debian's package."
    )
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = Field(
        None, description="The tarball's checksum; required with it."
    )
    database: DatabaseOptions | Literal[True] = Field(True, description="The database; named, where it is a mapping.")
    php: SitePhpOptions = Field(SitePhpOptions(), description="PHP settings of this site.")

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if bool(self.tarball) != bool(self.sha256):
            raise ValueError("`tarball` and `sha256` go together")
        return self

    @property
    def extensions(self) -> tuple[str, ...]:
        return ("mysql", "curl", "gd", "imagick", "intl", "mbstring", "xml", "zip")

    def environment(self, name: str) -> dict[str, str]:
        """Debian's WordPress finds /etc/wordpress/config-KEY.php by it; a key has letters, digits and hyphens only."""
        return {"WORDPRESS_CONFIG": user_of(name).replace("_", "-")}

    def secrets(self, name: str) -> dict[str, str]:
        return {f"salts@{name}": "WP_SECRET"}


class CgiSite(RootedSite):
    """Programs that the web server starts for each request, and files."""

    type: Literal["cgi"] = Field(description=_TYPE)
    prefix: UrlPath = Field("/cgi-bin/", description="Where the programs are: URL path, and folder below the root.")
    timeout: Seconds = Field(60, description="Seconds that a program may take.")
    body_limit: Size = Field("32M", description="The largest body of a request.")

    def unfit(self, modes: Mapping[str, int]) -> tuple[str, str] | None:
        """What is wrong with a source of these files (path → mode), and what to do; None where it is fit."""
        folder = self.prefix.strip("/") + "/"
        programs = {path: mode for path, mode in modes.items() if path.startswith(folder)}
        if not programs:
            return (
                f"has no programs in {folder}",
                f"put them there, or let `prefix` name their folder, not {self.prefix}",
            )
        lacking = [path for path, mode in programs.items() if not mode & 0o111]
        if not lacking:
            return None
        more = f", and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        hint = f"chmod +x {lacking[0]}; what is no program belongs outside {folder}"
        return f"{lacking[0]} lacks the run bit, and everything in {folder} is run as a program{more}", hint


class SandboxedSite(SiteBase):
    """A program of its own behind the web server, in a sandboxed unit."""

    port: Port = Field(description="Its port on 127.0.0.1; further instances take the next ones.")
    environment: dict[Variable, OneLine] = Field({}, description="Environment variables of the program.")
    memory_max: Size | None = Field(None, description="The most memory for each instance (systemd's MemoryMax).")
    cpu_quota: Annotated[int, Field(ge=1, le=12800)] | None = Field(
        None, description="Percent of one core for each instance (systemd's CPUQuota)."
    )
    body_limit: Size = Field("32M", description="The largest body of a request.")
    timeout: Seconds = Field(60, description="Seconds that the program may take to answer.")
    probe: RequestPath = Field("/", description=_PROBE)

    @model_validator(mode="after")
    def _port_is_ours(self) -> Self:
        if "PORT" in self.environment:
            raise ValueError("PORT is set by lampctl, for each instance: say `port`")
        if self.port + self.count > 65536:
            raise ValueError(f"{self.count} instances from port {self.port} on go beyond 65535: begin lower")
        return self

    @property
    def count(self) -> int:
        return 1

    @property
    def ports(self) -> tuple[int, ...]:
        """The port of each instance."""
        return tuple(range(self.port, self.port + self.count))


class ProcessSite(SandboxedSite):
    """Any program that listens on $PORT of 127.0.0.1, run and restarted by systemd."""

    type: Literal["process"] = Field(description=_TYPE)
    source: OneLine | None = Field(None, description="A folder on this machine, deployed as the working directory.")
    command: Command = Field(
        description="The program and its arguments, as in a unit's ExecStart. `./serve` and `bin/serve` are below the "
        "source, `node` is the system's."
    )
    instances: Annotated[int, Field(ge=1, le=64)] = Field(1, description="How many of it run side by side.")

    @property
    def count(self) -> int:
        return self.instances


class ServletSite(SandboxedSite):
    """A Java web application in a Tomcat of its own."""

    type: Literal["servlet"] = Field(description=_TYPE)
    war: OneLine = Field(description="A WAR on this machine, beside the playbook, or a folder with what a WAR holds.")
    heap: Size = Field("256M", description="The most memory for Java's heap.")


class WeightedUpstream(Options):
    """One of several upstreams."""

    url: Upstream = Field(description="http://HOST:PORT")
    weight: Annotated[int, Field(ge=1, le=100)] = Field(1, description="Its share of the requests.")


class ProxySite(SiteBase):
    """Upstreams anywhere."""

    type: Literal["proxy"] = Field(description=_TYPE)
    upstreams: Annotated[list[Upstream | WeightedUpstream], Field(min_length=1)] = Field(
        description="Where requests go: URLs, or mappings with a weight."
    )
    websocket: bool = Field(True, description="Whether connections may be upgraded.")
    timeout: Seconds = Field(60, description="Seconds that an upstream may take to answer.")
    body_limit: Size = Field("32M", description="The largest body of a request.")
    probe: RequestPath = Field("/", description=_PROBE)

    @model_validator(mode="after")
    def _one_group(self) -> Self:
        urls = [upstream.url for upstream in self.weighted]
        if len({url.partition(":")[0] for url in urls}) > 1:
            raise ValueError("the upstreams are all http:// or all https://; make two sites of them")
        twice = next((url for url in urls if urls.count(url) > 1), None)
        if twice:
            raise ValueError(f"the upstream {twice} is there twice; give it a weight")
        return self

    @property
    def weighted(self) -> tuple[WeightedUpstream, ...]:
        return tuple(WeightedUpstream(url=u) if isinstance(u, str) else u for u in self.upstreams)


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


def home_of(name: str) -> str:
    """The directory that belongs to a site, whatever its type."""
    return f"/var/www/{name}"


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


def user_of(name: str) -> str:
    """The site's Unix user. The prefix keeps a site called `mail` from being the user of that name."""
    return "site-" + _shortened(name.replace(".", "-"), 27)


def unit_of(name: str, port: int) -> str:
    """The unit of one instance of a site's program."""
    return f"lampctl-{name}@{port}.service"


def database_of(name: str, site: Site) -> DatabaseOptions | None:
    """The site's database with its default names filled in; None where it has none."""
    wanted = getattr(site, "database", None)
    if not wanted:
        return None
    given = wanted if isinstance(wanted, DatabaseOptions) else DatabaseOptions()
    default = re.sub(r"[^a-z0-9]", "_", name)
    return given.model_copy(
        update={
            "name": given.name or _shortened(default, 64),
            "user": given.user or _shortened(given.name or default, 32),
        }
    )


def _shortened(name: str, most: int) -> str:
    """At most `most` characters, still unlike any other name's."""
    if len(name) <= most:
        return name
    return f"{name[: most - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
