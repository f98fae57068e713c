"""Smoke checks: what a visitor sees of a URL, hop by hop, from this machine and without SSH."""

from __future__ import annotations

import encodings.idna  # noqa: F401 -- threads that look up names load it by themselves, and if two do at once, one fails for good
import json
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urljoin

from lampctl.answers import parse_array, strings
from lampctl.checks import Check, Evidence, HttpProbe, Result, TlsProbe, Verdict, conclude, culprit
from lampctl.engine import visit
from lampctl.engine.reading import Page
from lampctl.errors import UsageError, unexpected
from lampctl.facts import Facts
from lampctl.journal.events import Event, Noted, PhaseBegan, Waiting
from lampctl.outcome import Outcome, Outcomes, Reporter
from lampctl.resources.kind import States
from lampctl.urls import checks
from lampctl.urls.checks import MOST_HOPS, Got, Wanted
from lampctl.urls.url import Url

PAUSE = 1.0  # seconds between two attempts


@dataclass(frozen=True)
class _Probed:
    """The output of a probe, or why it has none; milliseconds."""

    raw: str = ""
    error: str = ""
    ms: float = 0.0


@dataclass(frozen=True)
class Patience:
    """`timeout`: seconds of one connection; a URL that fails is tried again `retries` times, and for `wait` seconds."""

    timeout: float = 10.0
    retries: int = 0
    wait: float = 0.0


def smoke(every: Sequence[Url], wanted: Wanted, patience: Patience, reporter: Reporter) -> Outcomes:
    """The outcomes, in the order of `every`; each is reported as soon as it is there."""

    def one(url: Url) -> Outcome:
        try:
            outcome = _retry(url, wanted, patience, reporter.event)
        except Exception as error:
            outcome = Outcome(url.text, "smoke", error=unexpected(url.text, error))
        reporter.outcome(outcome)
        return outcome

    pool = ThreadPoolExecutor(16)
    try:
        outcomes = Outcomes(pool.map(one, every))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C
    reporter.finish("smoke", outcomes)
    return outcomes


def _retry(url: Url, wanted: Wanted, patience: Patience, tell: Callable[[Event], None]) -> Outcome:
    began = time.monotonic()
    tell(PhaseBegan(url.text, "check"))
    noted, attempts = "", 0
    while True:
        results = _Visit(wanted, patience.timeout).check(url)
        attempts += 1
        waited = time.monotonic() - began
        first = culprit(results)
        if first is None or (attempts > patience.retries and waited + PAUSE > patience.wait):
            return Outcome(url.text, "smoke", results=results, timings={"check": waited})
        failure = f"{first.id}: {first.actual}"
        if failure != noted:
            tell(Noted(url.text, f"not yet: {failure}"))
            noted = failure
        tell(Waiting(url.text, failure, waited))
        time.sleep(PAUSE)


