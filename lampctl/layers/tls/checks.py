"""The checks of TLS: the certificate on the host, and the one that a visitor gets."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lampctl.answers import sections
from lampctl.checks import (
    Check,
    Evidence,
    HostProbe,
    HttpProbe,
    Judge,
    Probe,
    TlsProbe,
    Verdict,
    Where,
    failed,
    passed,
    unknown,
)
from lampctl.layers import http
from lampctl.layers.base import Context
from lampctl.layers.tls.handshake import LEFT, judge_chain, judge_protocol, judge_state
from lampctl.layers.tls.profile import profile_of
from lampctl.layers.vhost import Https, certificate_of, names_of
from lampctl.playbook import TlsOptions
from lampctl.resources import AcmeCertificate, Pair
from lampctl.resources.acme import look_at
from lampctl.resources.pem import CertificateState, look, read
from lampctl.resources.shell import labelled, quote, script, words


def _check(
    id: str,
    where: Where,
    title: str,
    expected: str,
    judge: Judge,
    needs: tuple[str, ...],
    probe: Probe,
    *,
    undoable: bool = True,
) -> Check:
    return Check(f"tls.{id}", "tls", where, title, expected, judge, needs, probe, undoable)


def certificate_check(site: str, names: tuple[str, ...], pair: Pair, *, made: bool) -> Check:
    """The check of a pair on the host. `made`: lampctl created it."""
    hint = "lampctl deploy creates a new one" if made else f"install a valid one at {pair.certificate} and {pair.key}"
    return _check(
        f"certificate@{site}",
        Where.HOST,
        "the certificate and its key are valid",
        f"covers all names of {site}, {LEFT}",
        lambda seen: _judge_pair(read(seen.raw), names, seen, hint),
        ("linux.ssh",),
        HostProbe(look(pair)),
        undoable=False,
    )


def acme_checks(site: str, item: AcmeCertificate) -> Iterator[Check]:
    """The checks of the certificate, or why it is not issued; and of the challenge, on which its renewal depends."""
    unreached = f'unreached {quote(item.url)}"lampctl-probe-$TOKEN.txt" "lampctl-static " {words(item.names)}'
    parts = {
        "pair": look_at(item),
        "wrong": f"{script('acme/reach')}{unreached}",
        "log": f"[ ! -e {quote(item.log)} ] || cat {quote(item.log)}",
    }
    ask = "\n".join(labelled(name, part) for name, part in parts.items())
    yield _check(
        f"certificate@{site}",
        Where.HOST,
        "the ACME server has issued the certificate",
        f"covers all names of {site}, {LEFT}",
        partial(_judge_acme, item),
        ("web.config",),
        HostProbe(ask),
        undoable=False,
    )
    yield _check(
        f"challenge@{site}",
        Where.HOST,
        "an ACME server can reach this host by each name",
        "every address of every name answers the challenge",
        _judge_challenge,
        (f"tls.certificate@{site}",),
        HostProbe(ask),
        undoable=False,
    )


def https_checks(context: Context, site: str, options: TlsOptions, found: Https) -> Iterator[Check]:
    """The checks of HTTPS from outside."""
    certificate, needs = f"tls.certificate@{site}", ("web.config",)
    item = certificate_of(context, site, options)
    own = item.key if options.mode == "self-signed" and item else ""
    chain = "the certificate on the host" if own else "a chain that this machine trusts"
    chain += f", its names, {LEFT}"
    names, probe = names_of(context, site), TlsProbe(site)
    judge = partial(judge_chain, names, own)
    yield _check(f"chain@{site}", Where.OUTSIDE, "a visitor can trust the certificate", chain,
                 judge, (certificate, *needs), probe, undoable=bool(own))  # fmt: skip
    profile = profile_of(context)
    floor = "TLS 1.1 refused" if profile.name == "intermediate" else "TLS 1.0 for old clients"
    yield _check(f"protocol@{site}", Where.OUTSIDE, f"Mozilla's {profile.name} profile, and HTTP/2", f"{floor}; HTTP/2",
                 partial(judge_protocol, profile.name), (certificate, *needs), probe)  # fmt: skip
    if found.redirect:
        yield _check(f"redirect@{site}", Where.OUTSIDE, "HTTP redirects to HTTPS", f"301 to https://{site}/…",
                     partial(_judge_redirect, site), needs, HttpProbe(site, _PATH))  # fmt: skip


_PATH = "/lampctl-probe-{token}/?a=b"


def _judge_pair(state: CertificateState | str, names: tuple[str, ...], seen: Evidence, hint: str) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    if not isinstance(state, CertificateState):
        return failed("it does not exist" if state == "absent" else "the file is not a PEM certificate", hint=hint)
    if state.key != "fits":
        messages = {"other": "the key belongs to another certificate", "missing": "the key is missing"}
        return failed(messages.get(state.key, "the key cannot be read"), hint=hint)
    return judge_state(state, names, seen, hint)


def _judge_acme(item: AcmeCertificate, seen: Evidence) -> Verdict:
    """`seen.raw`: the sections of `acme_checks`."""
    found = sections(seen.raw)
    state = read(found.get("pair", ""))
    hint = "journalctl -u certbot shows why it was not renewed; lampctl deploy requests it again"
    if isinstance(state, CertificateState) or seen.error:
        return _judge_pair(state, item.names, seen, hint)
    if wrong := _elsewhere(found.get("wrong", "")):
        return failed(f"not issued yet: {wrong[0]}", "\n".join(wrong[1:]), _POINT)
    log = found.get("log", "").strip() or "certbot has not run yet"
    return failed(
        f"not issued yet, though each name points to this host: no certificate from {item.directory}",
        log,
        "rerun lampctl deploy",
    )


_POINT = "point the name's A and AAAA records at this host and open port 80; then rerun lampctl deploy"


def _elsewhere(raw: str) -> list[str]:
    """The lines of host/acme/reach.sh as messages."""
    found = []
    for line in raw.splitlines():
        match line.split("\t"):
            case ["unresolved", name]:
                found.append(f"{name} does not resolve on the host")
            case ["elsewhere", name, address, answer]:
                found.append(f"{name} points to {address}, where this host does not answer: {answer}")
    return found


def _judge_challenge(seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    found = _elsewhere(sections(seen.raw).get("wrong", ""))
    if found:
        return failed(found[0], "\n".join(found[1:]), f"the next renewal would fail: {_POINT}")
    return passed("every name points to this host")


def _judge_redirect(site: str, seen: Evidence) -> Verdict:
    if seen.error:
        return http.judge_incomplete("from outside", seen, "port 80 must be open too: visitors start there")
    answer = http.parse(seen.raw)
    if answer is None:
        return failed("no HTTP answer", seen.raw[:200])
    to = answer.headers.get("location", "")
    if answer.status == 301 and to.startswith(f"https://{site}/lampctl-probe-") and to.endswith("/?a=b"):
        return passed(f"301 to https://{site}/…")
    return failed(
        f"{answer.status} {to}".strip(),
        answer.body[:200],
        "another vhost answers for this name on port 80, or ours was changed: lampctl plan; lampctl deploy restores it",
    )
