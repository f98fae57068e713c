"""The proof: one batch on the host, and meanwhile the tunnel and the look from outside."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TypeVar

from lampctl.answers import whole
from lampctl.checks import (
    Check,
    Evidence,
    HostProbe,
    HttpProbe,
    LoginProbe,
    Result,
    TlsProbe,
    Verdict,
    conclude,
    unknown,
)
from lampctl.engine import visit
from lampctl.engine.login import log_in
from lampctl.engine.observe import cut_short, numbered, sections
from lampctl.journal.events import CheckDone, ChecksPlanned, Event
from lampctl.layers import Desired
from lampctl.layers.base import ProbeFile
from lampctl.observation import Observation
from lampctl.resources import File, Secret, select
from lampctl.resources.shell import script
from lampctl.ssh import Batch, Transport, as_root

T = TypeVar("T")
TIMEOUT = 10.0  # seconds, of one probe through the tunnel or from outside


@dataclass(frozen=True)
class Finding:
    """What a probe brought back: output, or why it could not be run; milliseconds."""

    raw: str = ""
    error: str = ""
    ms: float = 0.0


@dataclass
class _Run:
    """The probes of one proof, by what they ask: the same question is asked once."""

    token: str
    boundary: str
    scripts: list[str]
    secrets: list[Secret]
    findings: dict[str, Finding] = field(default_factory=dict)  # host script → finding
    pending: dict[LoginProbe | HttpProbe | TlsProbe, Future[Finding]] = field(default_factory=dict)
    verdicts: dict[str, tuple[Verdict, float]] = field(default_factory=dict)  # check id → verdict, milliseconds

    def knows(self, check: Check) -> bool:
        """Has what it asks come back?"""
        if isinstance(check.probe, HostProbe):
            return check.probe.script in self.findings
        return check.probe is None or (check.probe in self.pending and self.pending[check.probe].done())


def prove(
    transport: Transport,
    desired: Desired,
    seen: Observation,
    render: Callable[[File], str],
    emit: Callable[[Event], None],
) -> tuple[Result, ...]:
    """Every check's result, in the order of the chain; each is told as soon as it and those before it are known."""
    run = _Run(
        token=secrets.token_hex(16),
        boundary=f"@@{secrets.token_hex(8)}",
        scripts=list(dict.fromkeys(c.probe.script for c in desired.checks if isinstance(c.probe, HostProbe))),
        secrets=_needed(desired),
    )
    session = transport.start(_batch(run, desired, render))
    emit(ChecksPlanned(transport.host, tuple(check.layer for check in desired.checks)))
    with ThreadPoolExecutor(8) as pool:
        lines = as_root(transport, session)
        for head, text in sections(lines, run.boundary, lambda: cut_short(transport, session)):
            _take(run, head, text, desired, transport, pool)
            known, told = tuple(takewhile(run.knows, desired.checks)), len(run.verdicts)
            if len(known) > told:
                for result in _results(known, run, seen, transport.direct)[told:]:
                    emit(CheckDone(transport.host, result))
    session.proceed()  # it waited for us: the probe files are needed until the look from outside is done
    session.finish()
    return _results(desired.checks, run, seen, transport.direct)


def _results(checks: Sequence[Check], run: _Run, seen: Observation, direct: bool) -> tuple[Result, ...]:
    for check in checks:
        if check.id not in run.verdicts:
            run.verdicts[check.id] = _judge(check, run, seen, direct)
    return conclude(checks, run.verdicts)


def _batch(run: _Run, desired: Desired, render: Callable[[File], str]) -> Batch:
    placed = [(probe, f"p/{number:03d}") for number, probe in enumerate(desired.probe_files)]
    table = "".join(f"{p.root}\t{p.suffix}\t{name}\t{p.mode:o}\t{p.group}\t{p.tenant}\n" for p, name in placed)
    return Batch(
        {
            "main": script("enter", "check", token=run.token, boundary=run.boundary).encode(),
            "probes": table.encode(),
            **tools(render),
            **_clients(run.scripts, render),
            **{name: render(_rendered(probe)).encode() for probe, name in placed},
            **numbered("q", run.scripts),
            **numbered("secrets", [secret.read for secret in run.secrets]),
        }
    )


