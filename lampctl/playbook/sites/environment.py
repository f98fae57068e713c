"""The environment of a site's code: plain values, secrets, and values composed of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from lampctl.playbook.fields import OneLine, Options, Variable

# What the database of a site gives.
DATABASE = ("DB_HOST", "DB_PORT", "DB_SOCKET", "DB_NAME", "DB_USER", "DB_PASSWORD", "DATABASE_URL")
DATABASE_URL = "mysql://${DB_USER}:${DB_PASSWORD}@${DB_HOST}:${DB_PORT}/${DB_NAME}"
_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
# systemd's own.
_TAKEN = frozenset({"CREDENTIALS_DIRECTORY", "LISTEN_FDNAMES", "LISTEN_FDS", "LISTEN_PID", "MAINPID", "NOTIFY_SOCKET"})


class Supplied(Options):
    """A secret that whoever runs lampctl supplies. It is read once in a run, and shown by name only."""

    env: Variable | None = Field(None, description="The environment variable of lampctl that has it.")
    file: OneLine | None = Field(None, description="A file on this machine, beside the playbook, that has it.")
    command: OneLine | None = Field(
        None, description="A command on this machine, such as a password manager's, that prints it; without a shell."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len([value for value in (self.env, self.file, self.command) if value]) != 1:
            raise ValueError("must be one of `env`, `file` and `command`")
        return self

    @property
    def shown(self) -> str:
        """Where it comes from, in words."""
        if self.env:
            return f"the environment variable {self.env}"
        return f"the file {self.file}" if self.file else f"the command {str(self.command).split(' ')[0]}"


class VariableOptions(Options):
    """One variable: a text, or a secret."""

    value: OneLine | None = Field(None, description="Its text.")
    secret: Literal["generate"] | Supplied | None = Field(
        None,
        description="`generate`: 32 letters and digits, made once on the host, the same on all hosts of the site; or "
        "where this machine has it. On the host, only root can read it.",
    )
    build: bool = Field(True, description="Whether builds have it as well.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.value is None) == (self.secret is None):
            raise ValueError("must have either a `value` or a `secret`")
        return self


class WithEnvironment(Options):
    """A site whose code has an environment: requests, programs, and whatever else runs for it."""

    set_by_lampctl: ClassVar[frozenset[str]] = frozenset()  # names that are not the playbook's to set

    environment: dict[Variable, OneLine | VariableOptions] = Field(
        {},
        description="Environment variables of the site's code: a text, or a mapping. `${NAME}` in a text is another "
        "entry's value, or one that the database gives: DB_HOST, DB_PORT, DB_SOCKET, DB_NAME, DB_USER, DB_PASSWORD, "
        "DATABASE_URL. `$${` is a plain `${`.",
    )

    @property
    def variables(self) -> dict[str, VariableOptions]:
        """`environment`, each as a mapping."""
        return {
            name: VariableOptions(value=entry) if isinstance(entry, str) else entry
            for name, entry in self.environment.items()
        }

    def own_variables(self, name: str) -> dict[str, str]:  # noqa: ARG002
        """What lampctl itself adds for the site `name`."""
        return {}

    def own_secrets(self, name: str) -> dict[str, str]:  # noqa: ARG002
        """Variable → the name of the secret that lampctl itself adds for the site `name`."""
        return {}

    @model_validator(mode="after")
    def _can_be_composed(self) -> Self:
        for name in self.environment:
            if name in _TAKEN or name in self.set_by_lampctl:
                raise ValueError(f"environment: {name} is set by lampctl or systemd itself")
        texts = {name: entry.value for name, entry in self.variables.items() if entry.value is not None}
        given = {*self.environment, *(DATABASE if getattr(self, "database", False) else ())}
        for name, text in texts.items():
            for other in references(text):
                if other not in given:
                    raise ValueError(f"environment: {name}: ${{{other}}} is {_unknown(other, given)}")
        in_order({"DATABASE_URL": DATABASE_URL, **texts})
        return self


def _unknown(name: str, given: Iterable[str]) -> str:
    if name in DATABASE:
        return "what a database gives, and the site has none: `database: true`"
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return "no name of a variable; a plain ${ is written $${"
    return f"neither another entry nor given by the database; there is {', '.join(sorted(given))}"


def references(text: str) -> list[str]:
    """The names in `${NAME}`."""
    return [piece for piece, is_name in pieces(text) if is_name]


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """A text in parts: (a name in `${NAME}`, True) or (literal text, False)."""
    end = 0
    for found in _REFERENCE.finditer(text):
        yield text[end : found.start()], False
        yield ("${", False) if found[0] == "$${" else (found[1], True)
        end = found.end()
    yield text[end:], False


def in_order(texts: Mapping[str, str]) -> list[str]:
    """The names, each after those that its text refers to. ValueError if a text contains itself."""
    graph = {name: [other for other in references(text) if other in texts] for name, text in texts.items()}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise ValueError(f"environment: {' → '.join(reversed(error.args[1]))} is a circle") from None
