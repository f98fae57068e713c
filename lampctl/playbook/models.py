"""What a playbook may say. The reference in docs/, the JSON Schema and the error messages come from here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lampctl.playbook.fields import Count, ExtensionName, Hostname, Ini, Options, PackageName, Port, Size
from lampctl.playbook.sites import (
    PhpSite,
    RootedSite,
    SandboxedSite,
    Site,
    SiteOptions,
    WordpressSite,
    database_of,
    root_of,
)


class LinuxOptions(Options):
    """The operating system below the stack."""

    packages: list[PackageName] = Field([], description="More packages of the distribution to install.")
    ignore_failed_units: list[str] = Field(
        [], description="systemd units that may be failed without `linux.systemd` failing."
    )


class MysqlOptions(Options):
    """The database server."""

    engine: Literal["mariadb"] = Field("mariadb", description="The server to install.")
    buffer_pool: Size | Literal["auto"] = Field(
        "auto", description="InnoDB's cache. `auto`: a quarter of the host's memory."
    )
    max_connections: Count | Literal["auto"] = Field(
        "auto", description="Clients at once. `auto`: every PHP process at once, and some to spare."
    )


class PhpOptions(Options):
    """PHP-FPM, and what all sites share of it."""

    extensions: list[ExtensionName] = Field(
        ["mysql"], description="Extensions, named as in the distribution's packages (mysql, gd, intl, …)."
    )
    memory_limit: Size = Field("128M", description="The most memory that one request may take.")
    upload_limit: Size = Field("32M", description="The largest body of a request.")
    max_children: Count | Literal["auto"] = Field(
        "auto", description="PHP processes of all pools together. `auto`: what the host's memory holds."
    )
    opcache_memory: Size = Field("128M", description="Shared memory for compiled scripts.")
    ini: Ini = Field({}, description="Any other php.ini directive, for every site.")


class WebOptions(Options):
    """The web server."""

    server: Literal["apache", "nginx"] = Field("apache", description="The server to install.")
    front: Literal["nginx"] | None = Field(
        None, description="A server before it, which visitors reach; Apache then serves every site behind it."
    )
    behind_port: Port = Field(8080, description="Apache's port on 127.0.0.1 where there is a `front`.")
    max_workers: Count | Literal["auto"] = Field(
        "auto", description="Apache: requests served at once. `auto`: after the host's memory, at most 1024."
    )
    keepalive_timeout: Annotated[int, Field(ge=0, le=300)] = Field(
        30, description="Seconds that an idle connection is held open."
    )

    @model_validator(mode="after")
    def _front_of_another(self) -> Self:
        if self.front == self.server:
            raise ValueError("`front` is a server before another one: it goes with `server: apache`")
        return self


class Playbook(Options):
    """A playbook, merged with what it extends. A layer that is absent or null is not deployed."""

    description: str = Field("", description="One line for `lampctl playbook list`.")
    hosts: list[str] = Field([], description="Where to deploy: user@host:port, or an alias of ~/.ssh/config.")
    linux: LinuxOptions = Field(LinuxOptions(), description="The operating system.")
    mysql: MysqlOptions | None = Field(None, description="The database server.")
    php: PhpOptions | None = Field(None, description="PHP-FPM.")
    web: WebOptions | None = Field(None, description="The web server.")
    sites: dict[Hostname, SiteOptions] = Field({}, description="The sites, by name.")

    @property
    def php_sites(self) -> dict[str, PhpSite | WordpressSite]:
        """Those that have a pool of PHP processes."""
        return {name: site for name, site in self.sites.items() if isinstance(site, PhpSite | WordpressSite)}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        _unique("the name {} is used by two sites", ((n, *site.aliases) for n, site in self.sites.items()))
        if sum(site.default for site in self.sites.values()) > 1:
            raise ValueError("only one site can be the default")
        self._has_layers()
        databases = [found for name, site in self.sites.items() if (found := database_of(name, site))]
        _unique("the database name {} is used by two sites", ([d.name] for d in databases))
        _unique("the database user {} is used by two sites", ([d.user] for d in databases))
        roots = [root_of(n, s) for n, s in self.sites.items() if isinstance(s, RootedSite)]
        _unique("the root {} is used by two sites", ([root] for root in roots))
        behind = [[self.web.behind_port]] if self.web and self.web.front else []
        _unique("the port {} is used twice", chain(behind, _ports(self.sites.values())))
        return self

    def _has_layers(self) -> None:
        if self.sites and not self.web:
            raise ValueError("sites need the layer web; `extends: lamp` brings it")
        if self.php_sites and not self.php:
            raise ValueError("a PHP site needs the layer php; `extends: lamp` brings it")
        if any(database_of(n, s) for n, s in self.sites.items()) and not self.mysql:
            raise ValueError("a site with a database needs the layer mysql; `extends: lamp` brings it")


def _ports(sites: Iterable[Site]) -> Iterator[Iterable[int]]:
    return (site.ports for site in sites if isinstance(site, SandboxedSite))


def _unique(message: str, groups: Iterable[Iterable[object]]) -> None:
    seen = set()
    for value in (value for group in groups for value in group):
        if value in seen:
            raise ValueError(message.format(value))
        seen.add(value)
