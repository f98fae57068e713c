"""What types of sites have in common."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lampctl.playbook.fields import AbsolutePath, Hostname, OneLine, Options, RequestPath, Seconds, Size, Variable
from lampctl.playbook.sites.options import TlsOptions

TYPE = "What kind of site this is."
PROBE = "The path that is asked for when the site is proved; any answer below 500 will do."


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


class PooledSite(SiteBase):
    """A site with a pool of PHP processes of its own."""

    # Its code verifies the server of its database, by the authority that DB_TLS_CA names; else PHP has to know it.
    verifies: ClassVar[bool] = True

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
