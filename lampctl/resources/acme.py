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
from lampctl.resources.shell import quote, words

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
    return (
        f"{look(item.pair)}\ngrep '^server = ' {quote(f'/etc/letsencrypt/renewal/{item.site}.conf')} 2>/dev/null || :"
    )


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
    return _ASK.format(
        challenges=quote(item.challenges),
        logs=quote(LOGS),
        log=quote(item.log),
        hook=quote(HOOK),
        reach=reach(item.names, f"{item.url}lampctl-$TOKEN", "$TOKEN"),
        options=words(options),
    )


def reach(names: Sequence[str], path: str, text: str) -> str:
    """Shell that prints a line for each name that does not resolve, or whose address does not answer as we do.

    `unresolved NAME`, or `elsewhere NAME ADDRESS WHAT ANSWERED`, separated by tabs. `path` and `text`, which the answer
    has to contain, may have $TOKEN.
    """
    return _REACH.format(names=words(names), path=path, text=text)


# A resolver gives IPv4 addresses as ::ffff:… to who asks for IPv6.
_REACH = r"""
for name in {names}; do
    addresses=$({{ getent ahostsv4 "$name"; getent ahostsv6 "$name"; }} | sed -n '/^::ffff:/!s/ .*//p' | sort -u)
    [ -n "$addresses" ] || printf 'unresolved\t%s\n' "$name"
    for address in $addresses; do
        answer=$(timeout 4 bash -c 'exec 3<>"/dev/tcp/$1/80" || exit
            printf "GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n" "$3" "$2" >&3; head -c 4096 <&3' \
            bash "$address" "$name" "{path}" 2>&1 | tr -d '\r\0') || :
        case $answer in *"{text}"*) continue ;; esac
        said=$(printf '%s\n' "$answer" | sed -n -e 's/^bash: [a-z]*: //;1p' -e 's/^Server: .*/(&)/p' | head -n 2)
        printf 'elsewhere\t%s\t%s\t%s\n' "$name" "$address" "$(echo ${{said:-no answer within 4 s}})"
    done
done
"""

# It is tried from here first: a name that leads elsewhere costs the server's limits nothing, and is said clearly.
_ASK = r"""
TOKEN=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
umask 022
mkdir -p {logs}
trap 'rm -f {challenges}/lampctl-$TOKEN' EXIT
echo "$TOKEN" > {challenges}/lampctl-"$TOKEN"
{{{reach}}} > wrong
if [ -s wrong ]; then
    rm -f {log}
    tr '\t' ' ' < wrong
    exit 0
fi
if certbot certonly --non-interactive --agree-tos --force-renewal --renew-with-new-domains {options} > said 2>&1; then
    rm -f {log}
    {hook}
else
    grep -v -e '^Saving debug log' -e '^[- ]*$' said | tail -n 12 > {log}
fi
grep -v '^Saving debug log' said || :
"""

ACME_CERTIFICATES = Kind("acme", ("acme",), (AcmeCertificate,), Phase.AFTER, probe, parse, compare, steps)
