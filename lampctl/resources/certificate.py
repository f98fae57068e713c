"""TLS certificates that are created on the host: self-signed, or signed by the host's own authority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lampctl.resources.base import Action, Change, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.pem import CertificateState, Pair, address, look, parse
from lampctl.resources.shell import labelled, script

DIRECTORY = "/etc/lampctl/tls"
LIFETIME = 397  # days; browsers reject longer ones
RENEWED = 30  # days before its expiry at which a certificate is replaced
# Days. Only lampctl's own clients trust these, and their connections must survive years without a deploy.
SIGNED, AUTHORITY = 3650, 7300


@dataclass(frozen=True)
class Certificate:
    """A certificate for `names` (the site's or the host's first): self-signed, or signed by its own authority.

    Clients that have the authority accept a new certificate without any change.
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
    """Add the names of the current certificate to those with an authority: other playbooks might use these names."""
    return [_widened(item, view.states.get(CERTIFICATES, item.key)) for item in certificates]


def _widened(certificate: Certificate, state: CertificateState | None) -> Certificate:
    if not certificate.signed or state is None or not state.signed:
        return certificate
    return replace(certificate, names=(*certificate.names, *sorted(state.names.difference(certificate.names))))


def probe(certificates: Sequence[Certificate]) -> str:
    """Shell that prints lines `key<TAB>text` that `read` parses."""
    return "\n".join(labelled(item.key, look(item.pair, _verifier(item))) for item in certificates) or ":"


def _verifier(item: Certificate) -> str:
    return item.authority.certificate if item.signed else ""


def compare(certificate: Certificate, state: CertificateState | None, view: HostView) -> Change | None:
    if state is None:
        kind = "signed by its own authority," if certificate.signed else "self-signed"
        text = f"{kind} for {', '.join(certificate.names)}, created on the host\n"
        return Change(certificate.key, certificate.layer, Action.CREATE, text)
    why = ""
    if certificate.signed and not state.signed:
        why = "is not signed by its authority"
    elif state.names != frozenset(certificate.names):
        why = f"is for {', '.join(sorted(state.names))} -> {', '.join(certificate.names)}"
    elif state.key != "fits":
        why = "its key does not match" if state.key == "other" else f"its key is {state.key}"
    elif state.days(view.clock) < RENEWED:
        why = f"expires at {state.end}"
    elif state.rights != "root:root 600":
        why = f"key: {state.rights} -> root:root 600"
    return Change(certificate.key, certificate.layer, Action.UPDATE, why + "\n") if why else None


def steps(changed: Sequence[Changed[Certificate]], view: HostView) -> list[Step]:  # noqa: ARG001
    return [Step(f"certificate {item.site}", item.layer, _script(item)) for item, _ in changed]


def _script(item: Certificate) -> str:
    return script(
        "certificate/make",
        directory=f"{DIRECTORY}/{item.site}",
        common=item.names[0][:50],  # a common name has at most 64 characters; clients use subjectAltName
        names=",".join(f"IP:{name}" if address(name) else f"DNS:{name}" for name in item.names),
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
