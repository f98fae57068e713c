"""cli.md: every command and option, from the Typer app; exit codes and the JSON document, from their classes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from typer.main import get_command

from docs.generate.document import documents
from docs.generate.markdown import block, table
from lampctl import errors
from lampctl.cli import BROKEN_PIPE, INTERRUPTED, TERMINATED
from lampctl.cli.app import app
from lampctl.errors import Exit, LampctlError
from lampctl.outcome import Health
from lampctl.playbook.kinds import code

# What each exit code means, beyond the errors that have it.
MEANINGS = {
    Exit.OK: "success: every check passes",
    Exit.FAILED: "applying failed, or a check",
    Exit.USAGE: "wrong usage, or an invalid playbook or template: no host was contacted; "
    "with `plan --exit-code`, also that there are changes",
    Exit.UNREACHABLE: "a host can't be reached",
    Exit.LOCKED: "another run holds a host's lock",
    Exit.INTERRUPTED: "Ctrl-C: the host stopped before its next step, and undid what was half made",
}
SIGNALS = [
    (str(INTERRUPTED), "", "interrupted with Ctrl-C"),
    (str(BROKEN_PIPE), "", "what read lampctl's output has gone"),
    (str(TERMINATED), "", "ended with SIGTERM, as a CI does with a job that is cancelled"),
]
NAGIOS = "With `--format nagios` on stdout, the codes are Nagios' own, the worst of the hosts:"
STATES = {
    Health.OK: "no error, and every check passes",
    Health.WARNING: "a check could not be tried; with `plan`, there are changes",
    Health.CRITICAL: "a check fails, or applying failed",
    Health.UNKNOWN: "a host can't be reached, its lock is held, wrong usage; CRITICAL of another host goes before",
}

# What lampctl looks at beside its options; a test holds that the program asks for no other of its own.
ENVIRONMENT = [
    ("LAMPCTL_BOX_HOME", "where boxes live; default: `/var/lib/lampctl-box`"),
    ("LAMPCTL_BOX_CACHE", "where the releases that boxes are made of are kept; default: `/var/cache/lampctl-box`"),
    ("SSL_CERT_FILE", "certificate authorities that this machine trusts, for the checks of HTTPS from outside"),
    ("SSH_AUTH_SOCK", "the SSH agent"),
    ("HOME", "where `~/.ssh` is"),
    ("NO_COLOR", "set to anything: no colours; in a pipe there are none anyway"),
    (
        "XDG_CACHE_HOME",
        "where options of playbooks, for completion, and fetched sources are kept, in `lampctl/`; default: `~/.cache`",
    ),
    ("GIT_SSH_COMMAND", "how git reaches a `source` by SSH, as everywhere; default: `ssh` that asks for nothing"),
    ("TERM", "what `run` and `shell` say to the host of this terminal"),
    ("COLUMNS", "how wide the terminal is taken to be"),
]

Row = tuple[str, str]
HEAD = ("argument or option", "what")


@dataclass(frozen=True)
class Section:
    """One command."""

    path: str
    help: str
    usage: str
    rows: tuple[Row, ...]  # of its arguments and options
    below: tuple[Row, ...]  # of its commands
    epilog: str


def page() -> str:
    found = list(sections(get_command(app), "lampctl"))
    shared = _shared(found)
    every = f"## Options of every command\n\n{table(HEAD, shared)}"
    parts = [
        "# Command line reference",
        *(_section(s, shared) for s in found),
        every,
        environment(),
        exit_codes(),
        documents(),
    ]
    return "\n\n".join(parts)


def sections(command: Any, name: str, parent: Any = None) -> Iterator[Section]:
    """A command, and those below it."""
    context = command.context_class(command, info_name=name, parent=parent, resilient_parsing=True)
    below = getattr(command, "commands", {})
    yield Section(
        path=" ".join([*([parent.command_path] if parent else []), name]),
        help=inspect.cleandoc(command.help or ""),
        usage=" ".join(command.collect_usage_pieces(context)),
        rows=tuple((_declared(p), _described(p, context)) for p in command.get_params(context)),
        below=tuple((code(name), inspect.cleandoc(inner.help or "")) for name, inner in below.items()),
        epilog=command.epilog or "",
    )
    for name, inner in below.items():
        yield from sections(inner, name, context)


def _shared(found: list[Section]) -> list[Row]:
    """The options that each command has, said once; groups of commands have none of their own."""
    first, *others = [section.rows for section in found if not section.below]
    return [row for row in first if all(row in rows for rows in others)]


def _section(section: Section, shared: list[Row]) -> str:
    own = [row for row in section.rows if row not in shared]
    parts = [
        f"## {section.path}",
        section.help,
        block(f"{section.path} {section.usage}"),
        table(HEAD, own) if own else "",
        table(("command", "what"), section.below) if section.below else "",
        examples(section.epilog),
    ]
    return "\n\n".join(part for part in parts if part)


def _declared(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return code(parameter.metavar or parameter.name.upper())
    names = sorted(parameter.opts, key=len)
    metavar = "" if parameter.is_flag else parameter.metavar or ""
    return ", ".join(code(f"{name} {metavar}".strip()) for name in names)


def _described(parameter: Any, context: Any) -> str:
    """Its help, which has the default and the bounds at the end."""
    record = parameter.get_help_record(context)
    return re.sub(r"  \[(.*)\]$", r" (\1)", record[1]) if record else parameter.help or ""


def examples(epilog: str) -> str:
    """`Examples: lampctl a | lampctl b` as a block of commands; any other text as it is."""
    head, colon, rest = epilog.partition(": ")
    if not (colon and head in ("Example", "Examples")):
        return epilog
    return block("\n".join(re.split(r" \| (?=lampctl )", rest)), "sh")


def environment() -> str:
    rows = [(code(name), what) for name, what in ENVIRONMENT]
    return f"## Environment variables\n\n{table(('variable', 'what'), rows)}"


def exit_codes() -> str:
    kinds = {code_: [e.__name__ for e in _errors(LampctlError) if e.exit_code is code_] for code_ in Exit}
    rows = [(str(int(c)), ", ".join(map(code, kinds[c])), MEANINGS[c]) for c in Exit]
    doc = inspect.getdoc(errors) or ""
    return "\n\n".join(
        [
            "## Exit codes",
            "With several hosts, the largest of theirs.",
            table(("code", "errors", "when"), [*rows, *SIGNALS]),
            block(doc, "text"),
            NAGIOS,
            table(("code", "state", "when"), [(str(int(h)), h.name, STATES[h]) for h in Health]),
        ]
    )


def _errors(top: type[LampctlError]) -> Iterator[type[LampctlError]]:
    yield top
    for below in top.__subclasses__():
        yield from _errors(below)
