"""The models of a playbook, from which the reference in docs/, the JSON Schema and the error messages come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from lampctl.playbook.consent import adopt
from lampctl.playbook.fields import (
    Count,
    ExtensionName,
    Ini,
    Options,
    PhpVersion,
    PlaybookId,
    Port,
    RepositoryName,
    SiteName,
    Size,
    in_bytes,
)
from lampctl.playbook.linux import LinuxOptions
from lampctl.playbook.mysql import MysqlOptions
from lampctl.playbook.sites import (
    DatabaseOptions,
    PooledSite,
    RootedSite,
    SandboxedSite,
    SiteBase,
    answered,
    apart,
    database_of,
    limited,
    overridden,
    redirected,
    root_of,
    routed,
    user_of,
    without_www,
)


class PhpOptions(Options):
    """PHP-FPM, and what all sites share of it."""

    version: PhpVersion | None = Field(
        None, description="For sites that do not say. Default: the distribution's own version."
    )
    repository: RepositoryName | None = Field(
        None, description="Which of `linux.repositories` the version comes from. Default: the distribution."
    )
    extensions: list[ExtensionName] = Field(
        ["mysql"], description="Extensions, named as in the distribution's packages (mysql, gd, intl, …)."
    )
    memory_limit: Size = Field("128M", description="The most memory that one request may take.")
    upload_limit: Size = Field("32M", description="The largest body of a request.")
    max_children: Count | Literal["auto"] = Field(
        "auto", description="PHP processes of all pools together. `auto`: what the host's memory holds."
    )
    memory_max: Size | None = Field(
        None, description="The most memory for all PHP processes of one site together (systemd's MemoryMax)."
    )
    opcache_memory: Size = Field("128M", description="Memory for compiled scripts, of each site.")
    ini: Ini = Field({}, description="Any other php.ini directive, for every site.")

    @field_validator("opcache_memory")
    @classmethod
    def _enough_to_start(cls, size: str) -> str:
        """FPM does not start if its 8 MiB of interned strings don't fit."""
        if in_bytes(size) < in_bytes("16M"):
            raise ValueError(f"PHP does not start with {size}: 16M or more")
        return size


class WebOptions(Options):
    """The web server."""

    server: Literal["apache", "nginx"] = Field("apache", description="The server to install.")
    front: Literal["nginx"] | None = Field(
        None, description="A server before it, which visitors reach; Apache then serves every site behind it."
    )
    behind_port: Port = Field(8080, description="Apache's port on 127.0.0.1 if there is a `front`.")
    max_workers: Count | Literal["auto"] = Field(
        "auto", description="Apache: requests served at once. `auto`: after the host's memory, at most 1024."
    )
    keepalive_timeout: Annotated[int, Field(ge=0, le=300)] = Field(
        30, description="Seconds that an idle connection is held open."
    )
    adopt: bool = Field(False, description=adopt("a web server that also serves sites made by others"))

    @model_validator(mode="after")
    def _front_of_another(self) -> Self:
        if self.front == self.server:
            raise ValueError("`front` is a server in front of another one: it goes with `server: apache`")
        return self


