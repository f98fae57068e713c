"""A command before it meets a host: the playbook is read, the hosts are named, the templates are tried. Then it runs.

What is wrong with any of these raises here: no host was contacted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lampctl.engine.library import Files
from lampctl.engine.offline import validate_templates
from lampctl.engine.run import run
from lampctl.engine.steadfast import Steadfast
from lampctl.engine.supplied import supplied
from lampctl.engine.work import Choices, Request
from lampctl.errors import UsageError
from lampctl.outcome import Outcomes, Reporter
from lampctl.playbook import Loaded, load, unknown
from lampctl.playbook.fleet import database_hosts
from lampctl.resources import Change
from lampctl.ssh import Connection, ConnectOptions, Target, target

Config = Path | str | None  # an ssh_config: a file, or the text of one


@dataclass(frozen=True)
class Book:
    """Which playbook; empty, with rollback: the host's own record. `settings`: `KEY=VALUE`, as with `--set`."""

    playbook: str = "lamp"
    settings: Sequence[str] = ()
    environment: str = ""


@dataclass(frozen=True)
class Job:
    """A command that is ready to run."""

    command: str  # deploy, plan, check, undo or rollback
    loaded: Loaded
    targets: Sequence[Target]
    config: Config  # the ssh_config that knows the targets
    source: Callable[[str], tuple[str, str] | None] = field(repr=False)  # of templates
    connections: Mapping[str, Target] = field(default_factory=dict)  # open ones, by host
    choices: Choices = field(default_factory=Choices)
    undone: frozenset[str] = frozenset()  # hosts that go back to an earlier state
    supplied: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # secrets, as a host's batches have them

    @property
    def hosts(self) -> list[str]:
        """All hosts that the run contacts, in the order of its outcomes."""
        return list(dict.fromkeys([*database_hosts(self.loaded), *(one.text for one in self.targets)]))

    def run(
        self,
        reporter: Reporter,
        connect: ConnectOptions,
        confirm: Callable[[str, Sequence[Change]], bool] | None = None,
    ) -> Outcomes:
        """Run the command on every host.

        Args:
            reporter: Gets events and outcomes while they come, from several threads.
            connect: How to reach the hosts; its `config` is the job's.
            confirm: Asked with the host and its changes before they are applied.

        Returns:
            The outcomes: of hosts that have databases, then of the targets, in their order.
        """
        options = replace(connect, config=self.config)
        request = Request(
            self.command, self.loaded, options, self.source, confirm, self.connections, self.choices, self.undone,
            self.supplied,
        )  # fmt: skip
        steadfast = Steadfast(reporter)
        outcomes = Outcomes(run(request, self.targets, steadfast))
        steadfast.finish(self.command, outcomes)
        return outcomes


def prepare(
    command: str,
    hosts: Sequence[str | Connection],
    book: Book,
    choices: Choices = Choices(),  # noqa: B008 -- it is frozen
    config: Config = None,
    vagrant: bool = False,
) -> Job:
    """Read the playbook and name the hosts: `hosts`, else the playbook's.

    Args:
        hosts: Names, or the caller's connections; with `vagrant`, machines of the Vagrantfile, or all that run.

    Raises:
        UsageError: No host, or options that exclude each other. Unreachable: A machine of Vagrant does not run.
        PlaybookError: It is invalid.
    """
    files = Files()
    connections = _connections(hosts)
    given = [host if isinstance(host, str) else host.original_host for host in hosts]
    loaded = _loaded(command, book, files)
    names, config = _machines(given, loaded, config) if vagrant else _named(command, given, loaded, book, config)
    validate_templates(loaded, files)
    targets = [connections.get(name) or target(name) for name in names]
    undone = frozenset(given or names if choices.undo or command == "rollback" else ())
    values = supplied(loaded, files.beside, required=command in ("deploy", "plan"))
    return Job(command, loaded, targets, config, files.template, connections, choices, undone, values)


def _loaded(command: str, book: Book, files: Files) -> Loaded:
    """The playbook; a rollback needs none."""
    if command != "rollback" or book.playbook:
        return load(book.playbook, book.settings, files, book.environment)
    if book.settings or book.environment:
        raise UsageError("--set and --env change a playbook, and none was given", "name it: -p NAME or FILE")
    return unknown()


def locate(host: str, config: Config = None, vagrant: bool = False) -> tuple[Target, Config]:
    """One host, and the ssh_config that knows it, for a command without a playbook.

    Raises:
        UsageError: -F and --vagrant exclude each other, or Vagrant has no such machine.
        Unreachable: The machine of Vagrant does not run.
    """
    if not vagrant:
        return target(host), config or _box_config([host])
    from lampctl.ssh.vagrant import machines

    _refuse_config(config)
    return target(host), machines([host]).config


def _refuse_config(config: Config) -> None:
    if config:
        raise UsageError("--vagrant and -F exclude each other", "Vagrant provides the ssh_config of its machines")


def _connections(hosts: Sequence[str | Connection]) -> dict[str, Target]:
    """The hosts that are connections, by the name that the caller gave to fabric."""
    found: dict[str, Target] = {}
    for connection in hosts:
        if isinstance(connection, str):
            continue
        name = str(connection.original_host)
        if name in found and found[name].connection is not connection:
            raise UsageError(f"two connections to {name}", "use one connection for each host: it names the outcome")
        found[name] = Target(name, name, connection=connection)
    return found


def _machines(given: Sequence[str], loaded: Loaded, config: Config) -> tuple[list[str], Config]:
    """(machines of the sites, the ssh_config that knows all of them); the database hosts' machines are added."""
    from lampctl.ssh.vagrant import machines

    _refuse_config(config)
    databases = database_hosts(loaded)
    found = machines([*given, *(host for host in databases if given and host not in given)])
    if missing := [host for host in databases if host not in found.names]:
        machines(missing)  # says why not
    return [name for name in found.names if name not in databases], found.config


def _named(command: str, given: Sequence[str], loaded: Loaded, book: Book, config: Config) -> tuple[list[str], Config]:
    """(the hosts of the sites, the ssh_config that knows them); the database hosts are added."""
    databases = database_hosts(loaded)
    names = [name for name in dict.fromkeys(given or loaded.playbook.hosts) if name not in databases]
    if databases and not names:
        raise UsageError(
            f"no host for the sites: {databases[0]} has their databases",
            f"lampctl {command} HOST, or hosts: in the playbook; {databases[0]} is deployed with them",
        )
    if not names:
        raise UsageError(
            "no host: none was given, and the playbook has none",
            f"lampctl {command} HOST, or hosts: in the playbook{_environments(loaded, book)}",
        )
    return names, config or _box_config([*names, *databases])


def _environments(loaded: Loaded, book: Book) -> str:
    """The end of a hint: an environment might name hosts."""
    if book.environment or not loaded.environments:
        return ""
    return f", or --env NAME, which is one of {', '.join(loaded.environments)}"


def _box_config(hosts: Sequence[str]) -> Path | None:
    """The ssh_config of the boxes, if one of the hosts is a box."""
    from lampctl.box import Boxes

    boxes = Boxes()
    return boxes.ssh_config if any(boxes.get(host) for host in hosts) else None
