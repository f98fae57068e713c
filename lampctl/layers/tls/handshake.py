"""TLS as a visitor's client sees it: the served certificate and the protocol."""

from __future__ import annotations

from dataclasses import dataclass

from lampctl.answers import parse_float, parse_object, strings
from lampctl.checks import Evidence, Status, Verdict, failed, passed, unknown
from lampctl.layers.http import FIREWALL
from lampctl.resources.certificate import CERTIFICATES
from lampctl.resources.pem import DAYS_LEFT, CertificateState

LEFT = f"{DAYS_LEFT} days or a third of its life left"


def judge_state(state: CertificateState, names: tuple[str, ...], seen: Evidence, hint: str) -> Verdict:
    days = state.days(seen.facts.clock)
    if lacking := state.lacks(names):
        return failed(f"does not cover {', '.join(lacking)}", f"covers {', '.join(sorted(state.names))}", hint)
    if days < 0:
        return failed(f"expired at {state.end}", hint=hint)
    if state.is_overdue(seen.facts.clock):
        return failed(f"{days} days left", hint=hint)
    return passed(f"for {', '.join(names)}, {days} days left")


@dataclass(frozen=True)
class _Handshake:
    """What the controller's client observed; see `shake_hands` in engine/visit.py."""

    names: frozenset[str]
    expires: float
    fingerprint: str
    distrust: str
    version: str
    alpn: str
    old: str
    begins: float


def _handshake(raw: str) -> _Handshake:
    found = parse_object(raw) or {}
    expires = parse_float(str(found.get("expires"))) or 0.0
    fingerprint, distrust, version, alpn, old = (
        str(found.get(name) or "") for name in ("fingerprint", "distrust", "version", "alpn", "old")
    )
    begins = parse_float(str(found.get("begins"))) or 0.0
    names = frozenset(strings(found.get("names")))
    return _Handshake(names, expires, fingerprint, distrust, version, alpn, old, begins)


def judge_chain(names: tuple[str, ...], own: str, seen: Evidence) -> Verdict:
    """`seen.raw`: the controller's handshake, as JSON. `own`: the resource key of a self-signed certificate."""
    if seen.error:
        return failed("no TLS from outside", seen.error, FIREWALL)
    found = _handshake(seen.raw)
    state = CertificateState(found.names, found.expires, found.fingerprint, begins=found.begins)
    on_host = seen.states.get(CERTIFICATES, own)
    hint = "lampctl deploy creates a new one" if own else "install a new one on the host"
    verdict = judge_state(state, names, seen, hint)
    if own and on_host and on_host.fingerprint != state.fingerprint:
        hint = "lampctl deploy reloads the web server; or something between here and the host answers"
        return failed("the served certificate is not the host's", f"its SHA-256 is {state.fingerprint}", hint)
    if not own and found.distrust and verdict.status is Status.PASS:
        hint = "is the chain complete? For a private authority: start lampctl with SSL_CERT_FILE=its-root.pem"
        return failed("this machine does not trust it", found.distrust, hint)
    return verdict


def judge_protocol(profile: str, seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    found = _handshake(seen.raw)
    hint = "lampctl plan shows what differs from the profile; another vhost on port 443 might lower it"
    if profile == "intermediate" and found.old:
        return failed(f"accepts {found.old}", hint=hint)
    if profile == "old" and not found.old:
        return failed("refuses TLS 1.1", hint=hint)
    if found.alpn != "h2":
        return failed(f"speaks {found.alpn or 'HTTP/1.1 only'}", hint=hint)
    return passed(f"{found.version} and HTTP/2, {'accepts' if found.old else 'refuses'} TLS 1.1")