class Playbook(Options):
    """A playbook, merged with what it extends. A layer that is absent or null is not deployed."""

    description: str = Field("", description="One line for `lampctl playbook list`.")
    id: PlaybookId | None = Field(
        None,
        description="Tells this project from others on the same host, so that a renamed file or site stays its own. "
        "`lampctl init` makes one; playbooks that extend this one do not inherit it.",
    )
    hosts: list[str] = Field(
        [],
        description="Where to deploy: user@host:port, or an alias of ~/.ssh/config.",
        examples=[["web1.example.com"]],
    )
    linux: LinuxOptions = Field(LinuxOptions(), description="The operating system.")
    adopt: bool = Field(False, description="`adopt: true` for the layers `mysql` and `web`, and for every site.")
    mysql: MysqlOptions | None = Field(None, description="The database server.")
    php: PhpOptions | None = Field(None, description="PHP-FPM.")
    web: WebOptions | None = Field(None, description="The web server.")
    sites: dict[SiteName, SiteBase] = Field({}, description="The sites, by name.")

    @property
    def php_sites(self) -> dict[str, PooledSite]:
        """Those that have a pool of PHP processes."""
        return {name: site for name, site in self.sites.items() if isinstance(site, PooledSite)}

    @property
    def names(self) -> list[str]:
        """The names of the sites, and those that they had before."""
        return [*self.sites, *(site.renamed_from for site in self.sites.values() if site.renamed_from)]

    @property
    def databases(self) -> dict[str, DatabaseOptions]:
        """Site → its database, of those that have one, on their host or on another."""
        return {name: found for name, site in self.sites.items() if (found := database_of(name, site))}

    def adopts(self, part: SiteBase | MysqlOptions | WebOptions | None) -> bool:
        """Does the playbook consent to taking over what others use or made of this layer or site?"""
        return self.adopt or (part is not None and part.adopt)

    @property
    def extensions(self) -> list[str]:
        """PHP extensions that the playbook lists or a site needs."""
        listed = self.php.extensions if self.php else []
        return list(dict.fromkeys([*listed, *(e for site in self.php_sites.values() for e in site.extensions)]))

    def php_version(self, site: str) -> str | None:
        """The PHP version that the site or the layer sets; None: the distribution's."""
        return self.php_sites[site].php.version or (self.php.version if self.php else None)

    @property
    def php_repositories(self) -> dict[str, str]:
        """Repository → a version of PHP that comes from it."""
        return {r: v for v, r in self._php_sources() if v and r}

    def _php_sources(self) -> list[tuple[str | None, str | None]]:
        """(version, repository) of the layer and of each site; a site with a version of its own has its own source."""
        layer = (self.php.version, self.php.repository) if self.php else (None, None)
        own = ((site.php.version, site.php.repository) for site in self.php_sites.values())
        return [layer, *(pair for pair in own if pair[0] or pair[1])]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        _unique("the name {} is used by two sites", (_names(n, s) for n, s in self.sites.items()))
        if "lampctl" in self.sites:
            raise ValueError("a site can't be called lampctl: /var/www/lampctl is where answers to ACME servers are")
        if sum(site.default for site in self.sites.values()) > 1:
            raise ValueError("only one site can be the default")
        if len({site.https.profile for site in self.sites.values() if site.https}) > 1:
            raise ValueError("sites have several TLS profiles: they share port 443, so all of them need the same one")
        self._has_layers()
        if self.web:
            overridden(self.sites, self.web.server)
        _unique("the database name {} is used by two sites", ([d.name] for d in self.databases.values()))
        _unique("the database user {} is used by two sites", ([d.user] for d in self.databases.values()))
        _unique("the Unix user {} is used by two sites", ([user_of(n)] for n in self.sites))
        apart(self.sites)
        without_www(self.sites)
        routed(self.sites, {known: n for n, s in self.sites.items() for known in _names(n, s)})
        limited(self.sites)
        roots = [root_of(n, s) for n, s in self.sites.items() if isinstance(s, RootedSite)]
        _unique("the root {} is used by two sites", ([root] for root in roots))
        self._has_repositories()
        behind = [[self.web.behind_port]] if self.web and self.web.front else []
        _unique("the port {} is used twice", chain(behind, _ports(self.sites.values())))
        return self

    def _has_layers(self) -> None:
        if self.sites and not self.web:
            raise ValueError("sites need the layer web; `extends: lamp` includes it")
        if self.php_sites and not self.php:
            raise ValueError("a PHP site needs the layer php; `extends: lamp` includes it")
        if self.databases and not self.mysql:
            raise ValueError("a site with a database needs the layer mysql; `extends: lamp` includes it")
        for name, database in self.databases.items():
            if database.host and name not in self.php_sites:
                raise ValueError(
                    f"{name}: only a site with PHP, which proves the way there, has a database on another host"
                )
            former = self.sites[name].renamed_from
            old = former and database_of(former, self.sites[name])
            if database.host and old and old.name != database.name:
                raise ValueError(
                    f"{name}: the tables of a database on another host are not moved by renamed_from; "
                    f"`database: {{host: {database.host}, name: {old.name}, user: {old.user}}}` keeps it"
                )

    def _has_repositories(self) -> None:
        sources: dict[str, set[str]] = {}
        for version, repository in self._php_sources():
            if version and repository:
                sources.setdefault(version, set()).add(repository)
            if repository and not version:
                raise ValueError(f"php → repository: {repository} needs the version to take from it")
            if repository and repository not in self.linux.repositories:
                raise ValueError(f"php → repository: {repository} is not among linux → repositories")
        for version, found in sources.items():
            if len(found) > 1:
                raise ValueError(
                    f"PHP {version} can come from one repository only, not from {' and '.join(sorted(found))}"
                )


def _ports(sites: Iterable[SiteBase]) -> Iterator[Iterable[int]]:
    return (site.ports for site in sites if isinstance(site, SandboxedSite))


def _names(name: str, site: SiteBase) -> tuple[str, ...]:
    return (*answered(name, site), *redirected(name, site))


def _unique(message: str, groups: Iterable[Iterable[object]]) -> None:
    seen = set()
    for value in (value for group in groups for value in group):
        if value in seen:
            raise ValueError(message.format(value))
        seen.add(value)
