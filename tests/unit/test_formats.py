"""Each format as its consumers read it: passed, failed, blocked and unknown checks, and text that must not break it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from junitparser import Error, Failure, JUnitXml, Skipped
from tap.parser import Parser
from xmlschema import XMLSchema

from lampctl.checks import Result
from lampctl.outcome import Health, Outcome, health
from lampctl.report import FORMATS, Report, renderer
from tests.unit.runs import BROKEN, FAIL, GONE, GOOD, HOSTILE, PLANNED, RUNS, TIME, UNSURE


def render(format: str, run: str) -> str:
    return renderer(format)(RUNS[run])


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("format", [format for format in FORMATS if format != "text"])
def test_every_format_shows_every_run(format: str, run: str) -> None:
    text = render(format, run)
    assert text.endswith("\n") or (format, run) in (("github", "good"), ("github", "planned"))
    for host in ("web1", "web2", "web3", "web4") if run == "broken" and format != "github" else ():
        assert host in text


@pytest.fixture(scope="module")
def junit() -> XMLSchema:
    return XMLSchema(Path(__file__).with_name("junit.xsd"))


@pytest.mark.parametrize("run", RUNS)
def test_junit_is_valid_by_its_schema(run: str, junit: XMLSchema) -> None:
    junit.validate(render("junit", run))


def test_junit_has_the_expected_cases() -> None:
    suites = {suite.name: suite for suite in JUnitXml.fromstring(render("junit", "broken").encode())}
    assert list(suites) == ["web1", "web2", "web3", "web4"]
    counts = {name: (suite.tests, suite.failures, suite.errors, suite.skipped) for name, suite in suites.items()}
    assert counts == {"web1": (1, 0, 0, 0), "web2": (4, 1, 1, 1), "web3": (2, 0, 1, 0), "web4": (1, 0, 1, 0)}
    cases = {case.name: case for case in suites["web2"]}
    assert (cases["web.config"].classname, cases["web.config"].time) == ("web2.web", 0.005)
    kinds = {name: [type(result) for result in case.result] for name, case in cases.items()}
    assert kinds == {
        "linux.ssh": [], "linux.clock": [Error], "web.config": [Failure], "site.php@shop.test": [Skipped],
    }  # fmt: skip
    (failure,) = cases["web.config"].result
    assert failure.message == "not valid"
    assert "�[2J<script>alert('&')</script>� | ]]> 100% # ü\n" in failure.text.replace("\r", "")
    assert failure.text.endswith("→ fix <it>")
    (error,) = next(iter(suites["web4"])).result
    assert error.message == "web4: no answer (web4:22)"


def test_junit_without_hosts_has_no_empty_suite() -> None:
    for run in ("planned", "ended"):
        (suite,) = JUnitXml.fromstring(render("junit", run).encode())
        assert suite.tests == 1


def test_tap_has_the_expected_lines() -> None:
    lines = list(Parser().parse_text(render("tap", "broken")))  # type: ignore[no-untyped-call]
    assert [line.category for line in lines if line.category != "test"] == ["version", "plan"]
    tests: list[Any] = [line for line in lines if line.category == "test"]
    assert lines[1].expected_tests == len(tests) == 8
    assert [test.number for test in tests] == list(range(1, 9))
    assert [test.number for test in tests if not test.ok] == [4, 8]
    assert [test.number for test in tests if test.skip] == [3, 5, 7]
    assert render("tap", "broken").startswith("TAP version 14\n")


def test_tap_diagnostics_are_yaml() -> None:
    blocks = re.findall(r"^  ---\n(.*?)^  \.\.\.$", render("tap", "broken"), re.MULTILINE | re.DOTALL)
    found = next(data for data in map(yaml.safe_load, blocks) if data.get("layer") == "web")
    assert (found["status"], found["hint"], found["duration_ms"]) == ("fail", "fix <it>", 5.0)
    assert found["evidence"] == HOSTILE


def test_tap_text_is_not_parsed_as_a_directive() -> None:
    outcome = Outcome("web1", "check", results=(Result("a # SKIP", "web", FAIL.status, FAIL.where, "", "x\n1..9"),))
    (line,) = [line for line in renderer("tap")(Report("check", (outcome,))).splitlines() if line.startswith("not ok")]
    assert line == r"not ok 1 - web1: a \# SKIP - x 1..9"


def test_tap_bails_out_on_an_early_error() -> None:
    assert "Bail out! site.yml:3: " in render("tap", "ended")


COMMAND = re.compile(r"^::(error|warning) ((?:[a-z]+=[^,:\s]?[^,:]*,?)*)::(.*)$")


def commands(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """The commands that GitHub's runner reads from the text."""
    for line in text.splitlines():
        match = COMMAND.fullmatch(line)
        assert match, line
        pairs = (pair.split("=", 1) for pair in match[2].split(","))
        yield (
            match[1],
            {key: unescaped(value, {"%3A": ":", "%2C": ","}) for key, value in pairs},
            unescaped(match[3], {}),
        )


