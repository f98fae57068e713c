"""Sites that are programs: what is refused, what is rendered, and how one is retired; no host."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
from pathlib import Path

import pytest

from lampctl import planning
from lampctl.checks import Evidence, Status
from lampctl.engine import script
from lampctl.engine.library import Files
from lampctl.engine.sources import read
from lampctl.errors import PlaybookError
from lampctl.facts import nominal
from lampctl.journal.runs import Begun
from lampctl.layers import Context, Desired, desired, http
from lampctl.layers.ports import exposed, strangers
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
from tests.unit.chain import numbered

FACTS = nominal("debian-13")


def wanted(folder: Path, sites: str) -> tuple[Desired, dict[str, str]]:
    """What the sites want, and the rendered files by path."""
    path = folder / "site.yml"
    path.write_text(f"web: {{server: nginx}}\nsites:\n  a.test: {sites}\n")
    files = Files(folder)
    found = desired(Context.from_loaded(load(str(path), (), files), PLATFORMS["debian-13"], FACTS))
    renderer = Renderer(files.template, "site")
    return found, {file.path: renderer.text(file) for file in found.files}


WRONG = {
    "a port of their own": ("{type: process, command: x, port: 8000, environment: {PORT: '1'}}", "PORT is set by lampctl"),
    "more rights by a prefix": ("{type: process, command: +x, port: 8000}", "'+x' is not a valid command"),
    "the next directive": ("{type: process, command: 'x \\', port: 8000}", "is not a valid command"),
    "no such port": ("{type: process, command: x, port: 65535, instances: 2}", "go beyond 65535"),
    "two schemes": ("{type: proxy, upstreams: ['http://x', 'https://y']}", "all http:// or all https://"),
    "one upstream twice": ("{type: proxy, upstreams: ['http://x', {url: 'http://x', weight: 2}]}", "occurs twice"),
    "a path below it": ("{type: proxy, upstreams: ['http://x/y']}", "is not a valid upstream"),
    "a missing WAR": ("{type: servlet, war: app.war, port: 8000}", "no such file"),
    "a WAR that is not a zip file": ("{type: servlet, war: site.yml, port: 8000}", "site.yml: is not a valid WAR"),
    "a line break in a probe": ("{type: process, command: x, port: 8000, probe: \"/ HTTP/1.1\\r\\nX: y\"}", "is not a valid request path"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_invalid_options_are_refused_with_their_line(tmp_path: Path, case: str) -> None:
    sites, message = WRONG[case]
    with pytest.raises(PlaybookError) as caught:
        wanted(tmp_path, sites)
    assert message in caught.value.message
    assert "site.yml:3" in caught.value.message


@pytest.mark.parametrize(("length", "message"), [(300, "300 bytes"), (4000, "3 KiB")])
def test_plan_shows_the_size_of_a_release(tmp_path: Path, length: int, message: str) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/page.html").write_bytes(b"x" * length)
    change = release.compare(release.Release("/var/www/a.test", "site", read(tmp_path / "app")), None, HostView())
    assert change
    assert change.diff == f"{message} of files from this machine\n"


@pytest.mark.parametrize(
    ("command", "started"),
    [
        ("./serve -v", "/var/www/a.test/current/serve -v"),
        ("bin/serve", "/var/www/a.test/current/bin/serve"),
        ("node x/y.js", "node x/y.js"),
        ("/usr/bin/env x", "/usr/bin/env x"),
    ],
)
def test_command_is_taken_from_the_source_or_the_system(tmp_path: Path, command: str, started: str) -> None:
    (tmp_path / "app").mkdir()
    _, texts = wanted(tmp_path, f"{{type: process, source: app, command: {command}, port: 8000}}")
    assert f"\nExecStart={started}\n" in texts["/etc/systemd/system/lampctl-a.test@.service"]


def test_environment_is_quoted_and_never_shown(tmp_path: Path) -> None:
    assert systemd('a "b" $c \\ `d`') == r'"a \"b\" \$c \\ \`d\`"'
    found, texts = wanted(tmp_path, "{type: process, command: x, port: 8000, environment: {KEY: hunter2}}")
    path = "/etc/lampctl/environment/a.test"
    file = next(file for file in select(found.resources, File) if file.path == path)
    assert "v_KEY=hunter2" in texts[path]
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


def test_unwanted_unit_is_stopped_and_removed_from_the_record(tmp_path: Path) -> None:
    """Fewer instances delete no file, but still create a generation, so that an undo can restore them."""
    found, _ = wanted(tmp_path, "{type: process, command: x, port: 8000}")
    gone = "service:lampctl-a.test@8001.service"
    plan = planning.make(
        planning.Identity("site"), found, Observation(FACTS, owners={"site": frozenset({gone})}), texts_of(found), 1
    )
    stage = plan.stages[-1]
    assert [(change.resource, change.action) for change in stage.changes] == [(gone, Action.STOP)]
    assert f"{gone} > gone\nsh ./disown.sh gone" in script.steps_of(stage)[2].script
    assert stage.generation is not None
    batch = script.batch(plan, stage, "", script.steps_of(stage), {}, Begun.now("deploy", "site", {}))
    assert batch.files["stopped"] == f"{gone}\n".encode(), "an undo records it again"
    assert b"UNIT=lampctl-a.test@8001.service\n" in batch.files["undo/000"]
    assert b"\nVERB=start\n" in batch.files["undo/000"], "and starts it"


def test_what_goes_can_be_applied_together_with_what_comes(tmp_path: Path) -> None:
    """It stops when the new files are valid and the previous ones are kept, and before what may need its port starts."""
    found, _ = wanted(tmp_path, "{type: process, command: x, port: 8000}")
    gone = frozenset({"service:lampctl-old.test@8000.service", "file:/etc/systemd/system/lampctl-old.test@.service"})
    seen = Observation(FACTS, owners={"site": gone})
    plan = planning.make(planning.Identity("site"), found, seen, texts_of(found), 1)
    both = plan.together
    assert (len(plan.stages), len(both.stages)) == (2, 1)
    assert both.changes == plan.changes
    names = [step.name for step in script.steps_of(both.stages[0])]
    order = [
        "validate the new files",
        "keep the previous files",
        "stop lampctl-old.test@8000.service",
        "hand over the new files",
        "start lampctl-a.test@8000.service",
    ]
    assert [name for name in names if name in order] == order
    generation = both.stages[0].generation
    assert generation
    assert generation.deleted == ("file:/etc/systemd/system/lampctl-old.test@.service",)
    assert both.together.stages == both.stages


def texts_of(found: Desired) -> dict[str, str]:
    return {file.key: "" for file in found.files}


def test_taken_port_is_a_problem_if_something_changes(tmp_path: Path) -> None:
    found, _ = wanted(tmp_path, "{type: process, command: x, port: 8000}")
    preflight = next(p for p in found.preflights if p.id == "site.port@a.test")
    problem = preflight.judge("8000 17 - nc\n", FACTS, frozenset({"file:/x"}))[0]
    assert problem.message == "port 8000 of a.test is taken by nc (pid 17)"
    assert problem.hint.startswith("kill 17")
    assert preflight.judge("8000 17 - nc\n", FACTS, frozenset()) == []
    leaving = "8000 17 lampctl-old.test@8000.service node\n"
    assert preflight.judge(leaving, FACTS, frozenset({"service:lampctl-old.test@8000.service"})) == []
    assert preflight.judge(leaving, FACTS, frozenset({"file:/x"})) != []
    assert preflight.judge("\n", FACTS, frozenset({"file:/x"})) == []


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (["HTTP/1.1 200 OK\n\nx\n", "HTTP/1.0 404 Not Found\n\n"], "200, 404 from 2 of 2"),
        (["HTTP/1.1 200 OK\n\n2\tx", "Connection refused\n"], "1 of 2 do not answer; http://b:81: no HTTP answer"),
        (["HTTP/1.1 500 Oops\n", "\n"], "2 of 2 do not answer; http://a: 500"),
        ([], "not every upstream could be tried"),
    ],
)
def test_each_upstream_is_judged(answers: list[str], message: str) -> None:
    from lampctl.checks import Evidence

    group = (Member("http://a"), Member("http://b:81"))
    assert judge_each(group, "", Evidence(numbered(*answers), FACTS, States())).actual == message


def test_upstream_addresses_are_parsed() -> None:
    given = ["http://a.test", "https://a.test", "http://[::1]:8000", "http://10.0.0.1:81"]
    assert [Member(url).address for url in given] == ["a.test:80", "a.test:443", "[::1]:8000", "10.0.0.1:81"]


def test_upstream_without_an_answer_fails() -> None:
    """Its part of the output is empty, and might be the last one."""
    assert http.split_outputs(numbered("HTTP/1.1 200 OK\n", "")) == ["HTTP/1.1 200 OK", ""]


def test_port_held_by_another_user_fails_even_if_it_answers(tmp_path: Path) -> None:
    found, _ = wanted(tmp_path, "{type: process, command: x, port: 8000}")
    port = next(check for check in found.checks if check.id == "site.port@a.test")
    answer = numbered("HTTP/1.1 200 OK\n\nhello\n")
    held = "127.0.0.1:8000 is held by site-evil-test (php-fpm8.4, pid 17)"
    verdict = port.judge(evidence(f"held\t{held}\n{answer}"))
    assert (verdict.status, verdict.actual) == (Status.FAIL, held)
    assert port.judge(evidence(answer)).status is Status.PASS
    # The program's own answer proves nothing.
    assert port.judge(evidence(answer.replace("hello", held))).status is Status.PASS


def test_only_the_sites_own_listener_counts_as_ready() -> None:
    """Runs on this machine: to user 65534, a listener of this user is foreign."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        me = pwd.getpwuid(os.getuid()).pw_name
        assert run_sh(strangers(me, (port,))) == ""
        assert f"127.0.0.1:{port} is held by {me} (" in run_sh(strangers("nobody", (port,)))
    assert run_sh(strangers(me, (port,))) == f"nobody listens on 127.0.0.1:{port}\n"


