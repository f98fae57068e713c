"""Secrets that are generated on the host and stay there, in a file that only root can read.

One that two hosts share is made on the first, and given to the other: it passes through the controller's memory, and
lies in the batch's directory, as `given/NAME`, while a batch runs.

The file is in the format of FPM's pool configuration, so that PHP gets the value and no second copy is
needed: `env[DB_PASSWORD] = "…"`. The value never is an argument of a process: only builtins of the shell
and pipes touch it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.answers import rows
from lampctl.resources.base import Action, Change, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.shell import quote

DIRECTORY = "/etc/lampctl/secrets"


@dataclass(frozen=True)
class Secret:
    """A random password, given to one site's PHP as the environment variable `variable`."""

    name: str
    layer: str
    variable: str = "DB_PASSWORD"
    given: bool = False  # made on another host
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
class SecretState:
    """`file`: what it is, whose, and its mode: `regular file root:root 600`; or what is wrong with its content."""

    file: str


_RIGHT = "regular file root:root 600"
_OTHER = "other - -"  # not the password that the database's host gave


def probe(secrets: Sequence[Secret]) -> str:
    """Shell that prints kind, owner and mode of each file, or that there is no password in it; never its content."""
    other = {
        f'! [ -s {_given(s)} ] || [ ! -e {quote(s.path)} ] || [ "$({s.read})" = "$(cat {_given(s)})" ]'
        f" || printf '%s\tother\t-\t-\n' {quote(s.path)}"
        for s in secrets
        if s.given
    }
    rows = {
        f'if [ ! -e {quote(s.path)} ] || [ -n "$({s.read} 2>/dev/null)" ]; then'
        f" stat -c '%n\t%F\t%U:%G\t%a' {quote(s.path)} 2>/dev/null;"
        f" else printf '%s\tfile without a password\t-\t-\n' {quote(s.path)}; fi"
        for s in secrets
    }
    stale = [
        f'[ ! -e {quote(s.path)} ] || [ "$({_text(s, text)})" = "$(cat {quote(path)} 2>/dev/null)" ]'
        f" || printf '%s\tcopy differs\t-\t-\n' {quote(s.path)}"
        for s in secrets
        for path, text in s.copies
    ]
    return "\n".join([*sorted(rows), *sorted(other), *stale]) + "\n:"


def _text(secret: Secret, text: str) -> str:
    """Shell that prints the text of a copy; the value meets pipes only."""
    return f"{secret.read} 2>/dev/null | sed {quote(f's|.*|{text}|')}"


def _copied(secret: Secret) -> str:
    return "".join(
        f"{_text(secret, text)} > {quote(path + '.new')}\nsync -d {quote(path + '.new')} 2>/dev/null || :\n"
        f"mv {quote(path + '.new')} {quote(path)}\n"
        for path, text in secret.copies
    )


def parse(raw: str) -> dict[str, SecretState]:
    return {f"secret:{path}": SecretState(f"{kind} {owner} {mode}") for path, kind, owner, mode in rows(raw, 4)}


def compare(secret: Secret, state: SecretState | None, view: HostView) -> Change | None:  # noqa: ARG001
    if state and state.file == _RIGHT:
        return None
    if secret.given and (state is None or state.file == _OTHER):
        action = Action.UPDATE if state else Action.CREATE
        return Change(secret.key, secret.layer, action, "the password that the database's host made\n")
    if state is None:
        return Change(secret.key, secret.layer, Action.CREATE, "a random password, made on the host\n")
    return Change(secret.key, secret.layer, Action.UPDATE, f"{state.file} -> {_RIGHT}\n")


def steps(changed: Sequence[Changed[Secret]], view: HostView) -> list[Step]:  # noqa: ARG001
    return [
        Step(
            f"secret {secret.name}",
            secret.layer,
            (_TAKE if secret.given else _MAKE).format(
                given=_given(secret),
                directory=quote(DIRECTORY),
                path=quote(secret.path),
                variable=secret.variable,
                read=secret.read,
            )
            + _copied(secret),
        )
        for secret, _ in changed
    ]


def _given(secret: Secret) -> str:
    return quote(f"./given/{secret.name}")


_TAKE = r"""
umask 077
mkdir -p {directory}; chmod 700 /etc/lampctl {directory}
[ -s {given} ] || {{ echo "the database's host has no password for it yet: deploy that host"; exit 1; }}
value=$(cat {given})
{{ echo "; Made by lampctl on the database's host. Only root and, through its pool, the site's PHP have it."
  printf 'env[{variable}] = "%s"\n' "$value"; }} > {path}.new
sync -d {path}.new 2>/dev/null || :
mv {path}.new {path}
chown root:root {path}; chmod 600 {path}
"""

_MAKE = r"""
umask 077
mkdir -p {directory}; chmod 700 /etc/lampctl {directory}
[ -n "$({read} 2>/dev/null || :)" ] || {{
    value=$(head -c 256 /dev/urandom | base64 -w0 | tr -dc A-Za-z0-9 | head -c 32)
    [ "${{#value}}" -eq 32 ]
    {{ echo "; Made by lampctl on this host. Only root and, through its pool, the site's PHP have it."
      printf 'env[{variable}] = "%s"\n' "$value"; }} > {path}.new
    sync -d {path}.new 2>/dev/null || :
    mv {path}.new {path}
}}
chown root:root {path}; chmod 600 {path}
"""

SECRETS = Kind(
    "secrets",
    ("secret",),
    (Secret,),
    Phase.PREPARE,
    probe,
    parse,
    compare,
    steps,
    writes=lambda secret: (secret.path,),
)
