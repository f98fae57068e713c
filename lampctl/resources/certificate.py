"""TLS certificates with their keys: looked at, whoever made them; and those that are made on the host.

A key never leaves the host; what comes back of it is whether it fits its certificate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from lampctl.answers import seconds, sections, shown
from lampctl.resources.base import Action, Change, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.shell import quote, script, words

DIRECTORY = "/etc/lampctl/tls"
DAY = 86_400.0
LIFETIME = 397  # days; browsers trust none that live longer
RENEWED = 30  # days before its end at which one that was made here is made anew
# Days of what only our own clients trust: who never deploys again shall not lose the wire for that.
SIGNED, AUTHORITY = 3650, 7300


@dataclass(frozen=True)
class Pair:
    """Where a certificate (its chain, the site's own first) and its key are on the host; both in PEM."""

    certificate: str
    key: str


@dataclass(frozen=True)
class CertificateState:
    """What a pair is. `expires`: seconds since the epoch; `key`: fits, other, unreadable, or missing."""

    names: frozenset[str] = frozenset()
    expires: float = 0.0
    fingerprint: str = ""  # SHA-256, hexadecimal
    key: str = "missing"
    rights: str = ""  # the key's owner and mode: `root:root 600`
    issuer: str = ""  # the ACME server's directory, where certbot knows one
    signed: bool = True  # by the authority beside it, where it is one's

    def lacks(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that the certificate does not cover."""
        return [name for name in names if not self.names & {name, "*." + name.partition(".")[2]}]

    @property
    def end(self) -> str:
        return shown(self.expires, "%Y-%m-%d %H:%M UTC")

    def days(self, now: float) -> int:
        """Whole days until it ends; negative where it has ended."""
        return int((self.expires - now) // DAY)


@dataclass(frozen=True)
class Certificate:
    """A certificate for `names` (the first is the site's, or the host's): self-signed, or by an authority of its own.

    Clients that are given the authority need not hear of it when the certificate is made anew.
    """

    site: str
    layer: str
    names: tuple[str, ...]
    signed: bool = False  # by an authority

    @property
    def pair(self) -> Pair:
        return Pair(f"{DIRECTORY}/{self.site}/certificate.pem", f"{DIRECTORY}/{self.site}/key.pem")

    @property
    def authority(self) -> Pair:
        return Pair(f"{DIRECTORY}/{self.site}/authority.pem", f"{DIRECTORY}/{self.site}/authority.key")

    @property
    def key(self) -> str:
        return f"certificate:{self.pair.certificate}"


def widen(certificates: Sequence[Certificate], view: HostView) -> list[Certificate]:
    """With the names that its authority has signed already: other playbooks may know the host by them."""
    return [_widened(item, view.states.get(CERTIFICATES, item.key)) for item in certificates]


def _widened(certificate: Certificate, state: CertificateState | None) -> Certificate:
    if not certificate.signed or state is None or not state.signed:
        return certificate
    return replace(certificate, names=(*certificate.names, *sorted(state.names.difference(certificate.names))))


def look(pair: Pair, authority: str = "") -> str:
    """Shell that prints what `read` understands of one pair; `absent` where there is no file."""
    return script("certificate/look") + words(["look_at_pair", pair.certificate, pair.key, authority])


def read(raw: str) -> CertificateState | str:
    """The state, or why there is none: absent, unreadable."""
    word = next((word for word in ("absent", "unreadable") if word in raw.splitlines()), "")
    ends = re.search(r"^notAfter=(.+)$", raw, re.MULTILINE)
    expires = seconds(ends[1], "%b %d %H:%M:%S %Y %Z") if ends else None
    if word or expires is None:
        return word or "unreadable"
    print_ = re.search(r"Fingerprint=([0-9A-F:]+)", raw)
    rights = re.search(r"^rights=(.+)$", raw, re.MULTILINE)
    issuer = re.search(r"^server = (.+)$", raw, re.MULTILINE)
    return CertificateState(
        names=frozenset(_address(n) or n for n in re.findall(r"(?:DNS|IP Address):([^,\s]+)", raw)),
        expires=expires,
        fingerprint=print_[1].replace(":", "").lower() if print_ else "",
        key=_fit(raw, bool(rights)),
        rights=rights[1] if rights else "",
        issuer=issuer[1] if issuer else "",
        signed="unsigned" not in raw.splitlines(),
    )


def _address(name: str) -> str:
    """An address as Python writes it, which OpenSSL does not; empty where it is a name."""
    try:
        return str(ip_address(name))
    except ValueError:
        return ""


def _fit(raw: str, there: bool) -> str:
    """One public key comes from the certificate and one from the key: they have to be the same."""
    public = re.findall(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", raw, re.DOTALL)
    if not there:
        return "missing"
    if len(public) < 2:
        return "unreadable"
    return "fits" if public[0] == public[1] else "other"


def probe(certificates: Sequence[Certificate]) -> str:
    """Shell that prints lines `key<TAB>text` with what `read` understands."""
    return "\n".join(labelled(item.key, look(item.pair, _verifier(item))) for item in certificates) or ":"


def labelled(key: str, script: str) -> str:
    """Shell that runs `script`, and prints `key` and a tab before each line of its output."""
    return f"{{ {script}\n}} | awk -v key={quote(key)} '{{ print key \"\\t\" $0 }}'"


def _verifier(item: Certificate) -> str:
    return item.authority.certificate if item.signed else ""


def parse(raw: str) -> dict[str, CertificateState]:
    """Without those that do not exist, or are not valid PEM."""
    found = {key: read(text) for key, text in sections(raw).items()}
    return {key: state for key, state in found.items() if isinstance(state, CertificateState)}


def compare(certificate: Certificate, state: CertificateState | None, view: HostView) -> Change | None:
    if state is None:
        kind = "by an authority of its own," if certificate.signed else "self-signed"
        text = f"{kind} for {', '.join(certificate.names)}, made on the host\n"
        return Change(certificate.key, certificate.layer, Action.CREATE, text)
    why = ""
    if certificate.signed and not state.signed:
        why = "is not by the authority beside it"
    elif state.names != frozenset(certificate.names):
        why = f"is for {', '.join(sorted(state.names))} -> {', '.join(certificate.names)}"
    elif state.key != "fits":
        why = "its key does not fit" if state.key == "other" else f"its key is {state.key}"
    elif state.days(view.clock) < RENEWED:
        why = f"ends at {state.end}"
    elif state.rights != "root:root 600":
        why = f"key: {state.rights} -> root:root 600"
    return Change(certificate.key, certificate.layer, Action.UPDATE, why + "\n") if why else None


def steps(changed: Sequence[Changed[Certificate]], view: HostView) -> list[Step]:  # noqa: ARG001
    return [Step(f"certificate {item.site}", item.layer, _script(item)) for item, _ in changed]


def _script(item: Certificate) -> str:
    return script(
        "certificate/make",
        directory=f"{DIRECTORY}/{item.site}",
        common=item.names[0][:50],  # a common name has at most 64 characters; clients look at subjectAltName
        names=",".join(f"IP:{name}" if _address(name) else f"DNS:{name}" for name in item.names),
        days=SIGNED if item.signed else LIFETIME,
        authority_days=AUTHORITY if item.signed else "",
    )


CERTIFICATES = Kind(
    "certificates",
    ("certificate",),
    (Certificate,),
    Phase.PREPARE,
    probe,
    parse,
    compare,
    steps,
    arrange=widen,
    writes=lambda certificate: (certificate.pair.certificate,),
)
