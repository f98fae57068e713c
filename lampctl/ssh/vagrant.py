"""Machines of a Vagrant project as hosts: the output of `vagrant ssh-config`, and why it fails."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.errors import LampctlError, Unreachable, UsageError
from lampctl.ssh.options import LOCAL


@dataclass(frozen=True)
class Machines:
    """The `names` of running machines, and an ssh_config (`config`) for them."""

    names: tuple[str, ...]
    config: str


@dataclass(frozen=True)
class _Answer:
    """Vagrant's output as rows of (machine, kind, text), and its exit code."""

    rows: tuple[tuple[str, str, str], ...]
    code: int
    stderr: str

    def texts(self, kind: str) -> list[str]:
        return [text for _, found, text in self.rows if found == kind]


def machines(wanted: Sequence[str]) -> Machines:
    """The named machines of the Vagrantfile here or in the nearest parent folder; without names, all running ones.

    UsageError if Vagrant fails, Unreachable if a machine is not running.
    """
    answer = _ask("ssh-config", *wanted)
    if answer.code and _error_name(answer) == "SSHNotReady":
        answer = _ask("ssh-config", *_running(wanted))
    if answer.code:
        raise _failure(answer, wanted)
    config = "\n".join(answer.texts("ssh-config"))
    names = [line.split(None, 1)[1].strip() for line in config.splitlines() if line.startswith("Host ")]
    if LOCAL in names:
        raise UsageError(f"a machine must not be called {LOCAL}, which is this machine", "rename it in the Vagrantfile")
    return Machines(tuple(dict.fromkeys(names)), config)


def _running(wanted: Sequence[str]) -> list[str]:
    """The names of the running machines; Unreachable if a wanted one is not running, or none is."""
    states = {name: text for name, kind, text in _ask("status", *wanted).rows if kind == "state"}
    down = {name: state for name, state in states.items() if state != "running"}
    running = [name for name in states if name not in down]
    if down and (wanted or not running):
        name, state = next(iter(down.items()))
        created = state != "not_created"
        others = f" (and {len(down) - 1} more)" if len(down) > 1 else ""
        raise Unreachable(
            f"{name}: the machine {f'is {state}' if created else 'is not created'}{others}",
            f"vagrant up {name}",
            kind="vagrant-halted" if created else "vagrant-not-created",
        )
    return running


def _ask(command: str, *names: str) -> _Answer:
    argv = ["vagrant", command, "--machine-readable", "--", *names]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        raise UsageError(
            f"vagrant can't be run: {error.strerror}",
            "install it (apt-get install vagrant, or vagrantup.com), or name the host: lampctl deploy user@host:port",
            kind="vagrant-missing",
        ) from None
    out, stderr = (stream.decode(errors="replace") for stream in (done.stdout, done.stderr))
    return _Answer(tuple(_rows(out)), done.returncode, stderr)


def _rows(text: str) -> list[tuple[str, str, str]]:
    """Vagrant's machine-readable lines are `TIME,MACHINE,KIND,DATA`; a command's normal output is among them."""
    fields = (line.split(",", 3) for line in text.splitlines())
    plain = ((row[1], row[2], row[3]) for row in fields if len(row) == 4 and row[0].isdigit())
    return [(name, kind, text.replace("%!(VAGRANT_COMMA)", ",").replace("\\n", "\n")) for name, kind, text in plain]


def _error_name(answer: _Answer) -> str:
    """The last part of the name of Vagrant's error; what follows it is its message."""
    return next((text.partition(",")[0].rpartition("::")[2] for text in answer.texts("error-exit")), "")


# Vagrant's error → our kind, what is wrong, and what to do.
_ERRORS = {
    "NoEnvironmentError": (
        "vagrant-no-file",
        "there is no Vagrantfile in this folder or above it",
        "go to the project's folder; vagrant init writes a Vagrantfile",
    ),
    "MachineNotFound": (
        "vagrant-unknown-machine",
        "the Vagrantfile has no machine called {wanted}",
        "vagrant status lists them",
    ),
}
_NO_PROVIDER = (
    "vagrant-provider",
    "Vagrant can't use the provider of these machines",
    "install it, or its plugin (vagrant plugin install NAME), or name another: VAGRANT_DEFAULT_PROVIDER=NAME",
)


def _failure(answer: _Answer, wanted: Sequence[str]) -> LampctlError:
    name = _error_name(answer)
    evidence = next((text.partition(",")[2] for text in answer.texts("error-exit")), answer.stderr).strip()
    if name in _ERRORS:  # these need no evidence
        kind, message, hint = _ERRORS[name]
        return UsageError(message.format(wanted=" or ".join(wanted)), hint, kind=kind)
    unknown = ("vagrant", f"vagrant ssh-config failed ({answer.code})", "fix what the evidence names")
    kind, message, hint = _NO_PROVIDER if "Provider" in name else unknown
    return UsageError(message, hint, kind=kind, evidence=evidence)
