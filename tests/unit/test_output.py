"""Where reports go, through the real command line: several at once, files, and errors before any host is contacted."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest
from junitparser import JUnitXml

from lampctl.cli.output import outputs
from lampctl.errors import LampctlError
from lampctl.report import FORMATS
from tests.unit.forked import run
from tests.unit.runs import BROKEN

HOST = "127.0.0.1:1"  # where nothing listens
CHECK = ["check", HOST, "-F", "/dev/null"]
BAD = "extends: lamp\nphp:\n  memory_limt: 1M\n"
FILED = [word for format in FORMATS for word in ("--format", f"{format}:report.{format}")]


def test_text_goes_to_stdout_if_all_other_formats_go_to_files(tmp_path: Path) -> None:
    done = run(*CHECK, *FILED, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (3, "")
    assert {path.name for path in tmp_path.iterdir()} == {f"report.{format}" for format in FORMATS}
    assert (tmp_path / "report.text").read_text() == done.stdout
    for format in FORMATS:
        expected = (
            'lampctl_host_up{host="127.0.0.1:1"} 0' if format == "prometheus" else f"{HOST}: the connection was refused"
        )
        assert expected in (tmp_path / f"report.{format}").read_text()


def test_quiet_affects_stdout_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = outputs([f"text:{tmp_path}/report.txt"]).reporter(quiet=True, several=False)
    shown.outcome(BROKEN)
    shown.finish("check", [BROKEN])
    passed = "✓ linux.ssh"
    assert passed not in capsys.readouterr().out
    assert passed in (tmp_path / "report.txt").read_text()


def test_one_document_on_stdout_and_others_in_files(tmp_path: Path) -> None:
    done = run(*CHECK, "--format", "json", "--format", "junit:report.xml", cwd=tmp_path)
    assert json.loads(done.stdout)["hosts"][0]["error"]["kind"] == "refused"
    assert JUnitXml.fromfile(str(tmp_path / "report.xml")).errors == 1


def test_github_annotations_follow_the_text(tmp_path: Path) -> None:
    done = run(*CHECK, "--format", "github", "--format", "text", cwd=tmp_path)
    first, *_, last = done.stdout.splitlines()
    assert first.startswith(f"✗ {HOST}")
    assert last.startswith("::error title=127.0.0.1%3A1::")


@pytest.mark.parametrize("format", FORMATS)
def test_early_error_is_reported_in_every_format(format: str, tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text(BAD)
    done = run("check", "web1", "-p", "site.yml", "--format", format, "--format", f"{format}:report", cwd=tmp_path)
    assert done.returncode == (3 if format == "nagios" else 2)
    shown = done.stderr if format == "text" else done.stdout
    filed = (tmp_path / "report").read_text()
    if format == "prometheus":
        assert 'lampctl_run_success{command="check"} 0' in shown
        assert 'lampctl_run_success{command="check"} 0' in filed
    else:
        assert "memory_limt: unknown key" in shown
        assert "memory_limt: unknown key" in filed
    assert (done.stderr == "") == (format not in ("text", "github"))


def test_github_annotates_the_line_of_an_invalid_playbook(tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text(BAD)
    done = run("check", "web1", "-p", "site.yml", "--format", "github", cwd=tmp_path)
    assert done.stdout.startswith("::error file=site.yml,line=3,title=lampctl::php → memory_limt: unknown key")


def test_github_annotates_the_playbook_of_a_failed_host(tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text("# mine\nextends: lamp\n")
    done = run(*CHECK, "-p", "site.yml", "--format", "github", cwd=tmp_path)
    assert done.stdout.startswith("::error file=site.yml,line=2,title=127.0.0.1%3A1::")
    assert "file=" not in run(*CHECK, "--format", "github", cwd=tmp_path).stdout  # built-in playbooks have no file


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["junt"], "junt is not a format"),
        (["junit:"], "--format junit: names no file"),
        (["json", "tap"], "json and tap can't both be on stdout"),
        (["text", "github", "tap"], "can't both be on stdout"),
        (["junit:no/such/report.xml"], "no such directory"),
        (["junit:folder"], "folder is a directory"),
        (["junit:report", "tap:./report"], "two reports go to report"),
        ([""], "is not a format"),
    ],
)
def test_invalid_outputs_are_refused_before_any_host_is_contacted(
    given: list[str], message: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    done = run("check", "web1", *(word for spec in given for word in ("--format", spec)), cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_other_commands_accept_only_text_and_json(tmp_path: Path) -> None:
    done = run("playbook", "list", "--format", "nagios", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "'nagios' is not one of 'text', 'json'" in done.stderr


def test_report_file_is_replaced_atomically_and_keeps_its_mode(tmp_path: Path) -> None:
    report, link = tmp_path / "report.prom", tmp_path / "link"
    report.write_text("old")
    report.chmod(0o640)
    link.symlink_to(report)
    before = report.stat().st_ino
    run(*CHECK, "--format", f"prometheus:{link}", cwd=tmp_path)
    assert link.is_symlink()
    assert report.read_text().startswith("# HELP")
    assert stat.S_IMODE(report.stat().st_mode) == 0o640
    assert report.stat().st_ino != before
    assert len(list(tmp_path.iterdir())) == 2


def test_new_report_file_has_the_mode_of_the_umask(tmp_path: Path) -> None:
    """node_exporter runs as another user."""
    run(*CHECK, "--format", "prometheus:report.prom", cwd=tmp_path)
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "report.prom").stat().st_mode) == 0o666 & ~umask


def test_named_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    run(*CHECK, "--format", "tap:pipe", cwd=tmp_path)
    reader.join(10)
    assert read[0].startswith("TAP version 14")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_report_file_that_cannot_be_written_is_reported_after_the_run(tmp_path: Path) -> None:
    done = run(*CHECK, "--format", "tap:/dev/full", "--format", "junit:report.xml", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("lampctl: --format: /dev/full can't be written: No space left on device\n  → ")
    assert "the connection was refused" in done.stdout


def test_ask_is_refused_with_a_format_for_programs(tmp_path: Path) -> None:
    done = run("deploy", "web1", "--ask", "--format", "tap", cwd=tmp_path)
    assert done.returncode == 2
    assert "--ask asks a person, and --format tap is for programs" in done.stdout


def test_planted_link_in_place_of_the_temporary_file_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a shared directory, a file name that can be guessed can be taken by others first."""
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    monkeypatch.setattr(os, "getpid", lambda: 77)
    (tmp_path / ".report.json.77").symlink_to(victim)
    report = tmp_path / "report.json"
    outputs([f"json:{report}"]).reporter(quiet=False, several=False).finish("check", [BROKEN])
    assert victim.read_text() == "theirs"
    assert json.loads(report.read_text())["hosts"]


@pytest.mark.skipif(os.geteuid() != 0, reason="makes a link of another user")
def test_another_users_link_in_a_sticky_directory_is_not_followed(tmp_path: Path) -> None:
    """The kernel's fs.protected_symlinks does the same, but does not apply to a rename."""
    shared, victim = tmp_path / "shared", tmp_path / "victim"
    shared.mkdir()
    shared.chmod(0o1777)
    victim.write_text("root's")
    link = shared / "report.json"
    link.symlink_to(victim)
    os.chown(link, 65534, 65534, follow_symlinks=False)
    reporter = outputs([f"json:{link}"]).reporter(quiet=False, several=False)
    with pytest.raises(LampctlError, match="can't be written") as caught:
        reporter.finish("check", [BROKEN])
    assert (caught.value.kind, victim.read_text()) == ("output", "root's")
