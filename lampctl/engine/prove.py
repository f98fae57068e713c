"""The proof: one batch on the host, and meanwhile the probes through the tunnel and from outside."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TypeVar

from lampctl.answers import parse_int
from lampctl.checks import (
    Check,
    Evidence,
    HostProbe,
    HttpProbe,
    LoginProbe,
    Result,
    TlsProbe,
    Verdict,
    blocked_by_observation,
    conclude,
    failed,
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
from lampctl.resources.shell import program, script
from lampctl.ssh import Batch, Transport, as_root
from lampctl.ssh.limits import waiting

T = TypeVar("T")
TIMEOUT = 8.0  # seconds, of one probe through the tunnel or from outside


@dataclass(frozen=True)
class Finding:
    """The output of a probe, or why it could not be run. `ms`: its duration; `late`: it was ended at its time limit."""

    raw: str = ""
    error: str = ""
    ms: float = 0.0
    late: bool = False


@dataclass
class _Run:
    """The probes of one proof and their findings. Checks with the same probe share one run of it."""

    token: str
    boundary: str
    probes: list[HostProbe]
    secrets: list[Secret]
    findings: dict[HostProbe, Finding] = field(default_factory=dict)
    pending: dict[LoginProbe | HttpProbe | TlsProbe, Future[Finding]] = field(default_factory=dict)
    verdicts: dict[str, tuple[Verdict, float]] = field(default_factory=dict)  # check id → verdict, milliseconds
    skipped: frozenset[str] = frozenset()  # ids of checks that are blocked anyway
    silent: dict[int, str] = field(default_factory=dict)  # port that took no connection in time → the error

    def is_known(self, check: Check) -> bool:
        """Is the result of its probe known?"""
        if isinstance(check.probe, HostProbe):
            return check.id in self.skipped or check.probe in self.findings
        return (
            check.probe is None
            or check.id in self.skipped
            or (check.probe in self.pending and self.pending[check.probe].done())
        )


def prove(
    transport: Transport,
    desired: Desired,
    seen: Observation,
    render: Callable[[File], str],
    emit: Callable[[Event], None],
) -> tuple[Result, ...]:
    """Run every check; its result is emitted as soon as it and those before it in the chain are known."""
    run, asked = _prepare(desired, seen)
    session = transport.start(_batch(run, asked, render))
    emit(ChecksPlanned(transport.host, tuple(check.layer for check in desired.checks)))
    with ThreadPoolExecutor(8) as pool:
        lines = as_root(transport, session)
        for head, text in sections(lines, run.boundary, lambda: cut_short(transport, session)):
            _read_section(run, head, text, asked, transport, pool)
            known, reported = tuple(takewhile(run.is_known, desired.checks)), len(run.verdicts)
            if len(known) > reported:
                for result in _results(known, run, seen, transport.direct)[reported:]:
                    emit(CheckDone(transport.host, result))
    session.proceed()  # the script kept its probe files until this, for the probes from outside
    session.finish()
    return _results(desired.checks, run, seen, transport.direct)


def _prepare(desired: Desired, seen: Observation) -> tuple[_Run, Desired]:
    """The run, and `desired` without the checks that are blocked by what was observed already."""
    skipped = blocked_by_observation(desired.checks, seen.facts, seen.states)
    asked = replace(desired, checks=tuple(check for check in desired.checks if check.id not in skipped))
    run = _Run(
        token=secrets.token_hex(16),
        boundary=f"@@{secrets.token_hex(8)}",
        probes=_probes(asked, HostProbe),
        secrets=_login_secrets(asked),
        skipped=skipped,
    )
    return run, asked


def _results(checks: Sequence[Check], run: _Run, seen: Observation, direct: bool) -> tuple[Result, ...]:
    for check in checks:
        if check.id not in run.verdicts:
            run.verdicts[check.id] = _judge(check, run, seen, direct)
    return conclude(checks, run.verdicts)


def _batch(run: _Run, desired: Desired, render: Callable[[File], str]) -> Batch:
    probe_files = [(probe, f"p/{number:03d}") for number, probe in enumerate(desired.probe_files)]
    table = "".join(f"{p.root}\t{p.suffix}\t{name}\t{p.mode:o}\t{p.group}\t{p.tenant}\n" for p, name in probe_files)
    return Batch(
        {
            "main": script("enter", "check", token=run.token, boundary=run.boundary).encode(),
            "probes": table.encode(),
            **tools(render),
            "page.pl": program("page.pl").encode(),
            **_database_client(run.probes, render),
            **{name: render(_rendered(probe)).encode() for probe, name in probe_files},
            **{f"q/{number:03d}-{probe.limit}": probe.script.encode() for number, probe in enumerate(run.probes)},
            **numbered("secrets", [secret.read for secret in run.secrets]),
        },
        waiting(max((probe.limit for probe in run.probes), default=0)),  # they run side by side
    )


def _database_client(probes: Sequence[HostProbe], render: Callable[[File], str]) -> dict[str, bytes]:
    """The client program for a database on another host, if a probe runs it."""
    name = "database.php"
    wanted = any(name in probe.script for probe in probes)
    return {name: render(_template(f"checks/{name}", {})).encode()} if wanted else {}


def _login_secrets(desired: Desired) -> list[Secret]:
    """The secrets that login probes need; no other leaves the host."""
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


def _read_section(
    run: _Run, head: str, text: str, desired: Desired, transport: Transport, pool: ThreadPoolExecutor
) -> None:
    """Read one section of the batch's output: a secret or `ready` starts probes from here, a number is a finding."""
    match head.split(" "):
        case ["secret", number, value] if (secret := _item(run.secrets, number)) and value:
            for probe in _probes(desired, LoginProbe):
                if probe.secret == secret.path:
                    run.pending[probe] = pool.submit(probe_login, transport, probe, value)
        case ["ready"]:
            for probe in (*_probes(desired, HttpProbe), *_probes(desired, TlsProbe)):
                run.pending[probe] = pool.submit(_visit, transport.address, probe, run)
        case [number, nanoseconds, late] if (probe := _item(run.probes, number)) is not None:
            ms = (parse_int(nanoseconds) or 0) / 1e6
            run.findings[probe] = Finding(text.strip("\n"), ms=ms, late=late == "late")


