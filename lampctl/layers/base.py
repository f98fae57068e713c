"""The input of a layer, and what it declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

from lampctl.checks import Check
from lampctl.facts import Facts
from lampctl.platforms import MysqlNames, Platform, WebNames
from lampctl.playbook import Client, Loaded, Others, Playbook
from lampctl.playbook.fields import Options
from lampctl.resources import File, Resource, SharedService, Source, select
from lampctl.resources.shell import quote, script

O = TypeVar("O", bound=Options)  # noqa: E741 -- options


@dataclass(frozen=True)
class Context:
    """One playbook on one host."""

    playbook: Playbook
    name: str  # of the playbook
    platform: Platform
    facts: Facts
    sources: Mapping[str, Source] = field(default_factory=dict)  # site → its files on the controller
    clients: tuple[Client, ...] = ()  # sites on other hosts whose databases are here
    authorities: Mapping[str, str] = field(default_factory=dict)  # site → the CA of its database's host, in PEM
    others: Others = field(default_factory=Others)  # of its group of hosts

    @classmethod
    def from_loaded(cls, loaded: Loaded, platform: Platform, facts: Facts) -> Self:
        sources = {name: _for_runtime(loaded.playbook, platform, name, found) for name, found in loaded.sources.items()}
        given = (loaded.clients, loaded.authorities, loaded.others)
        return cls(loaded.playbook, loaded.name, platform, facts, sources, *given)

    def options(self, kind: type[O]) -> O | None:
        """The playbook's options of the layer with this model; None if it has none."""
        return next((value for _, value in self.playbook if isinstance(value, kind)), None)

    @property
    def web(self) -> WebNames:
        """The names of the playbook's web server."""
        assert self.playbook.web is not None
        return self.platform.web[self.playbook.web.server]

    @property
    def mysql(self) -> MysqlNames | None:
        """The names of the playbook's database server, whose `client` is root's; None if it is not packaged."""
        assert self.playbook.mysql is not None
        names, admin = self.platform.mysql.get(self.playbook.mysql.engine), self.playbook.mysql.admin
        if names is None:
            return None
        if admin is None:
            return replace(names, client=f"{names.client} --user=root")
        login = script("database/admin", secret=admin.secret, account=admin.user or "")
        return replace(names, client=f"sh -c {quote(login)} admin {names.client}")

    @property
    def front(self) -> WebNames | None:
        """The names of the server in front of it, if there is one."""
        assert self.playbook.web is not None
        return self.platform.web[self.playbook.web.front] if self.playbook.web.front else None


def _for_runtime(playbook: Playbook, platform: Platform, site: str, source: Source) -> Source:
    """What is built with another runtime is another release. The distribution stands for its Node and Python."""
    if not getattr(playbook.sites[site], "build", None):
        return source
    php = playbook.php_version(site) or platform.php.version if site in playbook.php_sites else ""
    return source.made_with(f"{platform.title} {php}")


@dataclass(frozen=True)
class Validator:
    """A server's own configuration test; it runs on the staged files before they replace anything."""

    layer: str
    command: str
    watch: str  # it runs only if this path, or something below it, changes


@dataclass(frozen=True)
class Problem:
    """A reason not to apply, found before anything is changed. If the playbook accepts it, the plan only says so."""

    kind: str
    message: str
    hint: str
    evidence: str = ""
    accepted: bool = False


@dataclass(frozen=True)
class Preflight:
    """A probe of the host; `judge` finds problems in its output, for a run that changes the given resource keys."""

    id: str
    script: str
    judge: Callable[[str, Facts, frozenset[str]], list[Problem]]


@dataclass(frozen=True)
class ProbeFile:
    """A file that exists in the directory `root` while the checks run, named lampctl-probe-TOKEN + suffix.

    It belongs to root and this group; or the user `tenant`, who owns the directory, creates it.
    """

    root: str
    suffix: str
    template: str
    values: Mapping[str, object] = field(hash=False)
    mode: int = 0o644
    group: str = "root"
    tenant: str = ""


@dataclass(frozen=True)
class Desired:
    """What layers declare, as data; the engine does the rest."""

    resources: tuple[Resource, ...] = ()
    checks: tuple[Check, ...] = ()
    validators: tuple[Validator, ...] = ()
    preflights: tuple[Preflight, ...] = ()
    probe_files: tuple[ProbeFile, ...] = ()
    shared: tuple[SharedService, ...] = ()
    notes: tuple[str, ...] = ()  # what a plan says besides its changes
    reminders: tuple[str, ...] = ()  # what it says even if nothing changes

    @property
    def files(self) -> list[File]:
        """The files to render."""
        return select(self.resources, File)

    def __add__(self, other: Desired) -> Desired:
        return Desired(
            self.resources + other.resources,
            self.checks + other.checks,
            self.validators + other.validators,
            self.preflights + other.preflights,
            self.probe_files + other.probe_files,
            self.shared + other.shared,
            self.notes + other.notes,
            self.reminders + other.reminders,
        )


@dataclass(frozen=True)
class Layer:
    """A layer, as it is registered; everything else is derived from this.

    Attributes:
        name: Its key in playbooks, and the first part of its checks' ids.
        desired: Builds the layer's resources and checks for one playbook on one host.
        options: The model of its options, at the top level of a playbook under its name; None if it has none.
        path: The dotted path of its options, if it differs from its name.
        title: Its description, if it has no options that give one.
        before: The layer that an extension's layer is placed before; the built-in layers are in order.
        behind_web: Like `desired`, for what can be checked only after the web server.
    """

    name: str
    desired: Callable[[Context], Desired]
    options: type[Options] | None = None
    path: str = ""
    title: str = ""
    before: str = "web"
    behind_web: Callable[[Context], Desired] | None = None
