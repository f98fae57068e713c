"""What a person sees and types, in a real terminal of 80 × 24: the live view of a deploy, and completion."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.hosts.conftest import Host
from tests.hosts.terminal import BASH, COLUMNS, PROMPT, terminal

BAR = re.compile(r"  . linux +[0-9.]+ s  [━─]{24}  (fetching|unpacking|setting up) [0-9]+ of [0-9]+")


def deploy(host: Host, package: str, *more: str) -> str:
    return " ".join(["lampctl deploy", host.box.name, "-F", str(host.boxes.ssh_config), "--set", f"linux.packages=[{package}]", *more])  # fmt: skip


def test_live_view_shows_a_deploy(host: Host, tmp_path: Path) -> None:
    with terminal(tmp_path, rows=40) as tty:  # with room for the layers and all checks
        tty.type(deploy(host, "tree"), "Enter")
        end = tty.wait_for(lambda shown: "checks pass" in shown and shown.rstrip().endswith(PROMPT), 120)
        live = [shown for shown in tty.screens if "applying, step" in shown]
        assert any(BAR.search(shown) for shown in live), live
        assert all(shown.count("applying, step") == 1 for shown in live)  # each one replaced the previous one
        assert max(len(line) for shown in tty.screens for line in shown.splitlines()) <= COLUMNS
        assert re.search(r"  ✓ linux +[0-9.]+ s  1 of 1 step", end), end
        assert "applying" not in end
        assert tty.has_cursor()


def test_interrupt_restores_the_terminal(host: Host, tmp_path: Path) -> None:
    with terminal(tmp_path) as tty:
        tty.type(deploy(host, "hello", "--set", "linux.ignore_failed_units=[x]"), "Enter")
        tty.wait_for(lambda shown: "applying, step" in shown)
        assert not tty.has_cursor()
        tty.type("C-c")
        end = tty.wait_for(lambda shown: "stopped, as you asked" in shown and shown.rstrip().endswith(PROMPT))
        assert "applying" not in end
        assert tty.has_cursor()
        tty.type("echo $?", "Enter")
        tty.wait_for(lambda shown: "\n130\n" in shown, 10)


def test_output_ends_with_the_culprit_in_two_lines(host: Host, tmp_path: Path) -> None:
    host.sh("systemctl stop apache2")
    with terminal(tmp_path) as tty:
        tty.type(f"lampctl check {host.box.name} -F {host.boxes.ssh_config}", "Enter")
        end = tty.wait_for(lambda shown: "✗ web.service: " in shown and shown.rstrip().endswith(PROMPT))
    host.sh("systemctl start apache2")
    *_, culprit, hint, _prompt = end.rstrip().splitlines()
    assert culprit == "✗ web.service: apache2.service is inactive"
    assert hint.startswith("  → journalctl -u apache2.service")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / ".ssh").mkdir()
    (folder / ".ssh" / "config").write_text("Host warehouse\n")
    (folder / "site.yml").write_text("extends: lamp\nhosts: [shopfront]\nenvironments: {staging: {}}\n")
    return folder


START = {
    "bash": (BASH, "source <(lampctl completion bash)"),
    "zsh": ("zsh -f", "PS1='ready> '; autoload -Uz compinit; compinit -u; source <(lampctl completion zsh)"),
    "fish": ("fish --no-config", "function fish_prompt; echo 'ready> '; end; lampctl completion fish | source"),
}
TYPED = {
    "lampctl dep": "lampctl deploy",
    "lampctl deploy root@ware": "lampctl deploy root@warehouse",
    "lampctl deploy -p site.yml shopf": "lampctl deploy -p site.yml shopfront",
    "lampctl deploy -p site.yml --env st": "lampctl deploy -p site.yml --env staging",
    "lampctl deploy --set php.memory_l": "lampctl deploy --set php.memory_limit=",
    "lampctl explain php.fa": "lampctl explain php.fastcgi",
    "lampctl explain web.static@la": "lampctl explain web.static@lamp.test",
    "lampctl deploy --nonsense 'x": "lampctl deploy --nonsense 'x",
}


@pytest.mark.parametrize("shell", START)
def test_completion_works_in_a_real_shell(shell: str, project: Path) -> None:
    program, start = START[shell]
    with terminal(project, program) as tty:
        tty.wait_for(lambda shown: bool(shown.strip()))
        tty.type(f"{start}; clear", "Enter")
        tty.wait_for(lambda shown: shown.strip() == PROMPT)
        for typed, completed in TYPED.items():
            tty.type(typed, "Tab", "X")
            blank = "" if completed.endswith("=") or typed == completed else " "
            shown = tty.wait_for(lambda shown, want=f"{PROMPT} {completed}{blank}X": want in shown)  # type: ignore[misc]
            assert len(shown.strip().splitlines()) == 1, shown
            tty.type("C-u", "C-l")
            tty.wait_for(lambda shown: shown.strip() == PROMPT)
