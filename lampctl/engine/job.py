"""A command before it meets a host: the playbook is read, the hosts are named, the templates are tried. Then it runs.

What is wrong with any of these raises here: no host was contacted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lampctl.engine.library import Files
from lampctl.engine.offline import validate_templates
from lampctl.engine.run import Request, run
from lampctl.errors import UsageError
from lampctl.outcome import Outcomes, Reporter
from lampctl.playbook import Loaded, load
from lampctl.playbook.fleet import database_hosts
from lampctl.resources import Change
from lampctl.ssh import Connection, ConnectOptions, Target, target

Config = Path | str | None  # an ssh_config: a file, or the text of one


@dataclass(frozen=True)
class Book:
    """Which playbook. `settings` are `KEY=VALUE`, as with `--set`."""

    playbook: str = "lamp"
    settings: Sequence[str] = ()
    environment: str = ""


@dataclass(frozen=True)
class Job:
    """A command that is ready to run."""

    command: str  # deploy, plan or check
    loaded: Loaded
    targets: Sequence[Target]
    config: Config  # the ssh_config that knows the targets
    source: Callable[[str], tuple[str, str] | None] = field(repr=False)  # of templates
    connections: Mapping[str, Target] = field(default_factory=dict)  # open ones, by host

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
        request = Request(self.command, self.loaded, options, self.source, confirm, self.connections)
        outcomes = Outcomes(run(request, self.targets, reporter))
        reporter.finish(self.command, outcomes)
        return outcomes


def prepare(
    command: str, hosts: Sequence[str | Connection], book: Book, config: Config = None, vagrant: bool = False
) -> Job:
    """Read the playbook and name the hosts: `hosts`, else the playbook's.

    Args:
        command: deploy, plan or check.
        hosts: Names, or connections of the caller.
        config: An ssh_config instead of ~/.ssh/config.
        vagrant: `hosts` are machines of the Vagrantfile; without any, all that run.

    Raises:
        UsageError: No host, or what was asked excludes itself; PlaybookError where the playbook is invalid.
        Unreachable: A machine of Vagrant does not run.
    """
    files = Files()
    connections = _connections(hosts)
    given = [host if isinstance(host, str) else host.original_host for host in hosts]
    loaded = load(book.playbook, book.settings, files, book.environment)
    if vagrant:
        names, config = _machines(given, loaded, config)
    else:
        names = _named(command, given, loaded, book)
        config = config or _box_config([*names, *database_hosts(loaded)])
    targets = [connections.get(name) or target(name) for name in names]
    validate_templates(loaded, files)
    return Job(command, loaded, targets, config, files.template, connections)


def _connections(hosts: Sequence[str | Connection]) -> dict[str, Target]:
    """The hosts that are connections, by the name that the caller gave to fabric."""
    found: dict[str, Target] = {}
    for connection in hosts:
        if isinstance(connection, str):
            continue
        name = str(connection.original_host)
        if name in found and found[name].connection is not connection:
            raise UsageError(f"two connections to {name}", "outcomes are told apart by the host's name: run them apart")
        found[name] = Target(name, name, connection=connection)
    return found


def _machines(given: Sequence[str], loaded: Loaded, config: Config) -> tuple[list[str], Config]:
    """(machines of the sites, the ssh_config that knows all of them); machines of databases come along."""
    from lampctl.ssh.vagrant import machines

    if config:
        raise UsageError("--vagrant and -F exclude each other", "Vagrant says by itself how to reach its machines")
    databases = database_hosts(loaded)
    found = machines([*given, *(host for host in databases if given and host not in given)])
    if missing := [host for host in databases if host not in found.names]:
        machines(missing)  # says why not
    return [name for name in found.names if name not in databases], found.config


def _named(command: str, given: Sequence[str], loaded: Loaded, book: Book) -> list[str]:
    """The hosts of the sites; hosts of databases come along."""
    databases = database_hosts(loaded)
    names = [name for name in dict.fromkeys(given or loaded.playbook.hosts) if name not in databases]
    if databases and not names:
        raise UsageError(
            f"no host for the sites: {databases[0]} has their databases",
            f"lampctl {command} HOST, or hosts: in the playbook; {databases[0]} comes along",
        )
    if not names:
        raise UsageError(
            "no host: none was named, and the playbook has none",
            f"lampctl {command} HOST, or hosts: in the playbook{_environments(loaded, book)}",
        )
    return names


def _environments(loaded: Loaded, book: Book) -> str:
    """The rest of a hint: an environment may name hosts."""
    if book.environment or not loaded.environments:
        return ""
    return f", or --env NAME, which is one of {', '.join(loaded.environments)}"


def _box_config(hosts: Sequence[str]) -> Path | None:
    """Boxes are known by their names, without a line in ~/.ssh/config."""
    from lampctl.box import Boxes

    boxes = Boxes()
    return boxes.ssh_config if any(boxes.get(host) for host in hosts) else None