@dataclass
class _Visit:
    """One visit of a URL, redirects included. Each check needs the one before it, as each step of a browser does."""

    wanted: Wanted
    timeout: float
    done: list[Check] = field(default_factory=list)
    verdicts: dict[str, tuple[Verdict, float]] = field(default_factory=dict)

    def check(self, url: Url) -> tuple[Result, ...]:
        self._follow(url)
        return conclude(self.done, self.verdicts)

    def _follow(self, url: Url) -> None:
        hops = [url]
        while address := self._open(hops[-1]):
            page, probed = self._get(address, hops[-1])
            target = checks.redirect_target(page.raw, self.wanted) if page.has_headers else None
            if target is None:
                self._judge_redirects(hops, "")
                self._judge_page(Got(probed.ms, page.size, page.cut), probed)
                return
            following, wrong = _next(hops, target)
            if following is None:
                self._judge_redirects(hops, wrong)
                break
            hops.append(following)
        self._judge_page(Got(), None)

    def _judge_page(self, got: Got, probed: _Probed | None) -> None:
        for check in checks.answers(self.wanted, got, self._last):
            self._judge(check, probed)

    def _judge_redirects(self, hops: Sequence[Url], wrong: str) -> None:
        if wrong or len(hops) > 1:
            self._judge(checks.redirected(hops, wrong, self._last), _Probed())

    def _open(self, url: Url) -> str:
        """An address that the page can be requested from; empty if a step before that fails."""
        addresses = [url.host]
        if not url.is_address:
            resolved = _timed(lambda: json.dumps(_resolve(url)))
            self._judge(checks.resolves(url, self._last), resolved)
            addresses = strings(parse_array(resolved.raw))
        found, ms = _connect(addresses, url.port, self.timeout)
        self._judge(checks.connects(url, self._last), _Probed(json.dumps(found), ms=ms) if found else None)
        address = next((address for address in addresses if found[address][0] == 0), "")
        if not url.tls:
            return address
        shaken = self._shake_hands(address, url) if address else None
        self._judge(checks.trusted(url, self._last), shaken)
        return address if shaken and not shaken.error else ""

    def _shake_hands(self, address: str, url: Url) -> _Probed:
        return _timed(lambda: visit.shake_hands(address, TlsProbe(url.host, url.port), self.timeout))

    def _get(self, address: str, url: Url) -> tuple[Page, _Probed]:
        path = url.path.replace("{", "{{").replace("}", "}}")  # probes may have the run's token in their path
        probe = HttpProbe(url.host, path, url.port, url.tls)
        began = time.perf_counter()
        try:
            page = visit.get(address, probe, "", self.timeout)
        except Exception as error:  # any library may raise anything about what a server sends
            page = Page(error=_reason(error))
        return page, _Probed(page.raw, page.error, _since(began))

    @property
    def _last(self) -> tuple[str, ...]:
        return (self.done[-1].id,) if self.done else ()

    def _judge(self, check: Check, probed: _Probed | None) -> None:
        """`probed`: None if a check before it failed, so that nothing was tried."""
        if any(check.id == other.id for other in self.done):
            return  # a redirect to the same host
        self.done.append(check)
        if probed is not None:
            evidence = Evidence(probed.raw, Facts("", clock=time.time()), States(), probed.error)
            self.verdicts[check.id] = check.judge(evidence), probed.ms


def _next(hops: Sequence[Url], target: str) -> tuple[Url | None, str]:
    """(the next hop, or None; why it is None)."""
    here = hops[-1]
    origin = f"{here.scheme}://{here.at}{here.path}"
    try:
        found = Url.parse(urljoin(origin, target))
    except (UsageError, ValueError):
        return None, f"{here.text} redirects to {target[:200]!r}, which is not a web address"
    if any(found.same_page(hop) for hop in hops):
        return None, f"the redirects go in a circle, back to {found.text}"
    if len(hops) > MOST_HOPS:
        return None, f"more than {MOST_HOPS} redirects, the next to {found.text}"
    return found, ""


def _timed(ask: Callable[[], str]) -> _Probed:
    began = time.perf_counter()
    try:
        raw, error = ask(), ""
    except Exception as caught:  # any library may raise anything about what a server sends
        raw, error = "", _reason(caught)
    return _Probed(raw, error, _since(began))


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def _resolve(url: Url) -> list[str]:
    found = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _connect(addresses: Sequence[str], port: int, timeout: float) -> tuple[dict[str, tuple[int | None, str]], float]:
    """Address → (0 or the errno, the reason), all in parallel; and the milliseconds of the fastest."""

    def one(address: str) -> tuple[int | None, str, float]:
        began = time.perf_counter()
        try:
            socket.create_connection((address, port), timeout).close()
        except OSError as error:
            return error.errno, str(error), 0.0
        return 0, "", (time.perf_counter() - began) * 1000

    with ThreadPoolExecutor(16) as pool:
        found = dict(zip(addresses, pool.map(one, addresses), strict=True))
    quickest = min((ms for code, _, ms in found.values() if code == 0), default=0.0)
    return {address: (code, why) for address, (code, why, _) in found.items()}, quickest
