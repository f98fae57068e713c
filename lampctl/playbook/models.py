"""What a playbook may say. The reference in docs/, the JSON Schema and the error messages come from here."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_PATH = re.compile(r"(/[A-Za-z0-9@+_-][A-Za-z0-9.@+_-]*)+")
_INI_KEY = re.compile(r"[a-z][a-z0-9_.]*")
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def _hostname(name: str) -> str:
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError("is no hostname: letters a-z, digits and hyphens, in labels joined by dots")
    return name


def _database_name(name: str) -> str:
    if not _NAME.fullmatch(name) or len(name) > 64:
        raise ValueError("may have letters, digits and underscores only, at most 64 of them")
    return name


def _user_name(name: str) -> str:
    if not _NAME.fullmatch(name) or len(name) > 32:
        raise ValueError("may have letters, digits and underscores only, at most 32 of them")
    return name


def _absolute(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise ValueError("is no plain absolute path: /var/www/NAME, of letters, digits and . _ - @ +")
    return path


def _package(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name):
        raise ValueError("is no name of a package")
    return name


def _extension(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+", name):
        raise ValueError("is no name of a PHP extension, such as mysql, gd or intl")
    return name


def _size(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]*[KMG]", text):
        raise ValueError("is no size: a whole number and K, M or G, such as 128M")
    return text


def _ini_key(key: str) -> str:
    if not _INI_KEY.fullmatch(key):
        raise ValueError("is no php.ini directive")
    return key


def _ini_value(value: str | int | float | bool) -> str | int | float | bool:
    if isinstance(value, str) and re.search(r'["\\\n\r\0]', value):
        raise ValueError("may not have quotes, backslashes or line breaks")
    return value


def in_bytes(size: str) -> int:
    """`128M` → 134217728."""
    return int(size[:-1]) * _UNITS[size[-1]]


Hostname = Annotated[str, AfterValidator(_hostname)]
DatabaseName = Annotated[str, AfterValidator(_database_name)]
UserName = Annotated[str, AfterValidator(_user_name)]
AbsolutePath = Annotated[str, AfterValidator(_absolute)]
PackageName = Annotated[str, AfterValidator(_package)]
ExtensionName = Annotated[str, AfterValidator(_extension)]
Size = Annotated[str, AfterValidator(_size)]
Ini = dict[
    Annotated[str, AfterValidator(_ini_key)],
    Annotated[str | int | float | bool, AfterValidator(_ini_value)],
]
Count = Annotated[int, Field(ge=1, le=100_000)]


class Options(BaseModel):
    """Base: unknown keys and values of a wrong type are errors, never ignored or guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_default=False)


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

    server: Literal["apache"] = Field("apache", description="The server to install.")
    max_workers: Count | Literal["auto"] = Field(
        "auto", description="Connections served at once. `auto`: after the host's memory, at most 400."
    )
    keepalive_timeout: Annotated[int, Field(ge=0, le=300)] = Field(
        5, description="Seconds that an idle connection is held open."
    )


class DatabaseOptions(Options):
    """The site's own database. Its password is made on the host and given to PHP only."""

    name: DatabaseName | None = Field(None, description="Its name. Default: the site's, `_` for dots.")
    user: UserName | None = Field(None, description="Its user, at localhost. Default: the site's name, shortened.")


class SitePhpOptions(Options):
    """PHP for one site; what is not set is as in the `php` layer."""

    memory_limit: Size | None = Field(None, description="The most memory that one request may take.")
    upload_limit: Size | None = Field(None, description="The largest body of a request.")
    max_children: Count | None = Field(None, description="PHP processes of this site's pool.")
    ini: Ini = Field({}, description="Any other php.ini directive, for this site.")


class SiteOptions(Options):
    """One site: a name, files, and a pool of PHP processes."""

    aliases: list[Hostname] = Field([], description="Other names under which the site answers.")
    root: AbsolutePath | None = Field(None, description="Document root. Default: `/var/www/NAME`.")
    default: bool = Field(False, description="Answers requests for names that no site has, and for the bare IP.")
    allow_override: bool = Field(False, description="Whether .htaccess files count.")
    database: DatabaseOptions | bool = Field(
        False, description="`true`: a database with default names; a mapping: named; `false`: none."
    )
    php: SitePhpOptions = Field(SitePhpOptions(), description="PHP settings of this site.")


class Playbook(Options):
    """A playbook, merged with what it extends. A layer that is absent or null is not deployed."""

    description: str = Field("", description="One line for `lampctl playbook list`.")
    hosts: list[str] = Field([], description="Where to deploy: user@host:port, or an alias of ~/.ssh/config.")
    linux: LinuxOptions = Field(LinuxOptions(), description="The operating system.")
    mysql: MysqlOptions | None = Field(None, description="The database server.")
    php: PhpOptions | None = Field(None, description="PHP-FPM.")
    web: WebOptions | None = Field(None, description="The web server.")
    sites: dict[Hostname, SiteOptions] = Field({}, description="The sites, by name.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = [n for name, site in self.sites.items() for n in (name, *site.aliases)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the name {twice[0]} is used by two sites")
        if sum(site.default for site in self.sites.values()) > 1:
            raise ValueError("only one site can be the default")
        if self.sites and not (self.web and self.php):
            raise ValueError("sites need the layers web and php; `extends: lamp` brings them")
        databases = [site for site in self.sites.values() if site.database]
        if databases and not self.mysql:
            raise ValueError("a site with a database needs the layer mysql; `extends: lamp` brings it")
        for kind in ("name", "user"):
            taken = [getattr(database_of(n, s), kind) for n, s in self.sites.items() if s.database]
            again = sorted({value for value in taken if taken.count(value) > 1})
            if again:
                raise ValueError(f"the database {kind} {again[0]} is used by two sites")
        roots = [root_of(n, s) for n, s in self.sites.items()]
        shared = sorted({root for root in roots if roots.count(root) > 1})
        if shared:
            raise ValueError(f"the root {shared[0]} is used by two sites")
        return self


def root_of(name: str, site: SiteOptions) -> str:
    return site.root or f"/var/www/{name}"


def database_of(name: str, site: SiteOptions) -> DatabaseOptions:
    """The site's database with its default names filled in."""
    given = site.database if isinstance(site.database, DatabaseOptions) else DatabaseOptions()
    default = re.sub(r"[^a-z0-9]", "_", name)
    return DatabaseOptions(
        name=given.name or _shortened(default, 64), user=given.user or _shortened(given.name or default, 32)
    )


def _shortened(name: str, most: int) -> str:
    """At most `most` characters, still unlike any other name's."""
    if len(name) <= most:
        return name
    return f"{name[: most - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
