"""Options that several commands share: each group is a dataclass, flattened into a command's parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from functools import cache, wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from lampctl import __version__
from lampctl.cli import words


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


def _version(wanted: bool) -> None:
    if wanted:
        print(f"lampctl {__version__}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
]


@dataclass(frozen=True)
class Always:
    """Options of every command."""

    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the end result.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False
    version: Version = False


@dataclass(frozen=True)
class Common(Always):
    """Options of commands that are not runs."""

    format: Annotated[
        Format, typer.Option("--format", metavar="text|json", help="text for people, json for programs.")
    ] = Format.TEXT


@dataclass(frozen=True)
class RunOptions(Always):
    """Options of runs, which have more formats."""

    format: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="FORMAT[:FILE]",
            autocompletion=words.formats,
            help="text (the default), json, junit, tap, github, prometheus, nagios or html; on stdout, or to FILE. "
            "Repeatable.",
        ),
    ] = None


_HOST: Any = typer.Argument(
    metavar="HOST", help="user@host:port, an alias of ~/.ssh/config, a box, or local.", autocompletion=words.hosts
)
Host = Annotated[str, _HOST]
Hosts = Annotated[list[str], _HOST]
HostsOrListed = Annotated[list[str] | None, _HOST]  # None: those that the playbook lists
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Replace a value of the playbook: --set php.memory_limit=256M. Repeatable.",
        autocompletion=words.settings,
    ),
]
Environment = Annotated[
    str,
    typer.Option(
        "--env",
        metavar="NAME",
        help="The playbook's environment to use: its values replace the playbook's.",
        autocompletion=words.environments,
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Book:
    """Which playbook."""

    playbook: Annotated[
        str,
        typer.Option(
            "--playbook",
            "-p",
            metavar="NAME|FILE",
            help="A built-in playbook, or a YAML file.",
            autocompletion=words.playbooks,
        ),
    ] = "lamp"
    settings: Settings = None
    environment: Environment = ""


@dataclass(frozen=True)
class Recorded(Book):
    """Which playbook, of commands that need none."""

    playbook: Annotated[
        str,
        typer.Option(
            "--playbook",
            "-p",
            metavar="NAME|FILE",
            help="Prove it by all checks of a playbook. Default: by the site's page, as the host's own record has it.",
            autocompletion=words.playbooks,
            show_default=False,
        ),
    ] = ""


@dataclass(frozen=True)
class Connect:
    """How to reach hosts."""

    key: Annotated[Path | None, typer.Option("-i", "--identity", metavar="KEY", help="Private key to use.")] = None
    config: Annotated[
        Path | None,
        typer.Option("-F", "--ssh-config", metavar="FILE", help="To use instead of ~/.ssh/config."),
    ] = None
    vagrant: Annotated[
        bool,
        typer.Option(
            "--vagrant",
            help="HOSTs are machines of the Vagrantfile here or in the nearest parent folder; without HOSTs, all "
            "that run. The playbook's hosts are ignored.",
        ),
    ] = False
    user: Annotated[str | None, typer.Option("--user", metavar="USER", help="User to log in as.")] = None
    port: Annotated[int | None, typer.Option("--port", metavar="PORT", min=1, max=65535, help="Port of sshd.")] = None
    ask_sudo_pass: Annotated[
        bool,
        typer.Option("--ask-sudo-pass", help="Ask for the sudo password once (or give it on stdin)."),
    ] = False
    accept_new_host_key: Annotated[
        bool,
        typer.Option("--accept-new-host-key", help="Trust and remember unknown host keys."),
    ] = False
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            min=1,
            metavar="SECONDS",
            help="Seconds to wait for a connection (default 10) and for apt's lock (default 300).",
        ),
    ] = None
    wait: Annotated[
        float,
        typer.Option(
            "--wait",
            min=0,
            metavar="SECONDS",
            help="Seconds to wait for a host that is still booting, or for another run on it to end.",
        ),
    ] = 0


def grouped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Replace each parameter whose type is a group of options with the group's fields."""
    hints = get_type_hints(function, include_extras=True)
    groups = {
        name: hint for name, hint in hints.items() if hint in (Always, Common, RunOptions, Book, Recorded, Connect)
    }
    own = [
        p.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, p in inspect.signature(function).parameters.items()
        if name not in groups
    ]
    parameters = own + [parameter for group in groups.values() for parameter in _parameters(group)]

    @wraps(function)
    def command(**values: Any) -> Any:
        built = {
            name: group(**{field.name: values.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        return function(**values, **built)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


@cache  # every command has the same groups, and reading their annotations takes a millisecond
def _parameters(group: type) -> tuple[inspect.Parameter, ...]:
    hints = get_type_hints(group, include_extras=True)
    return tuple(
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    )
