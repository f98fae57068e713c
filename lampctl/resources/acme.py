"""Certificates that an ACME server issues, requested and renewed by certbot.

They are requested once the web server runs: it answers the server's challenge from a folder. A name that does not point
to this host is no fault of the configuration files: the step reports it, and the run goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.resources.base import Action, Change, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.pem import CertificateState, Pair, look, parse
from lampctl.resources.shell import labelled, script, words

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
LIVE = "/etc/letsencrypt/live"
HOOK = "/etc/letsencrypt/renewal-hooks/deploy/lampctl"  # certbot runs it after each renewal
LOGS = "/var/lib/lampctl/acme"  # certbot's last error for each site without a certificate


@dataclass(frozen=True)
class AcmeCertificate:
    """A certificate for `names` of the ACME server at `directory`. `webroot`: where certbot puts its answers."""

    site: str
    layer: str
    names: tuple[str, ...]
    webroot: str
    challenges: str  # the folder below it that is served at `url`
    url: str
    directory: str = LETS_ENCRYPT
    email: str = ""

    @property
    def pair(self) -> Pair:
        return Pair(f"{LIVE}/{self.site}/fullchain.pem", f"{LIVE}/{self.site}/privkey.pem")

    @property
    def key(self) -> str:
        return f"acme:{self.site}"

    @property
    def log(self) -> str:
        return f"{LOGS}/{self.site}.log"


def look_at(item: AcmeCertificate) -> str:
    """Shell that prints what `read` parses: the pair, the server that issued it, and why it would not be renewed."""
    return f"{look(item.pair)}\n{script('acme/renewal')}{words(['look_at_renewal', item.site, item.webroot])}"


def probe(certificates: Sequence[AcmeCertificate]) -> str:
    return "\n".join(labelled(item.key, look_at(item)) for item in certificates) or ":"


def compare(item: AcmeCertificate, state: CertificateState | None, view: HostView) -> Change | None:
    names = ", ".join(item.names)
    if state is None:
        text = f"requested from {item.directory} for {names}; HTTPS follows in the same run, once it is issued\n"
        return Change(item.key, item.layer, Action.CREATE, text)
    why = ""
    if state.names != frozenset(item.names):
        why = f"is for {', '.join(sorted(state.names))} -> {names}"
    elif state.issuer not in ("", item.directory):
        why = f"comes from {state.issuer} -> {item.directory}"
    elif state.key != "fits":
        why = f"its key is {state.key}"
    elif state.is_overdue(view.clock):
        why = f"has {state.days(view.clock)} days left, and certbot's timer did not renew it"
    elif state.unrenewable:
        why = f"would not be renewed: {state.unrenewable}"
    return Change(item.key, item.layer, Action.UPDATE, why + "\n") if why else None


def steps(changed: Sequence[Changed[AcmeCertificate]], view: HostView) -> list[Step]:  # noqa: ARG001
    return [Step(f"certificate {item.site} by ACME", item.layer, _script(item)) for item, _ in changed]


def _script(item: AcmeCertificate) -> str:
    options = [
        "--webroot",
        f"--webroot-path={item.webroot}",
        f"--cert-name={item.site}",
        *(f"--domain={name}" for name in item.names),
        f"--server={item.directory}",
        f"--email={item.email}" if item.email else "--register-unsafely-without-email",
    ]
    return script(
        "acme/reach",
        "acme/ask",
        challenges=item.challenges,
        url=item.url,
        log=item.log,
        hook=HOOK,
        site=item.site,
        names=item.names,
        options=options,
    )


ACME_CERTIFICATES = Kind("acme", ("acme",), (AcmeCertificate,), Phase.AFTER, probe, parse, compare, steps)
