"""The checks of TLS: the certificate on the host, and what a visitor gets to see of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

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
from lampctl.layers.tls.handshake import DAYS_LEFT, judge_chain, judge_protocol, judge_state
from lampctl.layers.tls.profile import profile_of
from lampctl.layers.vhost import Https, certificate_of, names_of
from lampctl.playbook import TlsOptions
from lampctl.resources import AcmeCertificate, Pair
from lampctl.resources.acme import look_at
from lampctl.resources.pem import CertificateState, look, read
from lampctl.resources.shell import quote, script, words

_WRONG, _SAID = "==wrong", "==said"


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
    """A pair that lies on the host. `made`: by lampctl."""
    hint = "lampctl deploy makes a new one" if made else f"put a good one at {pair.certificate} and {pair.key}"
    return _check(
        f"certificate@{site}",
        Where.HOST,
        "the certificate and its key are good",
        f"covers all names of {site}, {DAYS_LEFT} days left",
        lambda seen: _judge_pair(read(seen.raw), names, seen, hint),
        ("linux.ssh",),
        HostProbe(look(pair)),
        undoable=False,
    )


def acme_checks(site: str, item: AcmeCertificate) -> Iterator[Check]:
    """The certificate, or why there is none; and whether the next one will be to be had."""
    unreached = f'unreached {quote(item.url)}"lampctl-probe-$TOKEN.txt" "lampctl-static " {words(item.names)}'
    ask = (
        f"{look_at(item)}\necho {_WRONG}\n{script('acme/reach')}{unreached}\n"
        f"echo {_SAID}\n[ ! -e {quote(item.log)} ] || cat {quote(item.log)}"
    )
    yield _check(
        f"certificate@{site}",
        Where.HOST,
        "the ACME server's certificate is there",
        f"covers all names of {site}, {DAYS_LEFT} days left",
        partial(_judge_acme, item),
        ("web.config",),
        HostProbe(ask),
        undoable=False,
    )
    yield _check(
        f"challenge@{site}",
        Where.HOST,
        "an ACME server would find this host by each name",
        "every address of every name answers the challenge",
        _judge_challenge,
        (f"tls.certificate@{site}",),
        HostProbe(ask),
        undoable=False,
    )


def renewal_check() -> Check:
    return _check(
        "renewal",
        Where.HOST,
        "certbot renews certificates",
        "certbot.timer active and enabled",
        _judge_renewal,
        ("linux.ssh",),
        HostProbe("systemctl is-active certbot.timer; systemctl is-enabled certbot.timer"),
        undoable=False,
    )


def https_checks(context: Context, site: str, options: TlsOptions, found: Https) -> Iterator[Check]:
    """What a visitor sees."""
    certificate, needs = f"tls.certificate@{site}", ("web.config",)
    item = certificate_of(context, site, options)
    own = item.key if options.mode == "self-signed" and item else ""
    chain = "the certificate on the host" if own else "a chain that this machine trusts"
    chain += f", its names, {DAYS_LEFT} days left"
    names, probe = names_of(context, site), TlsProbe(site)
    judge = partial(judge_chain, names, own)
    yield _check(f"chain@{site}", Where.OUTSIDE, "a visitor can trust the certificate", chain,
                 judge, (certificate, *needs), probe, undoable=bool(own))  # fmt: skip
    profile = profile_of(context)
    floor = "TLS 1.1 refused" if profile.name == "intermediate" else "TLS 1.0 for old clients"
    yield _check(f"protocol@{site}", Where.OUTSIDE, f"Mozilla's {profile.name} profile, and HTTP/2", f"{floor}; HTTP/2",
                 partial(judge_protocol, profile.name), (certificate, *needs), probe)  # fmt: skip
    if found.redirect:
        yield _check(f"redirect@{site}", Where.OUTSIDE, "HTTP leads to HTTPS", f"301 to https://{site}/…",
                     partial(_judge_redirect, site), needs, HttpProbe(site, _PATH))  # fmt: skip


_PATH = "/lampctl-probe-{token}/?a=b"


def _judge_pair(state: CertificateState | str, names: tuple[str, ...], seen: Evidence, hint: str) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    if not isinstance(state, CertificateState):
        return failed("there is none" if state == "absent" else "the file is no certificate in PEM", hint=hint)
    if state.key != "fits":
        said = {"other": "the key belongs to another certificate", "missing": "the key is not there"}
        return failed(said.get(state.key, "the key can not be read"), hint=hint)
    return judge_state(state, names, seen, hint)


def _judge_acme(item: AcmeCertificate, seen: Evidence) -> Verdict:
    """`seen.raw`: the pair, which names do not lead here, and what certbot said last."""
    raw, _, rest = seen.raw.partition(f"{_WRONG}\n")
    wrong, _, said = rest.partition(_SAID)
    state = read(raw)
    hint = "journalctl -u certbot tells why it was not renewed; lampctl deploy asks again"
    if isinstance(state, CertificateState) or seen.error:
        return _judge_pair(state, item.names, seen, hint)
    if found := _elsewhere(wrong):
        return failed(f"there is none yet: {found[0]}", "\n".join(found[1:]), _POINT)
    said = said.strip() or "certbot has not been asked yet"
    return failed(
        f"there is none yet, though each name leads here: {item.directory} gave none", said, "lampctl deploy asks again"
    )


_POINT = "point the name's A and AAAA records at this host and open port 80; then lampctl deploy asks again"


def _elsewhere(raw: str) -> list[str]:
    """`reach`'s lines in words."""
    found = []
    for line in raw.splitlines():
        match line.split("\t"):
            case ["unresolved", name]:
                found.append(f"{name} does not resolve on the host")
            case ["elsewhere", name, address, said]:
                found.append(f"{name} leads to {address}, where another answers, or nobody: {said}")
    return found


def _judge_challenge(seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    found = _elsewhere(seen.raw.partition(f"{_WRONG}\n")[2])
    if found:
        return failed(found[0], "\n".join(found[1:]), f"the next renewal would fail: {_POINT}")
    return passed("every name leads here")


def _judge_renewal(seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    words = seen.raw.split()
    if words == ["active", "enabled"]:
        return passed("certbot.timer active, enabled")
    return failed(f"certbot.timer is {' and '.join(words)}", hint="systemctl enable --now certbot.timer")


def _judge_redirect(site: str, seen: Evidence) -> Verdict:
    if seen.error:
        return http.not_whole("from outside", seen, "port 80 has to be open too: visitors start there")
    answer = http.parse(seen.raw)
    if answer is None:
        return failed("no HTTP answer", seen.raw[:200])
    to = answer.headers.get("location", "")
    if answer.status == 301 and to.startswith(f"https://{site}/lampctl-probe-") and to.endswith("/?a=b"):
        return passed(f"301 to https://{site}/…")
    return failed(f"{answer.status} {to}".strip(), answer.body[:200], "another vhost answers for this name on port 80")
