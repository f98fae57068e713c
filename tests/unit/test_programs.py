"""Sites that are programs: what is refused, what is rendered, and how one goes; no host."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import zipfile
from pathlib import Path

import pytest

from lampctl import planning
from lampctl.checks import Evidence, Status
from lampctl.engine import script
from lampctl.engine.library import Files
from lampctl.engine.sources import read, read_war
from lampctl.errors import PlaybookError, UsageError
from lampctl.facts import nominal
from lampctl.layers import Context, Desired, desired, http
from lampctl.layers.ports import strangers
from lampctl.layers.sites.upstreams import Member, judge_each
from lampctl.observation import Observation
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.quoting import systemd
from lampctl.rendering import Renderer
from lampctl.resources import Action, File, Service, release, select
from lampctl.resources.entry import Entry
from lampctl.resources.file import compare
from lampctl.resources.kind import HostView, States

FACTS = nominal("debian-13")


def wanted(folder: Path, sites: str) -> tuple[Desired, dict[str, str]]:
    """Desired, and the rendered files by path."""
    path = folder / "site.yml"
    path.write_text(f"web: {{server: nginx}}\nsites:\n  a.test: {sites}\n")
    files = Files(folder)
    found = desired(Context.of(load(str(path), (), files), PLATFORMS["debian-13"], FACTS))
    renderer = Renderer(files.template, "site")
    return found, {file.path: renderer.text(file) for file in found.files}


WRONG = {
    "a port of their own": ("{type: process, command: x, port: 8000, environment: {PORT: '1'}}", "PORT is set by lampctl"),
    "more rights by a prefix": ("{type: process, command: +x, port: 8000}", "'+x' is not a valid command"),
    "the next directive": ("{type: process, command: 'x \\', port: 8000}", "is not a valid command"),
    "no such port": ("{type: process, command: x, port: 65535, instances: 2}", "go beyond 65535"),
    "two schemes": ("{type: proxy, upstreams: ['http://x', 'https://y']}", "all http:// or all https://"),
    "one upstream twice": ("{type: proxy, upstreams: ['http://x', {url: 'http://x', weight: 2}]}", "is there twice"),
    "a path below it": ("{type: proxy, upstreams: ['http://x/y']}", "is not a valid upstream"),
    "a WAR that is not there": ("{type: servlet, war: app.war, port: 8000}", "there is no such file"),
    "a WAR that is no zip": ("{type: servlet, war: site.yml, port: 8000}", "site.yml: is no WAR"),
    "a line break in a probe": ("{type: process, command: x, port: 8000, probe: \"/ HTTP/1.1\\r\\nX: y\"}", "is not a valid request path"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_invalid_options_are_refused_with_their_line(tmp_path: Path, case: str) -> None:
    sites, said = WRONG[case]
    with pytest.raises(PlaybookError) as caught:
        wanted(tmp_path, sites)
    assert said in caught.value.message
    assert "site.yml:3" in caught.value.message


def test_war_is_the_folder_that_it_was_made_of(tmp_path: Path) -> None:
    (tmp_path / "app/WEB-INF").mkdir(parents=True)
    (tmp_path / "app/WEB-INF/web.xml").write_text("<web-app/>")
    with zipfile.ZipFile(tmp_path / "app.war", "w") as war:
        war.write(tmp_path / "app/WEB-INF/web.xml", "WEB-INF/web.xml")
    assert read_war(tmp_path / "app.war") == read(tmp_path / "app", "") == read_war(tmp_path / "app")


@pytest.mark.parametrize(("length", "said"), [(300, "300 bytes"), (4000, "3 KiB")])
def test_plan_says_how_much_a_release_holds(tmp_path: Path, length: int, said: str) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/page.html").write_bytes(b"x" * length)
    change = release.compare(release.Release("/var/www/a.test", "site", read(tmp_path / "app", "")), None, HostView())
    assert change
    assert change.diff == f"{said} of files from this machine\n"


def test_war_stays_inside_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "app.war"
    with zipfile.ZipFile(path, "w") as war:
        war.writestr("../x", "")
    with pytest.raises(UsageError, match="leads out of it"):
        read_war(path)
    with zipfile.ZipFile(path, "w") as war:
        war.writestr("index.jsp", "It works" * 9)
    path.write_bytes(path.read_bytes().replace(b"It works", b"It burns", 1))
    with pytest.raises(UsageError, match="a damaged one"):
        read_war(path)


@pytest.mark.parametrize(
    ("command", "started"),
    [
        ("./serve -v", "/var/www/a.test/current/serve -v"),
        ("bin/serve", "/var/www/a.test/current/bin/serve"),
        ("node x/y.js", "node x/y.js"),
        ("/usr/bin/env x", "/usr/bin/env x"),
    ],
)
def test_command_is_in_the_source_or_on_the_system(tmp_path: Path, command: str, started: str) -> None:
    (tmp_path / "app").mkdir()
    _, texts = wanted(tmp_path, f"{{type: process, source: app, command: {command}, port: 8000}}")
    assert f"\nExecStart={started}\n" in texts["/etc/systemd/system/lampctl-a.test@.service"]


def test_environment_is_quoted_and_shown_nowhere(tmp_path: Path) -> None:
    assert systemd('a "b" $c \\ `d`') == r'"a \"b\" \$c \\ \`d\`"'
    found, texts = wanted(tmp_path, "{type: process, command: x, port: 8000, environment: {KEY: hunter2}}")
    path = "/etc/lampctl/environment/a.test"
    file = next(file for file in select(found.resources, File) if file.path == path)
    assert 'KEY="hunter2"' in texts[path]
    assert file.mode == 0o600
    view = HostView(contents={file.key: texts[path]})
    for entry in (None, Entry("file", 0o600, "root:root", b"# Managed by lampctl\nKEY=older\n")):
        change = compare(file, entry, view)
        assert change is not None
        assert "hunter2" not in str(change)
        assert "older" not in str(change)


def test_web_server_starts_after_the_programs(tmp_path: Path) -> None:
    found, _ = wanted(tmp_path, "{type: process, command: x, port: 8000, instances: 2}")
    running = [service.unit for service in select(found.resources, Service)]
    assert running == ["lampctl-a.test@8000.service", "lampctl-a.test@8001.service", "nginx.service"]


def test_unit_that_is_no_longer_wanted_is_stopped_and_forgotten(tmp_path: Path) -> None:
    """Fewer instances take no file away; and yet it is a generation, which an undo can put back."""
    found, _ = wanted(tmp_path, "{type: process, command: x, port: 8000}")
    gone = "service:lampctl-a.test@8001.service"
    plan = planning.make("site", found, Observation(FACTS, owners={"site": frozenset({gone})}), texts_of(found), 1)
    stage = plan.stages[-1]
    assert [(change.resource, change.action) for change in stage.changes] == [(gone, Action.STOP)]
    assert f"{gone} > gone\nsh ./disown.sh gone" in script.steps_of(stage)[0].script
    assert stage.generation is not None
    batch = script.batch(plan, stage, "", script.steps_of(stage), {})
    assert batch.files["stopped"] == f"{gone}\n".encode(), "an undo records it again"
    assert b"UNIT=lampctl-a.test@8001.service\n" in batch.files["undo/000"]
    assert b"\nVERB=start\n" in batch.files["undo/000"], "and starts it"


def texts_of(found: Desired) -> dict[str, str]:
    return {file.key: "" for file in found.files}


def test_port_that_somebody_has_is_refused_if_something_changes(tmp_path: Path) -> None:
    found, _ = wanted(tmp_path, "{type: process, command: x, port: 8000}")
    preflight = next(p for p in found.preflights if p.id == "site.port@a.test")
    problem = preflight.judge("8000 17 nc\n", FACTS, frozenset({"file:/x"}))[0]
    assert problem.message == "port 8000, which a.test is to have, is taken by nc (pid 17)"
    assert preflight.judge("8000 17 nc\n", FACTS, frozenset()) == []
    assert preflight.judge("\n", FACTS, frozenset({"file:/x"})) == []


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("==part\nHTTP/1.1 200 OK\n\nx\n==part\nHTTP/1.0 404 Not Found\n\n", "200, 404 from 2 of 2"),
        (
            "==part\nHTTP/1.1 200 OK\n\n==part\nConnection refused\n",
            "1 of 2 do not answer; http://b:81: no HTTP answer",
        ),
        ("==part\nHTTP/1.1 500 Oops\n\n==part\n\n", "2 of 2 do not answer; http://a: 500"),
        ("", "not all of them could be tried"),
    ],
)
def test_each_upstream_is_judged(raw: str, said: str) -> None:
    from lampctl.checks import Evidence

    group = (Member("http://a"), Member("http://b:81"))
    assert judge_each(group, "", Evidence(raw, FACTS, States())).actual == said


def test_addresses_of_upstreams() -> None:
    given = ["http://a.test", "https://a.test", "http://[::1]:8000", "http://10.0.0.1:81"]
    assert [Member(url).address for url in given] == ["a.test:80", "a.test:443", "[::1]:8000", "10.0.0.1:81"]


def test_upstream_without_an_answer_fails() -> None:
    """Its part of the output is empty, and may be the last."""
    assert http.parts("==part\nHTTP/1.1 200 OK\n\n==part") == ["HTTP/1.1 200 OK", ""]


def test_port_that_another_user_holds_is_not_the_sites_though_it_answers(tmp_path: Path) -> None:
    found, _ = wanted(tmp_path, "{type: process, command: x, port: 8000}")
    port = next(check for check in found.checks if check.id == "site.port@a.test")
    answer = "==part\nHTTP/1.1 200 OK\n\nhello\n"
    held = "127.0.0.1:8000 is held by site-evil-test (php-fpm8.4, pid 17)"
    verdict = port.judge(evidence(f"{held}\n{answer}"))
    assert (verdict.status, verdict.actual) == (Status.FAIL, held)
    assert port.judge(evidence(answer)).status is Status.PASS
    # The program itself says what it likes.
    assert port.judge(evidence(answer.replace("hello", held))).status is Status.PASS


def test_ready_is_only_the_sites_own_listener() -> None:
    """Run here: a listener of this user is a stranger to user 65534."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        me = pwd.getpwuid(os.getuid()).pw_name
        assert run_sh(strangers(me, (port,))) == ""
        assert f"127.0.0.1:{port} is held by {me} (" in run_sh(strangers("nobody", (port,)))
    assert run_sh(strangers(me, (port,))) == f"nobody listens on 127.0.0.1:{port}\n"


def run_sh(script: str) -> str:
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout


def evidence(raw: str) -> Evidence:
    return Evidence(raw, FACTS, States())
