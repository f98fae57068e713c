"""TLS certificates with their keys: looked at, whoever made them; and the self-signed ones, which are made on the host.

A key never leaves the host; what comes back of it is whether it fits its certificate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lampctl.resources.base import Action, Change, Step
from lampctl.resources.shell import quote

DIRECTORY = "/etc/lampctl/tls"
DAY = 86_400.0
LIFETIME = 397  # days; browsers trust none that live longer
RENEWED = 30  # days before its end at which a self-signed certificate is made anew


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

    def lacks(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that the certificate does not cover."""
        return [name for name in names if not self.names & {name, "*." + name.partition(".")[2]}]

    def days(self, now: float) -> int:
        """Whole days until it ends; negative where it has ended."""
        return int((self.expires - now) // DAY)


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for `names`, the first of which is the site's."""

    site: str
    layer: str
    names: tuple[str, ...]

    @property
    def pair(self) -> Pair:
        return Pair(f"{DIRECTORY}/{self.site}/certificate.pem", f"{DIRECTORY}/{self.site}/key.pem")

    @property
    def key(self) -> str:
        return f"certificate:{self.pair.certificate}"


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
    if word or not ends:
        return word or "unreadable"
    print_ = re.search(r"Fingerprint=([0-9A-F:]+)", raw)
    rights = re.search(r"^rights=(.+)$", raw, re.MULTILINE)
    issuer = re.search(r"^server = (.+)$", raw, re.MULTILINE)
    return CertificateState(
        names=frozenset(re.findall(r"DNS:([^,\s]+)", raw)),
        expires=datetime.strptime(ends[1], "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC).timestamp(),
        fingerprint=print_[1].replace(":", "").lower() if print_ else "",
        key=_fit(raw, bool(rights)),
        rights=rights[1] if rights else "",
        issuer=issuer[1] if issuer else "",
    )


def _fit(raw: str, there: bool) -> str:
    """One public key comes from the certificate and one from the key: they have to be the same."""
    public = re.findall(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", raw, re.DOTALL)
    if not there:
        return "missing"
    if len(public) < 2:
        return "unreadable"
    return "fits" if public[0] == public[1] else "other"


def probe(certificates: Sequence[Certificate]) -> str:
    """Shell that looks at each of them, after a line with its key."""
    return "\n".join(f"echo {quote(f'== {item.key}')}\n{look(item.pair)}" for item in certificates) or ":"


def parse(raw: str) -> dict[str, CertificateState]:
    """Certificate key → state; without those that are absent or no certificates."""
    sections = (section.partition("\n") for section in raw.split("== ")[1:])
    found = {key: read(text) for key, _, text in sections}
    return {key: state for key, state in found.items() if isinstance(state, CertificateState)}


def compare(certificate: Certificate, state: object, now: float) -> Change | None:
    """`now`: the host's clock."""
    if not isinstance(state, CertificateState):
        text = f"self-signed for {', '.join(certificate.names)}, made on the host\n"
        return Change(certificate.key, certificate.layer, Action.CREATE, text)
    why = ""
    if state.names != frozenset(certificate.names):
        why = f"is for {', '.join(sorted(state.names))} -> {', '.join(certificate.names)}"
    elif state.key != "fits":
        why = "its key does not fit" if state.key == "other" else f"its key is {state.key}"
    elif state.days(now) < RENEWED:
        why = f"ends in {state.days(now)} days" if state.days(now) >= 0 else "has ended"
    elif state.rights != "root:root 600":
        why = f"key: {state.rights} -> root:root 600"
    return Change(certificate.key, certificate.layer, Action.UPDATE, why + "\n") if why else None


def steps(certificates: Sequence[Certificate]) -> list[Step]:
    return [
        Step(
            f"certificate {item.site}",
            item.layer,
            _MAKE.format(
                directory=quote(f"{DIRECTORY}/{item.site}"),
                common=item.site[:64],  # that is all a common name may have; clients look at subjectAltName
                names=",".join(f"DNS:{name}" for name in item.names),
                days=LIFETIME,
            ),
        )
        for item in certificates
    ]


# Key and certificate are made under other names first: a run that dies leaves the former pair, or one that does not
# fit, which the next run sees.
_MAKE = r"""
umask 077
mkdir -p {directory}
chmod 700 /etc/lampctl /etc/lampctl/tls {directory}
cat > request <<'END'
[req]
distinguished_name = subject
x509_extensions = extensions
prompt = no
[subject]
CN = {common}
[extensions]
subjectAltName = {names}
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
END
openssl req -config request -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -sha256 -days {days} -nodes \
    -keyout {directory}/key.new -out {directory}/certificate.new 2> said || {{ cat said; exit 1; }}
mv {directory}/key.new {directory}/key.pem
mv {directory}/certificate.new {directory}/certificate.pem
"""