def test_port_that_others_reach_is_named(tmp_path: Path) -> None:
    found, _ = wanted(tmp_path, "{type: process, command: x, port: 8000}")
    port = next(check for check in found.checks if check.id == "site.port@a.test")
    verdict = port.judge(evidence(f"exposed\t8000\n{numbered('HTTP/1.1 200 OK')}"))
    assert (verdict.status, "who reaches port 8000 passes the web server by" in verdict.actual) == (Status.PASS, True)
    assert "reaches" not in port.judge(evidence(numbered("HTTP/1.1 200 OK"))).actual


@pytest.mark.parametrize(
    ("family", "address", "others"),
    [(socket.AF_INET, "127.0.0.1", False), (socket.AF_INET6, "::1", False), (socket.AF_INET6, "::ffff:127.0.0.1", False),
     (socket.AF_INET, "0.0.0.0", True), (socket.AF_INET6, "::", True)],
)  # fmt: skip
def test_listener_on_all_addresses_is_exposed(family: socket.AddressFamily, address: str, others: bool) -> None:
    me = pwd.getpwuid(os.getuid()).pw_name
    with socket.create_server((address, 0), family=family, dualstack_ipv6=address.startswith("::f")) as server:
        port = server.getsockname()[1]
        assert run_sh(exposed(me, (port, port + 1 if port < 65535 else 1))) == (f"{port}\n" if others else "")


def run_sh(script: str) -> str:
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout


def evidence(raw: str) -> Evidence:
    return Evidence(raw, FACTS, States())