def _clients(scripts: list[str], render: Callable[[File], str]) -> dict[str, bytes]:
    """The client of a database on another host, where a probe runs it."""
    name = "database.php"
    wanted = any(name in script for script in scripts)
    return {name: render(_template(f"checks/{name}", {})).encode()} if wanted else {}


def _needed(desired: Desired) -> list[Secret]:
    """The secrets that a probe of ours logs in with; no other leaves the host."""
    wanted = {probe.secret for probe in _probes(desired, LoginProbe)}
    return [secret for secret in select(desired.resources, Secret) if secret.path in wanted]


def tools(render: Callable[[File], str]) -> dict[str, bytes]:
    """Files that run on the host beside the scripts that use them."""
    return {
        "fastcgi.php": render(_template("checks/fastcgi.php", {})).encode(),
        "http.sh": script("http").encode(),
    }


def _rendered(probe: ProbeFile) -> File:
    return _template(probe.template, probe.values)


def _template(template: str, values: Mapping[str, object]) -> File:
    return File("", "site", template, values)


def _take(run: _Run, head: str, text: str, desired: Desired, transport: Transport, pool: ThreadPoolExecutor) -> None:
    """One section of the batch's answer: a secret or `ready` starts probes of ours, a number ends one of its."""
    match head.split(" "):
        case ["secret", number, value] if (secret := _at(run.secrets, number)) and value:
            for probe in _probes(desired, LoginProbe):
                if probe.secret == secret.path:
                    run.pending[probe] = pool.submit(_login, transport, probe, value)
        case ["ready"]:
            for visited in (*_probes(desired, HttpProbe), *_probes(desired, TlsProbe)):
                run.pending[visited] = pool.submit(_visit, transport.address, visited, run.token)
        case [number, nanoseconds] if (script := _at(run.scripts, number)) is not None:
            run.findings[script] = Finding(text.strip("\n"), ms=(whole(nanoseconds) or 0) / 1e6)


def _at(items: Sequence[T], number: str) -> T | None:
    """The item of the number that the host says."""
    index = whole(number)
    return items[index] if index is not None and index < len(items) else None


def _probes(desired: Desired, kind: type) -> list:  # type: ignore[type-arg]
    return list(dict.fromkeys(check.probe for check in desired.checks if isinstance(check.probe, kind)))


def _login(transport: Transport, probe: LoginProbe, password: str) -> Finding:
    began = time.perf_counter()
    try:
        channel = transport.tunnel(probe.port, TIMEOUT)
    except ConnectionRefusedError as error:
        return Finding(f"2003 {error}")
    except OSError as error:
        return Finding(error=str(error))
    raw = log_in(channel, probe, password, TIMEOUT)
    return Finding(raw, ms=(time.perf_counter() - began) * 1000)


def _visit(address: str, probe: HttpProbe | TlsProbe, token: str) -> Finding:
    began = time.perf_counter()
    try:
        if isinstance(probe, HttpProbe):
            page = visit.get(address, probe, token, TIMEOUT)
            raw, wrong = page.raw, page.error
        else:
            raw, wrong = visit.shake_hands(address, probe, TIMEOUT), ""
    except Exception as error:  # a certificate may be anything
        return Finding(error=f"{address}:{probe.port}: {error}")
    return Finding(raw, f"{address}:{probe.port}: {wrong}" if wrong else "", (time.perf_counter() - began) * 1000)


def _judge(check: Check, run: _Run, seen: Observation, direct: bool) -> tuple[Verdict, float]:
    probe = check.probe
    finding = Finding()
    if isinstance(probe, HostProbe):
        finding = run.findings.get(probe.script, Finding(error="the probe did not come back"))
    elif isinstance(probe, LoginProbe):
        there = run.pending.get(probe)
        finding = there.result() if there else Finding(f"0 there is no readable {probe.secret}")
    elif isinstance(probe, HttpProbe | TlsProbe):
        if not direct:
            why = "the host is behind a jump host or a forwarded port: its address can't be seen from here"
            return unknown(why, hint="try it by its public name"), 0.0
        there = run.pending.get(probe)
        finding = there.result() if there else Finding(error="the host did not get ready for it")
    evidence = Evidence(finding.raw, seen.facts, seen.states, finding.error)
    return check.judge(evidence), finding.ms
