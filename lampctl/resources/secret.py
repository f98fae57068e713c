"""Secrets that are generated on the host and stay there, in a file that only root can read.

A secret that two hosts share is generated on one and given to the other: it passes through the controller's memory, and
is in the batch's directory, as `given/NAME`, while a batch runs. So does one that is supplied.

The file has one line that matters: `env[DB_PASSWORD] = "…"`. The value is never an argument of a process: it passes
through shell builtins and pipes only. What composes a site's environment reads it (templates/unit/environment.sh.j2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.answers import rows
from lampctl.resources.base import Action, Change, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase, Retirement
from lampctl.resources.shell import quote, script, words

DIRECTORY = "/etc/lampctl/secrets"


@dataclass(frozen=True)
class Secret:
    """A password of one site, which its code gets as the environment variable `variable`: random, or a given one."""

    name: str
    layer: str
    variable: str = "DB_PASSWORD"
    given: bool = False  # generated on another host, or supplied
    origin: str = "the database's host"  # of a given one, in words
    alike: bool = False  # one value for all hosts of the site
    copies: tuple[tuple[str, str], ...] = ()  # (file, its text; & is the value) in another program's format

    @property
    def path(self) -> str:
        return f"{DIRECTORY}/{self.name}.conf"

    @property
    def key(self) -> str:
        return f"secret:{self.path}"

    @property
    def read(self) -> str:
        """Shell that prints the value."""
        return f"sed -n 's/^env\\[{self.variable}\\] = \"\\(.*\\)\"$/\\1/p' {quote(self.path)}"


@dataclass(frozen=True)
class SuppliedSecret(Secret):
    """One that whoever runs lampctl supplies, and can supply again: it leaves the host with the entry that names it.

    A secret that was made stays: what was encrypted with it could not be read again.
    """

    given: bool = True

    @property
    def key(self) -> str:
        return f"supplied-secret:{self.path}"


@dataclass(frozen=True)
class SecretState:
    """`file`: its type, owner and mode, such as `regular file root:root 600`; or what is wrong with its content."""

    file: str


_RIGHT = "regular file root:root 600"
_OTHER = "other - -"  # not the password of the database's host


def probe(secrets: Sequence[Secret]) -> str:
    """Shell that prints type, owner and mode of each file, or that it has no password; never its content."""
    calls = {
        *(("look_at_secret", s.path, s.read) for s in secrets),
        *(("compare_given", s.path, s.read, _given(s)) for s in secrets if s.given),
        *(("compare_copy", s.path, s.read, text, path) for s in secrets for path, text in s.copies),
    }
    return script("secret/copies", "secret/look") + "\n".join(
        [*map(words, sorted(calls, key=lambda call: (len(call), call))), ":"]
    )


def parse(raw: str) -> dict[str, SecretState]:
    """Path -> state."""
    return {path: SecretState(f"{kind} {owner} {mode}") for path, kind, owner, mode in rows(raw, 4)}


def compare(secret: Secret, state: SecretState | None, view: HostView) -> Change | None:  # noqa: ARG001
    if state and state.file == _RIGHT:
        return None
    if secret.given and (state is None or state.file == _OTHER):
        action = Action.UPDATE if state else Action.CREATE
        return Change(secret.key, secret.layer, action, f"the value from {secret.origin}\n")
    if state is None:
        return Change(secret.key, secret.layer, Action.CREATE, "a random password, generated on the host\n")
    return Change(secret.key, secret.layer, Action.UPDATE, f"{state.file} -> {_RIGHT}\n")


def steps(changed: Sequence[Changed[Secret]], view: HostView) -> list[Step]:  # noqa: ARG001
    return [
        Step(
            f"secret {secret.name}",
            secret.layer,
            _make(secret)
            + script("secret/copies")
            + "".join(f"{words(['write_copy', secret.read, text, path])}\n" for path, text in secret.copies),
            owns=(secret.key,) if isinstance(secret, SuppliedSecret) else (),
        )
        for secret, _ in changed
    ]


def _make(secret: Secret) -> str:
    if secret.given:
        return script(
            "secret/take", file=secret.path, variable=secret.variable, given=_given(secret), origin=secret.origin
        )
    return script("secret/make", file=secret.path, variable=secret.variable, read=secret.read)


def _given(secret: Secret) -> str:
    return f"./given/{secret.name}"


def retire(keys: Sequence[str], wanted: Sequence[Secret], view: HostView) -> Retirement:  # noqa: ARG001
    """With the previous files: if the program that reads it comes back with those, so does the secret."""
    return Retirement(deleted=tuple(key for key in keys if key.startswith("supplied-")))


SECRETS = Kind(
    "secrets",
    ("secret", "supplied-secret"),
    (Secret,),
    Phase.PREPARE,
    probe,
    parse,
    compare,
    steps,
    locate=lambda secret: secret.path,
    writes=lambda secret: (secret.path, *(path for path, _ in secret.copies)),
    claimed=(SuppliedSecret,),
    retire=retire,
)
