"""Smoke checks: what a visitor sees of a URL, hop by hop, from this machine and without SSH."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urljoin

from lampctl.answers import listing, texts
from lampctl.checks import Check, Evidence, HttpProbe, Result, TlsProbe, Verdict, conclude, culprit
from lampctl.engine import visit
from lampctl.errors import UsageError, unexpected
from lampctl.facts import Facts
from lampctl.layers import urls
from lampctl.layers.urls import MOST_HOPS, Url, Wanted
from lampctl.outcome import Event, Outcome, Reporter
from lampctl.resources.kind import States

PAUSE = 1.0  # seconds between two attempts

_Said = tuple[str, str, float]  # what a probe brought; why it did not; milliseconds


@dataclass(frozen=True)
class Patience:
    """`timeout`: seconds of one connection; a URL that fails is tried again `retries` times, and for `wait` seconds."""

    timeout: float = 10.0
    retries: int = 0
    wait: float = 0.0


def smoke(every: Sequence[Url], wanted: Wanted, patience: Patience, reporter: Reporter) -> list[Outcome]:
    """The outcomes, in the order of `every`; each is reported as soon as it is there."""

    def one(url: Url) -> Outcome:
        try:
            outcome = _patiently(url, wanted, patience, reporter.event)
        except Exception as error:
            outcome = Outcome(url.text, "smoke", error=unexpected(url.text, error))
        reporter.outcome(outcome)
        return outcome

    pool = ThreadPoolExecutor(16)
    try:
        return list(pool.map(one, every))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C


def _patiently(url: Url, wanted: Wanted, patience: Patience, tell: Callable[[Event], None]) -> Outcome:
    began = time.monotonic()
    tell(Event(url.text, "phase", "check"))
    told, attempts = "", 0
    while True:
        results = _Walk(wanted, patience.timeout).all(url)
        attempts += 1
        waited = time.monotonic() - began
        first = culprit(results)
        if first is None or (attempts > patience.retries and waited + PAUSE > patience.wait):
            return Outcome(url.text, "smoke", results=results, timings={"check": waited})
        said = f"{first.id}: {first.actual}"
        if said != told:
            tell(Event(url.text, "note", f"not yet: {said}"))
            told = said
        tell(Event(url.text, "line", f"waiting for {waited:.0f} s: {said}"))
        time.sleep(PAUSE)


@dataclass
class _Walk:
    """The way from a URL to its page. Each check needs those before it, as a browser does."""

    wanted: Wanted
    timeout: float
    checks: list[Check] = field(default_factory=list)
    verdicts: dict[str, tuple[Verdict, float]] = field(default_factory=dict)

    def all(self, url: Url) -> tuple[Result, ...]:
        self._follow(url)
        return conclude(self.checks, self.verdicts)

    def _follow(self, url: Url) -> None:
        hops = [url]
        while address := self._arrive(hops[-1]):
            raw, error, ms = self._get(address, hops[-1])
            target = urls.redirects_to(raw, self.wanted)
            if target is None:
                self._end(hops, "")
                for check in urls.answers(self.wanted, ms, self._last):
                    self._saw(check, (raw, error, ms))
                return
            found, wrong = _next(hops, target)
            if found is None:
                self._end(hops, wrong)
                break
            hops.append(found)
        for check in urls.answers(self.wanted, 0.0, self._last):
            self._saw(check, None)

    def _end(self, hops: Sequence[Url], wrong: str) -> None:
        if wrong or len(hops) > 1:
            self._saw(urls.led(hops, wrong, self._last), ("", "", 0.0))

    def _arrive(self, url: Url) -> str:
        """An address that the page can be asked for at; empty where the way ends here."""
        addresses = [url.host]
        if not url.is_address:
            said = _timed(lambda: json.dumps(_resolve(url)))
            self._saw(urls.resolves(url, self._last), said)
            addresses = texts(listing(said[0]))
        found, ms = _connect(addresses, url.port, self.timeout)
        self._saw(urls.connects(url, self._last), (json.dumps(found), "", ms) if found else None)
        address = next((address for address in addresses if found[address][0] == 0), "")
        if not url.tls:
            return address
        shaken = self._shake(address, url) if address else None
        self._saw(urls.trusted(url, self._last), shaken)
        return address if shaken and not shaken[1] else ""

    def _shake(self, address: str, url: Url) -> _Said:
        return _timed(lambda: visit.shake_hands(address, TlsProbe(url.host, url.port), self.timeout))

    def _get(self, address: str, url: Url) -> _Said:
        path = url.path.replace("{", "{{").replace("}", "}}")  # probes may have the run's token in their path
        return _timed(lambda: visit.get(address, HttpProbe(url.host, path, url.port, url.tls), "", self.timeout))

    @property
    def _last(self) -> tuple[str, ...]:
        return (self.checks[-1].id,) if self.checks else ()

    def _saw(self, check: Check, said: _Said | None) -> None:
        """`said`: None where the way had ended before."""
        if any(check.id == other.id for other in self.checks):
            return  # a redirect to the same host
        self.checks.append(check)
        if said is None:
            return
        raw, error, ms = said
        evidence = Evidence(raw, Facts("", clock=time.time()), States(), error)
        self.verdicts[check.id] = check.judge(evidence), ms


def _next(hops: Sequence[Url], target: str) -> tuple[Url | None, str]:
    """(the next hop, or None; why there is none)."""
    here = hops[-1]
    origin = f"{here.scheme}://{here.at}{here.path}"
    try:
        found = Url.parse(urljoin(origin, target))
    except (UsageError, ValueError):
        return None, f"{here.text} leads to {target[:200]!r}, which is no web address"
    if any(found.same_page(hop) for hop in hops):
        return None, f"goes in a circle, back to {found.text}"
    if len(hops) > MOST_HOPS:
        return None, f"more than {MOST_HOPS} redirects, the next to {found.text}"
    return found, ""


def _timed(ask: Callable[[], str]) -> _Said:
    began = time.perf_counter()
    try:
        raw, error = ask(), ""
    except Exception as caught:  # whoever answers may have any library raise anything
        raw, error = "", str(caught) or type(caught).__name__
    return raw, error, (time.perf_counter() - began) * 1000


def _resolve(url: Url) -> list[str]:
    found = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _connect(addresses: Sequence[str], port: int, timeout: float) -> tuple[dict[str, tuple[int | None, str]], float]:
    """Address → (0, or the errno where there is one; why not), all of them at once; the quickest's milliseconds."""

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
