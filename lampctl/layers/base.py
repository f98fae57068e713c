"""What a layer is given, and what it declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self, TypeVar

from lampctl.checks import Check
from lampctl.facts import Facts
from lampctl.platforms import MysqlNames, Platform, WebNames
from lampctl.playbook import Client, Loaded, Playbook
from lampctl.playbook.fields import Options
from lampctl.resources import File, Resource, SharedService, Source, select

O = TypeVar("O", bound=Options)  # noqa: E741 -- options


@dataclass(frozen=True)
class Context:
    """One playbook on one host."""

    playbook: Playbook
    name: str  # the playbook's
    platform: Platform
    facts: Facts
    sources: Mapping[str, Source] = field(default_factory=dict)  # site → its files of the controller
    clients: tuple[Client, ...] = ()  # sites of other hosts whose databases are here
    authorities: Mapping[str, str] = field(default_factory=dict)  # site → the one of its database's host, in PEM

    @classmethod
    def of(cls, loaded: Loaded, platform: Platform, facts: Facts) -> Self:
        return cls(loaded.playbook, loaded.name, platform, facts, loaded.sources, loaded.clients, loaded.authorities)

    def options(self, kind: type[O]) -> O | None:
        """The options of the layer that has this model; None where the playbook does not want it."""
        return next((value for _, value in self.playbook if isinstance(value, kind)), None)

    @property
    def web(self) -> WebNames:
        """The names of the web server that the playbook asks for."""
        assert self.playbook.web is not None
        return self.platform.web[self.playbook.web.server]

    @property
    def mysql(self) -> MysqlNames | None:
        """The names of the database server that the playbook asks for; None where this platform does not have it."""
        assert self.playbook.mysql is not None
        return self.platform.mysql.get(self.playbook.mysql.engine)

    @property
    def front(self) -> WebNames | None:
        """The names of the server before it, if there is one."""
        assert self.playbook.web is not None
        return self.platform.web[self.playbook.web.front] if self.playbook.web.front else None


@dataclass(frozen=True)
class Validator:
    """A server's own test of its configuration; run on the staged files before they replace anything."""

    layer: str
    command: str
    watch: str  # only where this path, or something below it, changes


@dataclass(frozen=True)
class Problem:
    """What would go wrong, found before anything is touched."""

    kind: str
    message: str
    hint: str
    evidence: str = ""


@dataclass(frozen=True)
class Preflight:
    """A question to the host, and what its answer means for a run that changes these resource keys."""

    id: str
    script: str
    judge: Callable[[str, Facts, frozenset[str]], list[Problem]]


@dataclass(frozen=True)
class ProbeFile:
    """A file that exists in the directory `root` while the checks run, named lampctl-probe-TOKEN + suffix.

    It is root's, with this group; or it is made by the user `tenant`, whose directory it is then.
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
    """What layers declare, all of it data; the engine does the rest."""

    resources: tuple[Resource, ...] = ()
    checks: tuple[Check, ...] = ()
    validators: tuple[Validator, ...] = ()
    preflights: tuple[Preflight, ...] = ()
    probe_files: tuple[ProbeFile, ...] = ()
    shared: tuple[SharedService, ...] = ()

    @property
    def files(self) -> list[File]:
        """The files that have to be rendered."""
        return select(self.resources, File)

    def __add__(self, other: Desired) -> Desired:
        return Desired(
            self.resources + other.resources,
            self.checks + other.checks,
            self.validators + other.validators,
            self.preflights + other.preflights,
            self.probe_files + other.probe_files,
            self.shared + other.shared,
        )


@dataclass(frozen=True)
class Layer:
    """A layer: the one registration that everything else is derived from.

    Attributes:
        name: Its key in playbooks, and the first part of its checks' ids.
        desired: What the playbook wants of it.
        options: What a playbook may say of it, at the top level under its name; None where it has no key of its own.
        path: The dotted path of its options, where it is not its name.
        title: What it is, where no options say so.
        before: The layer that it comes before, if it is an extension's; the built-in ones are in order.
        behind_web: What can be proved only when the web server runs.
    """

    name: str
    desired: Callable[[Context], Desired]
    options: type[Options] | None = None
    path: str = ""
    title: str = ""
    before: str = "web"
    behind_web: Callable[[Context], Desired] | None = None
