"""Whatever a host answers, each parser and each judge returns a value or raises a LampctlError, never another exception."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lampctl import observation
from lampctl.checks import Check, Evidence, Verdict
from lampctl.engine import catalogue, run
from lampctl.engine.apply import Applying
from lampctl.engine.library import Files
from lampctl.engine.reading import Reader
from lampctl.errors import LampctlError, Unreachable
from lampctl.facts import PROBES, Facts, nominal
from lampctl.facts import parse as parse_facts
from lampctl.journal.runs import Begun
from lampctl.layers import Context, Desired, desired, http
from lampctl.layers.php import parse_probe
from lampctl.layers.tls.handshake import judge_chain
from lampctl.planning import Plan, Stage
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.resources import (
    Step,
    command,
    database,
    entry,
    package,
    pem,
    release,
    repository,
    secret,
    unit,
    user,
)
from lampctl.resources.certificate import CERTIFICATES
from lampctl.resources.database import DATABASES
from lampctl.resources.kind import States
from lampctl.resources.service import SERVICES
from lampctl.ssh import Target
from lampctl.urls import checks as smoke
from lampctl.urls.url import Url
from tests.unit.fake_host import FakeHost
from tests.unit.forked import run as run_cli

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

# Parts of real answers, so that the fuzzing gets past the first test of a line.
WORDS = (
    *("abc", "-1", "1e999", "nan", "99999999999999999999999", "²", "0x10", "٣", "", "0", "1", "/", "/etc/x", "root:root"),
    *("notAfter=Jan  1 00:00:00 99999 GMT", "notAfter=Feb 30 00:00:00 2026 XYZ", "rights=root:root 600", "== acme:x"),
    *("Id=web.service", "LoadState=loaded", "ActiveState=active", "watch web.service", "said web.service"),
    *("StateChangeTimestamp=Tue 99999-11-24 03:16:23.1 UTC", "StateChangeTimestamp=n/a", "ExecMainStartTimestamp=x"),
    *("db", "user", "tls", "grant", "login", "ok 11.8", "HTTP/1.1 200 OK", "HTTP/1.1 ² x", "Location: http://[::1", "log"),
    *("answer", "pair", "wrong", "held", "elsewhere", "unresolved", "rc=0", "suexec ", "missing", "package ", "data ", "Status: 403"),
    *('{"probe":1}', '{"probe":null,"version":[],"extensions":5}', '{"reach":"","tls":"","login":"x y"}', "[]", "{}", "null"),
    *('{"names":5,"expires":1e30,"fingerprint":[],"distrust":{},"version":0,"alpn":1,"old":[]}', '"x"', "5", '{"a":[1]}'),
    *('{"login":"² x","reach":"","tls":""}', '{"1.1.1.1":[0]}', '{"x":[0,"y"]}', '["a",5]', "@@b end", "\x1b[31m", "\ud800"),
    *("99999-01-01", "Tue 2026-11-24 03:16:23.123456 UTC", "ID=debian", "VERSION_ID=13", "MemTotal: kB", "MemAvailable: x kB"),
)  # fmt: skip
text = st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=12).flatmap(
    lambda words: st.sampled_from(["\n", " ", "\t", ":", "=", "\n\n", ": "]).map(lambda gap: gap.join(words))
) | st.lists(
    st.lists(st.sampled_from(WORDS), max_size=6).flatmap(
        lambda words: st.sampled_from(["\t", " ", ":"]).map(lambda gap: gap.join(words))
    ),
    max_size=8,
).map("\n".join)

SECTIONS = (*observation.questions([]), "preflight:x")

PARSERS: dict[str, Callable[[str], object]] = {
    "certificates": pem.parse,
    "certificate": pem.read,
    "commands": command.parse,
    "databases": database.parse,
    "paths": entry.parse,
    "packages": package.parse,
    "releases": release.parse,
    "repositories": repository.parse,
    "secrets": secret.parse,
    "services": unit.parse,
    "users": user.parse,
    "http": http.parse,
    "http of a probe": http.parse_answer,
    "http side by side": http.split_outputs,
    "php": parse_probe,
    "redirect": lambda raw: smoke.redirect_target(raw, smoke.Wanted()),
    "facts": lambda raw: parse_facts(dict.fromkeys(PROBES, raw), 0.0),
    "observation": lambda raw: observation.parse(dict.fromkeys([*PROBES, *SECTIONS], raw), 0.0),
    "url": lambda raw: Url.parse(f"http://{raw}"),
}


@pytest.mark.parametrize("parser", PARSERS)
@quick
@given(raw=text)
def test_parser_returns_a_value_or_raises_lampctl_error(parser: str, raw: str) -> None:
    with suppress(LampctlError):
        PARSERS[parser](raw)


@pytest.mark.parametrize("section", PROBES)
@quick
@given(raw=text)
def test_facts_have_numbers_in_sane_ranges(section: str, raw: str) -> None:
    facts = parse_facts({section: raw}, 0.0)
    for number in (facts.cores, facts.files, facts.memory, facts.memory_available):
        assert 0 <= number < 1 << 60
    assert all(0 <= number < 1 << 70 for sizes in facts.disk.values() for number in sizes)
    assert facts.clock_skew is None or abs(facts.clock_skew) < 1e13


def test_certificate_expiry_beyond_python_s_range_can_be_shown() -> None:
    """The year is beyond what Python's datetime can hold."""
    state = pem.CertificateState(frozenset({"a.test"}), expires=1e18, fingerprint="0")
    assert state.end
    assert state.days(0)


