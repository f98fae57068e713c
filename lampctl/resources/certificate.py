"""TLS certificates that are made on the host: self-signed, or by an authority of the host's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lampctl.resources.base import Action, Change, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.pem import CertificateState, Pair, address, labelled, look, parse
from lampctl.resources.shell import quote

DIRECTORY = "/etc/lampctl/tls"
LIFETIME = 397  # days; browsers trust none that live longer
RENEWED = 30  # days before its end at which one that was made here is made anew
# Days of what only our own clients trust: who never deploys again shall not lose the wire for that.
SIGNED, AUTHORITY = 3650, 7300


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


def probe(certificates: Sequence[Certificate]) -> str:
    """Shell that prints lines `key<TAB>text` with what `read` understands."""
    return "\n".join(labelled(item.key, f"{look(item.pair)}{_verify(item)}") for item in certificates) or ":"


def _verify(item: Certificate) -> str:
    authority, certificate = quote(item.authority.certificate), quote(item.pair.certificate)
    verify = f"\nopenssl verify -CAfile {authority} {certificate} >/dev/null 2>&1 || echo unsigned"
    return verify if item.signed else ""


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
    return (_SIGN if item.signed else _MAKE).format(
        new="openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -sha256 -nodes",
        directory=quote(f"{DIRECTORY}/{item.site}"),
        common=item.names[0][:50],  # a common name has at most 64 characters; clients look at subjectAltName
        names=",".join(f"IP:{name}" if address(name) else f"DNS:{name}" for name in item.names),
        days=SIGNED if item.signed else LIFETIME,
        authority_days=AUTHORITY,
    )


# Key and certificate are made under other names first: a run that dies leaves the former pair, or one that does not
# fit, which the next run sees.
_MAKE = r"""
umask 077
mkdir -p {directory}
chmod 700 /etc/lampctl /etc/lampctl/tls {directory}
new() {{ {new} "$@" 2> said || {{ cat said; exit 1; }}; }}
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
set -- -config request -days {days} -keyout {directory}/key.new -out {directory}/certificate.new
new "$@"
mv {directory}/key.new {directory}/key.pem
mv {directory}/certificate.new {directory}/certificate.pem
"""

# The authority stays. One that nears its end, or whose key is lost, signs nothing any more. It is part of the chain:
# MariaDB's client takes a root that it does not know on the word of the account, but no chain that lacks its end.
_SIGN = _MAKE.replace(
    'new "$@"',
    r"""
by={directory}/authority
[ -s "$by.key" ] && openssl x509 -in "$by.pem" -noout -checkend 31536000 >/dev/null 2>&1 || {{
    new -subj '/CN=lampctl on {common}' -days {authority_days} -keyout "$by.key.new" -out "$by.pem.new" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
    mv "$by.key.new" "$by.key"
    mv "$by.pem.new" "$by.pem"
}}
new "$@" -CA "$by.pem" -CAkey "$by.key"
cat "$by.pem" >> {directory}/certificate.new
""",
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
