"""The mail of a site's code: msmtp's files, and the check that the relay takes mail from the site."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers import mail
from lampctl.layers.base import Desired
from lampctl.layers.sites.common import check
from lampctl.playbook import user_of
from lampctl.playbook.sites import SiteBase
from lampctl.playbook.sites.mail import MailOptions
from lampctl.resources import Package
from lampctl.resources.shell import program, script, words

_LIMIT = 18  # seconds, more than the program takes: nine for the connection, and six for the login


def mailing(name: str, options: SiteBase) -> Desired:
    """Nothing for a site without mail."""
    relay = mail.mail_of(options)
    if relay is None:
        return Desired()
    tools = (Package("openssl", "site"),) if relay.password else ()
    return Desired((*mail.resources(name, options), *tools), (_check(name, relay),))


def _check(name: str, relay: MailOptions) -> Check:
    arguments = [relay.host, str(relay.port), relay.encryption, name, mail.config_of(name)]
    if relay.user:
        arguments += [relay.user, mail.password_of(name)]
    ask = script(
        "site/task",
        "mail/ask",
        site=name,
        account=user_of(name),
        php="",
        without="",
        commands="",
        ask=program("mail/ask.pl"),
        arguments=words(arguments),
        limit=str(_LIMIT - 1),
    )
    how = {"starttls": "STARTTLS with a valid certificate", "tls": "TLS with a valid certificate", "none": "no TLS"}
    expected = f"the relay answers, {how[relay.encryption]}{', accepts the login' if relay.user else ''}"
    found = check(name, "mail", Where.HOST, "the mail relay accepts the site", expected, partial(_judge, relay),
                  ("linux.ssh",), HostProbe(ask, limit=_LIMIT))  # fmt: skip
    return replace(found, undoable=False, slow=_SILENT)


_SILENT = "the relay does not answer in time: it is overloaded, or a firewall drops what this host sends"


def _judge(relay: MailOptions, seen: Evidence) -> Verdict:
    """`seen.raw`: a row of lampctl/host/mail/ask.pl."""
    if seen.error:
        return unknown("could not be tried", seen.error)
    stage, *text = seen.raw.strip("\n").split("\n")[-1].split("\t")
    where, said = f"{relay.host}:{relay.port}", " ".join(text)
    if stage == "right":
        return passed(f"{where} answers{f', accepts {relay.user}' if relay.user else ''}")
    if stage == "other":
        return passed(f"{where} answers; the login was not tried: it offers {said}")
    if stage not in _FAULTS:
        return unknown("could not be tried", seen.raw[-500:])
    what, hint = _FAULTS[stage]
    return failed(what.format(where=where, host=relay.host, user=relay.user), said, hint.format(host=relay.host))


# Stage of lampctl/host/mail/ask.pl -> (what is wrong, what to do).
_FAULTS = {
    "name": ("{host} does not resolve", "check the name in `relay`; getent ahosts {host} asks the host's name server"),
    "connect": (
        "{where}: no connection",
        "check the port in `relay`; many networks block port 25, and some every port of mail: then ask the provider",
    ),
    "silent": ("{where} does not answer in time", _SILENT),
    "tls": ("{where}: no TLS", "`tls: tls` is for port 465, `tls: starttls` for 587 and 25"),
    "certificate": (
        "the certificate of {where} is not valid for {host}",
        "`relay` must have a name that is in its certificate; update-ca-certificates adds an authority of your own",
    ),
    "greeting": ("{where} refuses this host", "the relay has to accept this host's address"),
    "none": ("{where} offers no login", "leave `user` and `password` out, or use the relay's port for submission"),
    "password": ("the site's user cannot read the password", "lampctl deploy restores it"),
    "login": ("{where} refuses the login of {user}", "check `user` and `password`; the evidence is the relay's answer"),
    "msmtp": ("{where} does not accept msmtp", "the evidence is msmtp's own message"),
}
