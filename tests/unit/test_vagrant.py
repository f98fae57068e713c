"""Vagrant's answers, from a fast stand-in; tests/hosts/test_vagrant.py runs the real program."""

from __future__ import annotations

from pathlib import Path

import paramiko
import pytest

from lampctl.errors import LampctlError
from lampctl.ssh.vagrant import machines

NOT_READY = "1,,error-exit,Vagrant::Errors::SSHNotReady,The provider is not yet ready%!(VAGRANT_COMMA) it says"
WEB = r'1,,ssh-config,Host web\n  HostName 10.0.3.13\n  Port 22\n  IdentityFile "/a%!(VAGRANT_COMMA) b/key"\n'
BOTH = rf"{WEB}\n1,,ssh-config,Host db\n  HostName 10.0.3.14\n".replace("\\n1,,", "\n1,,")


@pytest.fixture
def vagrant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Answers by arguments; any other arguments fail as for a machine that does not run."""
    answers: dict[str, str] = {}
    program = tmp_path / "vagrant"

    def write() -> None:
        cases = "".join(f"'{words}') cat <<'END'\n{text}\nEND\n;;\n" for words, text in answers.items())
        program.write_text(f"#!/bin/sh\ncase \"$*\" in\n{cases}*) echo '{NOT_READY}'; exit 1;;\nesac\n")
        program.chmod(0o755)

    class Answers(dict[str, str]):
        def __setitem__(self, words: str, text: str) -> None:
            answers[words] = text
            write()

    write()
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return Answers()


def test_one_command_queries_all_running_machines(vagrant: dict[str, str]) -> None:
    vagrant["ssh-config --machine-readable --"] = BOTH
    found = machines([])
    assert found.names == ("web", "db")
    read = paramiko.SSHConfig.from_text(found.config)
    assert list(read.lookup("web")["identityfile"]) == ["/a, b/key"]
    assert read.lookup("db")["hostname"] == "10.0.3.14"


def test_halted_machines_are_skipped_unless_named(vagrant: dict[str, str]) -> None:
    vagrant["status --machine-readable --"] = "1,web,state,running\n1,db,state,poweroff"
    vagrant["status --machine-readable -- web db"] = "1,web,state,running\n1,db,state,poweroff"
    vagrant["ssh-config --machine-readable -- web"] = WEB
    assert machines([]).names == ("web",)
    with pytest.raises(LampctlError, match="db: the machine is poweroff") as error:
        machines(["web", "db"])
    assert (error.value.kind, error.value.exit_code) == ("vagrant-halted", 3)
    assert error.value.hint == "vagrant up db"


def test_machine_named_local_is_refused(vagrant: dict[str, str]) -> None:
    """To lampctl, `local` is this machine: the deploy would run here, not in the Vagrant machine."""
    vagrant["ssh-config --machine-readable -- local"] = WEB.replace("web", "local")
    with pytest.raises(LampctlError, match="must not be called local"):
        machines(["local"])