@cache
def everything() -> tuple[Desired, ...]:
    """What each built-in playbook wants, and those in catalogue.MORE."""
    books = [(name, ()) for name in Files().builtin()] + list(catalogue.MORE.values())
    parts = [part for name, more in books for part in catalogue.split_by_host(load(name, more, Files()))]
    return tuple(
        desired(Context.from_loaded(replace(part, sources={}), platform, nominal(platform.id, part.playbook.sites)))
        for part in parts
        for platform in [PLATFORMS["debian-13"]]
    )


def checks() -> list[Check]:
    """One check of each kind: with other values a judge runs the same code."""
    return [row.whole for row in catalogue.catalogue()]


CHECKS = checks()


def states() -> Iterator[States]:
    keys = {resource.key for wanted in everything() for resource in wanted.resources}
    running = unit.UnitState(changed=1e30, changed_path="/x", active="active", loaded=True)
    yield States()
    yield States().updated(SERVICES, dict.fromkeys(keys, running))
    yield States().updated(CERTIFICATES, dict.fromkeys(keys, pem.CertificateState(expires=-1e30)))
    yield States().updated(DATABASES, dict.fromkeys(keys, database.DatabaseState()))


STATES = st.sampled_from(list(states()))


@settings(quick, max_examples=100)
@given(raw=text, seen=STATES, facts=st.sampled_from([nominal("debian-13"), Facts("x-1", clock=1e30, cores=0)]))
def test_judges_always_return_a_verdict(raw: str, seen: States, facts: Facts) -> None:
    for check in CHECKS:
        verdict = check.judge(Evidence(raw, facts, seen))
        assert isinstance(verdict, Verdict)


@quick
@given(raw=text)
def test_preflights_never_raise(raw: str) -> None:
    for wanted in everything():
        changing = frozenset(resource.key for resource in wanted.resources)
        for preflight in wanted.preflights:
            for problem in preflight.judge(raw, nominal("debian-13"), changing):
                assert problem.message


@quick
@given(raw=text)
def test_judges_of_smoke_checks_and_of_the_chain_always_return_a_verdict(raw: str) -> None:
    seen = Evidence(raw, Facts("", clock=1.0), States())
    url = Url.parse("https://a.test/")
    every = [smoke.resolves(url, ()), smoke.connects(url, ()), smoke.trusted(url, ())]
    for check in [*every, *smoke.answers(smoke.Wanted(texts=("x",), most=1.0), smoke.Got(2.0), ())]:
        assert isinstance(check.judge(seen), Verdict)
    assert isinstance(judge_chain(("a.test",), "", seen), Verdict)


class FailingTransport:
    """A transport that raises an unexpected exception."""

    host, has_sudo_password, round_trips, address, direct = "odd", False, 0, "", False

    def start(self, batch: object) -> object:  # noqa: ARG002
        raise ZeroDivisionError("division by zero")

    def close(self) -> None:
        pass


@pytest.mark.parametrize("debug", [False, True])
def test_unexpected_exception_affects_the_outcome_of_one_host_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, debug: bool
) -> None:
    def reach(where: Target, *_: object) -> FailingTransport:
        if where.text == "gone":
            raise Unreachable("gone: no answer", kind="timeout")
        return FailingTransport()

    monkeypatch.setattr(run, "reach", reach)
    argv = ["check", "odd", "gone", "-F", "/dev/null", "--format", "json", *(["--debug"] if debug else [])]
    done = run_cli(*argv, cwd=tmp_path)
    errors = [host["error"] for host in json.loads(done.stdout)["hosts"]]
    assert [error["kind"] for error in errors] == ["unexpected", "timeout"]
    assert errors[0]["message"] == "odd: unexpected: ZeroDivisionError: division by zero"
    assert done.returncode == 3
    assert ("Traceback" in done.stderr) is debug


@quick
@given(lines=st.lists(st.lists(st.sampled_from(
    ["@@begin", "@@end", "@@done", "@@undone", "@@locked", "|", "0", "-1", "²", "99", "", "lampctl-reason: x"])).map(" ".join)))  # fmt: skip
def test_apply_survives_any_output_of_the_host(lines: list[str]) -> None:
    stage = Stage((), before=(Step("one", "web", ":"),))
    applying = Applying(FakeHost(lines), lambda _: None, {}, Begun.now("deploy", "lamp", {}))
    try:
        generation_or_message = applying.apply(Plan("lamp", (stage,), (), "", (), ()), stage, seen="")
    except LampctlError as error:
        generation_or_message = error.message
    assert generation_or_message


@quick
@given(raw=st.lists(st.sampled_from([b"HTTP/1.1 103 E\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"fffffffffff\r\n", b"0\r\n", b"x"])).map(b"".join))  # fmt: skip
@example(raw=b"HTTP/1.1 103 E\r\n\r\n" * 50_000)
def test_http_reader_survives_any_answer(raw: bytes) -> None:
    reader = Reader("/", [("Host", "a.test")])
    for piece in (raw, b""):
        if reader.feed(piece):
            break
    assert reader.page().raw or not raw
