"""A certificate and its key on a host, whoever made them.

A key never leaves the host; lampctl learns only whether it matches its certificate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from lampctl.answers import format_time, parse_time, sections
from lampctl.resources.shell import script, words

DAY = 86_400.0
DAYS_LEFT = 14  # fewer are too few, even of a certificate that lives for a year


@dataclass(frozen=True)
class Pair:
    """Where a certificate (its chain, the site's own first) and its key are on the host; both in PEM."""

    certificate: str
    key: str


@dataclass(frozen=True)
class CertificateState:
    """The state of a pair. Times are seconds since the epoch; `key`: fits, other, unreadable, or missing."""

    names: frozenset[str] = frozenset()
    expires: float = 0.0
    fingerprint: str = ""  # SHA-256, hexadecimal
    key: str = "missing"
    rights: str = ""  # the key's owner and mode: `root:root 600`
    issuer: str = ""  # the ACME server's directory; empty if certbot does not know the certificate
    signed: bool = True  # by its authority, if it should have one
    begins: float = 0.0  # 0: unknown
    unrenewable: str = ""  # why certbot would not renew it; empty: it would, or it is not certbot's

    def lacks(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that the certificate does not cover."""
        return [name for name in names if not self.names & {name, "*." + name.partition(".")[2]}]

    @property
    def end(self) -> str:
        return format_time(self.expires, "%Y-%m-%d %H:%M UTC")

    def days(self, now: float) -> int:
        """Whole days until it expires; negative if it has expired."""
        return int((self.expires - now) // DAY)

    def is_overdue(self, now: float) -> bool:
        """Should it have been renewed? Clients renew at a third of a certificate's life, which may be six days."""
        life = self.expires - self.begins
        return self.expires - now < (min(DAYS_LEFT * DAY, life / 3) if self.begins else DAYS_LEFT * DAY)


def look(pair: Pair, authority: str = "") -> str:
    """Shell that prints what `read` parses of one pair; `absent` if the file does not exist.

    Args:
        authority: The certificate of the authority that should have signed it; empty: not tested.
    """
    return script("certificate/look") + words(["look_at_pair", pair.certificate, pair.key, authority])


def read(raw: str) -> CertificateState | str:
    """The state, or why there is none: absent, unreadable."""
    word = next((word for word in ("absent", "unreadable") if word in raw.splitlines()), "")
    expires = _time("notAfter", raw)
    if word or expires is None:
        return word or "unreadable"
    print_ = re.search(r"Fingerprint=([0-9A-F:]+)", raw)
    rights = re.search(r"^rights=(.+)$", raw, re.MULTILINE)
    issuer = re.search(r"^server = (.+)$", raw, re.MULTILINE)
    why = re.search(r"^unrenewable=(.+)$", raw, re.MULTILINE)
    return CertificateState(
        names=frozenset(address(n) or n for n in re.findall(r"(?:DNS|IP Address):([^,\s]+)", raw)),
        expires=expires,
        fingerprint=print_[1].replace(":", "").lower() if print_ else "",
        key=_match_key(raw, bool(rights)),
        rights=rights[1] if rights else "",
        issuer=issuer[1] if issuer else "",
        signed="unsigned" not in raw.splitlines(),
        begins=_time("notBefore", raw) or 0.0,
        unrenewable=why[1] if why else "",
    )


def _time(name: str, raw: str) -> float | None:
    """The time after `NAME=`, as OpenSSL prints it."""
    found = re.search(rf"^{name}=(.+)$", raw, re.MULTILINE)
    return parse_time(found[1], "%b %d %H:%M:%S %Y %Z") if found else None


def address(name: str) -> str:
    """An IP address in Python's notation, which differs from OpenSSL's; empty if `name` is not an address."""
    try:
        return str(ip_address(name))
    except ValueError:
        return ""


def _match_key(raw: str, exists: bool) -> str:
    """Compare the public key of the certificate with that of the key."""
    public = re.findall(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", raw, re.DOTALL)
    if not exists:
        return "missing"
    if len(public) < 2:
        return "unreadable"
    return "fits" if public[0] == public[1] else "other"


def parse(raw: str) -> dict[str, CertificateState]:
    """The states of the pairs that exist and are valid PEM."""
    found = {key: read(text) for key, text in sections(raw).items()}
    return {key: state for key, state in found.items() if isinstance(state, CertificateState)}
