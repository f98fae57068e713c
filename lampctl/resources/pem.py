"""A certificate and its key as they are on a host, whoever made them.

A key never leaves the host; what comes back of it is whether it fits its certificate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from lampctl.answers import seconds, sections, shown
from lampctl.resources.shell import quote

DAY = 86_400.0


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


def look(pair: Pair) -> str:
    """Shell that prints what `read` understands of one pair; `absent` where there is no file."""
    certificate, key = quote(pair.certificate), quote(pair.key)
    return (
        f"if [ -e {certificate} ]; then\n"
        f"openssl x509 -in {certificate} -noout -enddate -fingerprint -sha256 -ext subjectAltName -pubkey 2>/dev/null"
        " || echo unreadable\n"
        "else echo absent; fi\n"
        f"if [ -e {key} ]; then stat -Lc 'rights=%U:%G %a' {key}\n"
        f"openssl pkey -in {key} -pubout -passin pass: 2>/dev/null || echo keyless; fi"
    )


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
        names=frozenset(address(n) or n for n in re.findall(r"(?:DNS|IP Address):([^,\s]+)", raw)),
        expires=expires,
        fingerprint=print_[1].replace(":", "").lower() if print_ else "",
        key=_fit(raw, bool(rights)),
        rights=rights[1] if rights else "",
        issuer=issuer[1] if issuer else "",
        signed="unsigned" not in raw.splitlines(),
    )


def address(name: str) -> str:
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


def parse(raw: str) -> dict[str, CertificateState]:
    """Without those that do not exist, or are not valid PEM."""
    found = {key: read(text) for key, text in sections(raw).items()}
    return {key: state for key, state in found.items() if isinstance(state, CertificateState)}


def labelled(key: str, script: str) -> str:
    """Shell that runs `script`, and prints `key` and a tab before each line of its output."""
    return f"{{ {script}\n}} | awk -v key={quote(key)} '{{ print key \"\\t\" $0 }}'"
