"""What a visitor's client learns of TLS: the certificate that is served, and by which protocol."""

from __future__ import annotations

from dataclasses import dataclass

from lampctl.answers import decimal, mapping, texts
from lampctl.checks import Evidence, Status, Verdict, failed, passed, unknown
from lampctl.resources.certificate import CERTIFICATES
from lampctl.resources.pem import CertificateState

DAYS_LEFT = 14  # fewer are a failure


def judge_state(state: CertificateState, names: tuple[str, ...], seen: Evidence, hint: str) -> Verdict:
    days = state.days(seen.facts.clock)
    if lacking := state.lacks(names):
        return failed(f"does not cover {', '.join(lacking)}", f"covers {', '.join(sorted(state.names))}", hint)
    if days < 0:
        return failed(f"ended at {state.end}", hint=hint)
    if days < DAYS_LEFT:
        return failed(f"{days} days left", hint=hint)
    return passed(f"for {', '.join(names)}, {days} days left")


@dataclass(frozen=True)
class _Handshake:
    """What the controller's client got to know; see `shake_hands` in engine/visit.py."""

    names: frozenset[str]
    expires: float
    fingerprint: str
    distrust: str
    version: str
    alpn: str
    old: str


def _handshake(raw: str) -> _Handshake:
    found = mapping(raw) or {}
    expires = decimal(str(found.get("expires"))) or 0.0
    words = (str(found.get(name) or "") for name in ("fingerprint", "distrust", "version", "alpn", "old"))
    return _Handshake(frozenset(texts(found.get("names"))), expires, *words)


def judge_chain(names: tuple[str, ...], own: str, seen: Evidence) -> Verdict:
    """`seen.raw`: the controller's handshake, as JSON. `own`: the key of the certificate that the host made."""
    if seen.error:
        hint = "is a firewall, or a cloud's security group, in between? Port 443 has to be open for visitors"
        return failed("no TLS from outside", seen.error, hint)
    found = _handshake(seen.raw)
    state = CertificateState(found.names, found.expires, found.fingerprint)
    there = seen.states.get(CERTIFICATES, own)
    hint = "lampctl deploy makes a new one" if own else "put a new one on the host"
    verdict = judge_state(state, names, seen, hint)
    if own and there and there.fingerprint != state.fingerprint:
        hint = "lampctl deploy reloads the web server; or something between here and the host answers"
        return failed("another certificate than the host's is served", f"its SHA-256 is {state.fingerprint}", hint)
    if not own and found.distrust and verdict.status is Status.PASS:
        hint = "is the chain whole? Of a private authority: start lampctl with SSL_CERT_FILE=its-root.pem"
        return failed("this machine does not trust it", found.distrust, hint)
    return verdict


def judge_protocol(profile: str, seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    found = _handshake(seen.raw)
    hint = "lampctl plan shows what differs from the profile; another vhost of port 443 may lower it"
    if profile == "intermediate" and found.old:
        return failed(f"accepts {found.old}", hint=hint)
    if profile == "old" and not found.old:
        return failed("refuses TLS 1.1", hint=hint)
    if found.alpn != "h2":
        return failed(f"speaks {found.alpn or 'HTTP/1.1 only'}", hint=hint)
    return passed(f"{found.version} and HTTP/2, {'accepts' if found.old else 'refuses'} TLS 1.1")
