"""Certificates that an ACME server gives, by certbot, which renews them from then on.

They are asked for when the web server runs: it answers the server's challenge from a folder. That a name does not
lead here is no fault of the files that were handed over: the step says so, and the run goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.resources.base import Action, Change, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.pem import CertificateState, Pair, labelled, look, parse
from lampctl.resources.shell import quote, script

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
LIVE = "/etc/letsencrypt/live"
HOOK = "/etc/letsencrypt/renewal-hooks/deploy/lampctl"  # certbot runs it when it has renewed one
LOGS = "/var/lib/lampctl/acme"  # what certbot said when it got no certificate
OVERDUE = 14  # days before its end by which certbot's own timer has renewed a certificate


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
    """Shell that prints what `read` understands, and which server it comes from."""
    renewal = quote(f"/etc/letsencrypt/renewal/{item.site}.conf")
    return f"{look(item.pair)}\ngrep '^server = ' {renewal} 2>/dev/null || :"


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
    elif state.days(view.clock) < OVERDUE:
        why = f"has {state.days(view.clock)} days left, and certbot's timer did not renew it"
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
        names=item.names,
        options=options,
    )


ACME_CERTIFICATES = Kind("acme", ("acme",), (AcmeCertificate,), Phase.AFTER, probe, parse, compare, steps)