def unescaped(text: str, more: dict[str, str]) -> str:
    for code, character in {**more, "%0D": "\r", "%0A": "\n", "%25": "%"}.items():
        text = text.replace(code, character)
    return text


def test_github_annotations() -> None:
    report = RUNS["broken"]
    placed = Report(report.command, report.outcomes, place=lambda result: ("a,b/site.yml", 7) if result else None)
    found = list(commands(renderer("github")(placed)))
    assert [(level, about["title"]) for level, about, _ in found] == [
        ("warning", "web2: linux.clock"), ("error", "web2: web.config"), ("warning", "web3: linux.clock"), ("error", "web4"),
    ]  # fmt: skip
    assert (found[1][1]["file"], found[1][1]["line"]) == ("a,b/site.yml", "7")
    assert "file" not in found[3][1]
    assert found[1][2] == f"not valid\nexpected: Syntax OK\n{HOSTILE}\n→ fix <it>"


def test_github_annotates_the_lines_of_an_invalid_playbook() -> None:
    found = [(about["file"], about["line"], text) for _, about, text in commands(render("github", "ended"))]
    assert found == [
        ("site.yml", "3", "php → x: unknown key\n→ fix it"),
        ("other.yml", "5", "is missing\n→ fix it"),
    ]


def samples(text: str) -> dict[str, float]:
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line[0] != "#"}


def test_prometheus_samples() -> None:
    found = samples(render("prometheus", "broken"))
    check = 'lampctl_check_up{host="web2",check="%s",layer="%s",where="%s"}'
    assert found[check % ("linux.ssh", "linux", "host")] == 1
    assert found[check % ("web.config", "web", "host")] == 0
    assert found[check % ("site.php@shop.test", "site", "outside")] == 0
    assert check % ("linux.clock", "linux", "host") not in found  # unknown is not down
    assert found['lampctl_check_duration_seconds{host="web1",check="linux.ssh",layer="linux",where="host"}'] == 0.01234
    assert [found[f'lampctl_host_up{{host="web{n}"}}'] for n in (1, 2, 3, 4)] == [1, 1, 1, 0]
    assert [found[f'lampctl_host_success{{host="web{n}"}}'] for n in (1, 2, 3, 4)] == [1, 0, 1, 0]
    assert found['lampctl_run_timestamp_seconds{command="check"}'] == TIME


def test_prometheus_has_a_sample_for_a_run_without_hosts() -> None:
    assert samples(render("prometheus", "ended"))['lampctl_run_success{command="check"}'] == 0


def test_prometheus_labels_are_escaped() -> None:
    text = renderer("prometheus")(Report("check", (Outcome('a"b\\c\nd', "check"),)))
    assert r'lampctl_host_up{host="a\"b\\c\nd"} 1' in text


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([GOOD], Health.OK),
        ([GOOD, UNSURE], Health.WARNING),
        ([UNSURE, GONE], Health.UNKNOWN),
        ([GONE, BROKEN, UNSURE], Health.CRITICAL),
        ([PLANNED], Health.WARNING),
    ],
)
def test_nagios_states(outcomes: list[Outcome], state: Health) -> None:
    assert health(outcomes) is state
    text = renderer("nagios")(Report("check", outcomes))
    assert text.startswith(f"LAMPCTL {state.name} - ")


def test_nagios_output() -> None:
    first, *more = render("nagios", "broken").splitlines()
    status_line, performance = first.split(" | ")
    assert status_line == "LAMPCTL CRITICAL - web2: web.config: not valid"
    for item in re.findall(r"'(?:[^']|'')*'=\S+", performance):
        assert re.fullmatch(r"'[^']+'=[0-9.]+(ms|s)?;;;0(;[0-9]+)?", item)
    assert "'web2 fail'=1;;;0;4" in performance
    assert "'web1 linux.ssh'=12.3ms;;;0" in performance
    assert not [line for line in more if "|" in line]
    assert "[BLOCKED] web2: site.php@shop.test: needs web.config" in more


def test_json_keeps_its_shape() -> None:
    found = json.loads(render("json", "broken"))
    assert list(found) == ["command", "ok", "hosts"]
    assert list(json.loads(render("json", "ended"))) == ["command", "ok", "hosts", "error"]
