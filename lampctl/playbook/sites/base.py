"""What types of sites have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lampctl.playbook.fields import AbsolutePath, Hostname, OneLine, Options, RequestPath, Seconds, Size, Variable
from lampctl.playbook.sites.names import home_of, unit_of
from lampctl.playbook.sites.options import SitePhpOptions, TlsOptions

TYPE = "What kind of site this is."
PROBE = "The path that is requested when the site is proved; any answer below 500 passes."


@dataclass(frozen=True)
class LocalFiles:
    """Files of this machine that a site is deployed from."""

    field: str  # of the site's options, which names them
    path: str  # relative to the playbook
    checksum: str = ""  # SHA-256, of a tarball
    war: bool = False


class SiteBase(Options):
    """What every site may say. Subclass it for a new type, with `type: Literal["NAME"]`."""

    runs_code: ClassVar[bool] = True  # does anything run for it, in a slice of its own?

    type: str = Field(description=TYPE)
    aliases: list[Hostname] = Field([], description="Other names under which the site answers.")
    default: bool = Field(False, description="Answers requests for names that no site has, and for the bare IP.")
    tls: Literal["self-signed", "acme"] | TlsOptions | None = Field(
        None, description="HTTPS: `self-signed`, `acme`, or a mapping; absent: HTTP only."
    )

    @property
    def https(self) -> TlsOptions | None:
        """`tls` as a mapping."""
        return TlsOptions(mode=self.tls) if isinstance(self.tls, str) else self.tls

    @property
    def files(self) -> LocalFiles | None:
        """What of this machine is deployed; None where nothing is."""
        return None

    def unfit(self, modes: Mapping[str, int]) -> tuple[str, str] | None:  # noqa: ARG002
        """(what is wrong with local files of these modes by path, what to do); None where they are fit."""
        return None

    def root_at(self, name: str) -> str:  # noqa: ARG002
        """The document root; empty for a site without files of its own."""
        return ""

    def code_at(self, name: str) -> tuple[str, str]:
        """(a folder that belongs to this site alone, its URL)."""
        return self.root_at(name), "/"

    def units(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """systemd units of the site's own programs, which have checks of their own."""
        return ()


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

    @property
    def files(self) -> LocalFiles | None:
        return LocalFiles("source", self.source) if self.source is not None else None

    def root_at(self, name: str) -> str:
        return self.root or (f"{home_of(name)}/current" if self.source else home_of(name))


class PooledSite(SiteBase):
    """A site with a pool of PHP processes of its own."""

    # Its code verifies the server of its database, by the authority that DB_TLS_CA names; else PHP has to know it.
    verifies: ClassVar[bool] = True

    php: SitePhpOptions = Field(SitePhpOptions(), description="PHP settings of this site.")

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


class SandboxedSite(SiteBase):
    """A program of its own behind the web server, in a sandboxed unit."""

    environment: dict[Variable, OneLine] = Field({}, description="Environment variables of the program.")
    memory_max: Size | None = Field(None, description="The most memory for each instance (systemd's MemoryMax).")
    cpu_quota: Annotated[int, Field(ge=1, le=12800)] | None = Field(
        None, description="Percent of one core for each instance (systemd's CPUQuota)."
    )
    body_limit: Size = Field("32M", description="The largest body of a request.")
    timeout: Seconds = Field(60, description="Seconds that the program may take to answer.")
    probe: RequestPath = Field("/", description=PROBE)

    @property
    def ports(self) -> tuple[int, ...]:
        """The TCP ports on which it listens."""
        return ()

    def units(self, name: str) -> tuple[str, ...]:
        return tuple(unit_of(name, port) for port in self.ports)
