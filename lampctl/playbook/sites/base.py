"""The options that site types have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lampctl.playbook.consent import adopt
from lampctl.playbook.fields import (
    AbsolutePath,
    Hostname,
    RequestPath,
    Seconds,
    SiteName,
    Size,
)
from lampctl.playbook.sites.environment import WithEnvironment
from lampctl.playbook.sites.limits import LimitedSite, within
from lampctl.playbook.sites.mail import WithMail
from lampctl.playbook.sites.names import home_of, unit_of
from lampctl.playbook.sites.options import SitePhpOptions, TlsOptions, WithDatabase
from lampctl.playbook.sites.pipeline import Pipeline
from lampctl.playbook.sites.probe import PROBE, Pages, ProbeOptions
from lampctl.playbook.sites.recipe import PreparedSite
from lampctl.playbook.sites.source import Folder, Origin, Pattern, SiteSource, origin_of
from lampctl.resources.release import KEPT

TYPE = "The type of the site."


class SiteBase(PreparedSite, LimitedSite):
    """The options of every site. Subclass it for a new type, with `type: Literal["NAME"]`."""

    runs_code: ClassVar[bool] = True  # whether anything runs for it, in its own slice
    proxied: ClassVar[bool] = False  # whether programs or upstreams answer all of its paths over HTTP
    calls_itself: ClassVar[bool] = False  # whether its code requests pages of its own site, by the site's name

    type: str = Field(description=TYPE)
    aliases: list[Hostname] = Field([], description="Other names under which the site answers.")
    renamed_from: SiteName | None = Field(
        None,
        description="The former name of this site: its files, database, user and passwords move, and requests for that "
        "name are redirected.",
    )
    default: bool = Field(False, description="Answers requests for names that no site has, and for the bare IP.")
    tls: Literal["self-signed", "acme"] | TlsOptions | None = Field(
        None, description="HTTPS: `self-signed`, `acme`, or a mapping; absent: HTTP only."
    )
    probe: RequestPath | ProbeOptions | Pages = Field("/", description=PROBE)
    adopt: bool = Field(False, description=adopt("an existing /var/www/NAME and its files: PHP then owns them"))

    @property
    def pages(self) -> tuple[ProbeOptions, ...]:
        """`probe` as mappings."""
        given = self.probe if isinstance(self.probe, list) else [self.probe]
        return tuple(ProbeOptions(path=one) if isinstance(one, str) else one for one in given)

    @property
    def page(self) -> ProbeOptions:
        """The first of them, which every check requests."""
        return self.pages[0]

    @property
    def requested(self) -> tuple[str, ...]:
        """Paths that the proof requests."""
        return tuple(page.path.partition("?")[0] for page in self.pages)

    @property
    def https(self) -> TlsOptions | None:
        """`tls` as a mapping."""
        return TlsOptions(mode=self.tls) if isinstance(self.tls, str) else self.tls

    @property
    def files(self) -> Origin | None:
        """What is deployed; None where nothing is."""
        return None

    def unfit(self, modes: Mapping[str, int]) -> tuple[str, str] | None:  # noqa: ARG002
        """(what is wrong with local files of these modes by path, what to do); None if they are usable."""
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


class ReleasedSite(SiteBase):
    """A site whose files may be deployed, as releases."""

    keep: Annotated[int, Field(ge=1, le=100)] = Field(
        KEPT,
        description="How many releases stay on the host beside the one that is served and the last proved one. The one "
        "that `lampctl rollback` goes to always stays.",
    )

    @model_validator(mode="after")
    def _something_to_keep(self) -> Self:
        if "keep" in self.model_fields_set and self.files is None:
            raise ValueError("`keep` counts releases, and nothing is deployed: there is no `source`")
        return self


class SourcedSite(Pipeline, ReleasedSite):
    """A site whose files may be deployed."""

    source: SiteSource | None = Field(
        None,
        description="The site's files: a folder on this machine, beside the playbook; a commit of a git repository; or "
        "an archive. A deploy that finds them changed makes a new release, and switches to it by one link.",
    )
    exclude: list[Pattern] = Field(
        [],
        description="Files of the source that are not deployed: patterns as in .gitignore. So are those that its "
        "`.lampctlignore` names, and version control.",
    )

    @model_validator(mode="after")
    def _nothing_without_source(self) -> Self:
        if self.exclude and self.source is None:
            raise ValueError("`exclude` leaves files of a `source` out, and there is none")
        for field in ("shared", "writable", "build", "logs", "hooks"):
            if field in self.model_fields_set and self.source is None:
                raise ValueError(f"`{field}` is about releases of a `source`, and there is none")
        self.check_paths(getattr(self, "public", None) or "")
        return self

    @property
    def files(self) -> Origin | None:
        if self.source is None:
            return None
        return replace(origin_of(self.source, tuple(self.exclude)), steps=self.steps())


class RootedSite(SourcedSite):
    """A site with a document root."""

    root: AbsolutePath | None = Field(
        None, description="Document root. Default: `/var/www/NAME`, or its `current` release if there is a `source`."
    )
    public: Folder | None = Field(
        None, description="The folder of the source that is the document root. Default: the source itself."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.root and self.source:
            raise ValueError("`root` and `source` exclude each other: releases of a source lie below /var/www/NAME")
        if self.public and self.source is None:
            raise ValueError("`public` is a folder of the `source`, and there is none: use `root`")
        return self

    def root_at(self, name: str) -> str:
        if self.source is None:
            return self.root or home_of(name)
        return self.root_in(f"{home_of(name)}/current")

    def root_in(self, release: str) -> str:
        """The document root of a release at this path; for an empty path, the folder in the source."""
        return "/".join(part for part in (release, self.public) if part)

    @property
    def files(self) -> Origin | None:
        found = super().files
        return replace(found, served=self.root_in("")) if found else None

    def unfit(self, modes: Mapping[str, int]) -> tuple[str, str] | None:
        if not self.public or self.build or any(path.startswith(f"{self.public}/") for path in modes):
            return None
        tops = sorted({path.partition("/")[0] for path in modes if "/" in path})
        return (
            f"it has no files in the folder {self.public}",
            f"`public` names one of its folders: {', '.join(tops[:8])}",
        )


class PooledSite(WithMail, WithEnvironment, SiteBase):
    """A site with its own pool of PHP processes."""

    set_by_lampctl: ClassVar[frozenset[str]] = frozenset({"FPM_SOCKETS", "PHP_INI_SCAN_DIR", "TMPDIR"})

    # Its code verifies its database server by the authority in DB_TLS_CA; otherwise PHP's settings must contain it.
    verifies: ClassVar[bool] = True

    php: SitePhpOptions = Field(SitePhpOptions(), description="PHP settings of this site.")
    timeout: Seconds | None = Field(
        None, description="Seconds that a request may take. Default: 60, or `max_execution_time` if that is longer."
    )

    @property
    def extensions(self) -> tuple[str, ...]:
        """PHP extensions that it needs, whatever the playbook lists."""
        return tuple(self.php.extensions)

    def unlimited(self, path: str) -> str:
        script = getattr(self, "front_controller", None) or "index.php"
        name = path.rstrip("/").rpartition("/")[2].lower()
        if name in ("index.php", "index.html") or within(f"/{script}", path):
            return "the web server also shows this page for other paths: name those that visitors ask for"
        return ""

    @model_validator(mode="after")
    def _no_pool(self) -> Self:
        if name := next((name for name in self.environment if name.startswith("pool")), ""):
            raise ValueError(f"environment: {name}: FPM does not pass on a variable whose name begins with pool")
        return self


class SandboxedSite(WithDatabase, WithMail, WithEnvironment, SiteBase):
    """The site's own program behind the web server, in a sandboxed unit."""

    proxied: ClassVar[bool] = True

    memory_max: Size | None = Field(None, description="The most memory for each instance (systemd's MemoryMax).")
    cpu_quota: Annotated[int, Field(ge=1, le=12800)] | None = Field(
        None, description="Percent of one core for each instance (systemd's CPUQuota)."
    )
    body_limit: Size = Field("32M", description="The largest body of a request.")
    timeout: Seconds = Field(60, description="Seconds that the program may take to answer.")

    def unlimited(self, path: str) -> str:  # noqa: ARG002
        return ""

    @property
    def ports(self) -> tuple[int, ...]:
        """The TCP ports on which it listens."""
        return ()

    def units(self, name: str) -> tuple[str, ...]:
        return tuple(unit_of(name, port) for port in self.ports)