def _item(items: Sequence[T], number: str) -> T | None:
    """The item with the number that the host printed; None if there is no such item."""
    index = parse_int(number)
    return items[index] if index is not None and index < len(items) else None


def _probes(desired: Desired, kind: type) -> list:  # type: ignore[type-arg]
    return list(dict.fromkeys(check.probe for check in desired.checks if isinstance(check.probe, kind)))


def probe_login(transport: Transport, probe: LoginProbe, password: str) -> Finding:
    """Log in to the database through an SSH tunnel. A failure is in the finding: nothing is raised."""
    began = time.perf_counter()
    try:
        channel = transport.tunnel(probe.port, TIMEOUT)
    except ConnectionRefusedError as error:
        return Finding(f"2003 {error}")
    except OSError as error:
        return Finding(error=str(error))
    raw = log_in(channel, probe, password, TIMEOUT)
    return Finding(raw, ms=(time.perf_counter() - began) * 1000)


def _visit(address: str, probe: HttpProbe | TlsProbe, run: _Run) -> Finding:
    """A firewall that drops packets costs the time limit once, not once for each site."""
    began = time.perf_counter()
    if probe.port in run.silent:
        return Finding(error=run.silent[probe.port])
    try:
        if isinstance(probe, HttpProbe):
            page = visit.get(address, probe, run.token, TIMEOUT)
            raw, failure = page.raw, page.error
        else:
            raw, failure = visit.shake_hands(address, probe, TIMEOUT), ""
    except Exception as error:  # parsing a certificate can raise anything
        if isinstance(error, TimeoutError):
            run.silent[probe.port] = f"{address}:{probe.port}: {error}"
        return Finding(error=f"{address}:{probe.port}: {error}")
    return Finding(raw, f"{address}:{probe.port}: {failure}" if failure else "", (time.perf_counter() - began) * 1000)


def _judge(check: Check, run: _Run, seen: Observation, direct: bool) -> tuple[Verdict, float]:
    probe = check.probe
    finding = Finding()
    if check.id in run.skipped:
        return unknown("was not tried"), 0.0  # it is blocked
    if isinstance(probe, HostProbe):
        finding = run.findings.get(probe, Finding(error="the host printed no result of the probe"))
        if finding.late:
            hint = "the service that it asks hangs: lampctl deploy restarts it if it is frozen; otherwise check its log"
            return failed(f"no answer within {probe.limit} s", finding.raw[-500:], check.slow or hint), finding.ms
    elif isinstance(probe, LoginProbe):
        future = run.pending.get(probe)
        finding = future.result() if future else Finding(f"0 there is no readable {probe.secret}")
    elif isinstance(probe, HttpProbe | TlsProbe):
        if not direct:
            why = "the host is behind a jump host or a forwarded port: its address can't be seen from here"
            return unknown(why, hint="try it by its public name"), 0.0
        future = run.pending.get(probe)
        finding = future.result() if future else Finding(error="the host did not report that its probe files are ready")
    evidence = Evidence(finding.raw, seen.facts, seen.states, finding.error)
    return check.judge(evidence), finding.ms
