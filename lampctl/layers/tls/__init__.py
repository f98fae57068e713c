"""TLS: a certificate for each site that wants one. The web server's files are the web layer's.

An ACME server issues a certificate only after the site answers over HTTP. So the HTTPS vhost is not wanted until the
host's facts have the certificate; the engine plans again when they do.
"""

from __future__ import annotations

from functools import partial

from lampctl.facts import Facts
from lampctl.layers.base import Context, Desired, Preflight, ProbeFile, Problem
from lampctl.layers.tls.checks import acme_checks, certificate_check, https_checks
from lampctl.layers.tls.renewal import rehearsal_check, renewal_check
from lampctl.layers.vhost import WELL_KNOWN, certificate_of, https_of, names_of, pair_of
from lampctl.playbook import TlsOptions
from lampctl.resources import AcmeCertificate, File, Package
from lampctl.resources.acme import HOOK
from lampctl.resources.pem import CertificateState, Pair, look, read


def tls(context: Context) -> Desired:
    """The certificates, and the checks of those that exist without a web server."""
    total = Desired()
    for site, options in _wanted(context).items():
        total += _part(context, site, options)
    if total.resources:
        total = Desired(resources=(Package("openssl", "tls"),)) + total
    return total


def https(context: Context) -> Desired:
    """The checks that need the web server."""
    wanted = _wanted(context)
    by_acme = {
        site: item
        for site, o in wanted.items()
        if isinstance(item := certificate_of(context, site, o), AcmeCertificate)
    }
    checks = [check for site, item in by_acme.items() for check in acme_checks(site, item)]
    for site, options in wanted.items():
        if found := https_of(context, site):
            checks += https_checks(context, site, options, found)
    if by_acme:
        checks += [renewal_check(tuple(by_acme.values())), rehearsal_check(tuple(by_acme.values()))]
    probe = (ProbeFile(WELL_KNOWN, ".txt", "checks/probe.txt", {}),) if by_acme else ()
    return Desired(checks=tuple(checks), probe_files=probe)


def _wanted(context: Context) -> dict[str, TlsOptions]:
    return {name: site.https for name, site in context.playbook.sites.items() if site.https}


def _part(context: Context, site: str, options: TlsOptions) -> Desired:
    item = certificate_of(context, site, options)
    if isinstance(item, AcmeCertificate):
        hook = File(HOOK, "tls", "tls/deploy-hook.sh.j2", {"unit": context.web.unit}, 0o755)
        return Desired(resources=(Package("certbot", "tls"), hook, item))
    check = certificate_check(site, names_of(context, site), pair_of(context, site, options), made=item is not None)
    if item is not None:
        return Desired(resources=(item,), checks=(check,))
    pair = pair_of(context, site, options)
    judge = partial(_judge_files, site, names_of(context, site), pair)
    return Desired(checks=(check,), preflights=(Preflight(f"tls.files@{site}", look(pair), judge),))


def _judge_files(
    site: str, names: tuple[str, ...], pair: Pair, raw: str, facts: Facts, changing: frozenset[str]
) -> list[Problem]:
    """With a bad pair, the web server would not start, or every visitor would get a warning."""
    if not changing:
        return []
    state = read(raw)
    where = f"{site}: {pair.certificate}"
    if not isinstance(state, CertificateState):
        word = "does not exist" if state == "absent" else "is not a PEM certificate"
        return [Problem("certificate", f"{where} {word}", "install the chain there: the site's own certificate first")]
    if state.key != "fits":
        faults = {"other": "belongs to another certificate", "missing": "does not exist"}
        message = f"{site}: the key {pair.key} {faults.get(state.key, 'cannot be read: it is encrypted, or not PEM')}"
        return [Problem("certificate-key", message, f"install the key that {pair.certificate} was issued for")]
    if state.expires <= facts.clock:
        return [Problem("certificate-expired", f"{where} expired at {state.end}", "install a new one there")]
    if lacking := state.lacks(names):
        hint = f"it is for {', '.join(sorted(state.names))}: get one for all names, or remove the name from the site"
        return [Problem("certificate-names", f"{where} does not cover {', '.join(lacking)}", hint)]
    return []


__all__ = ["https", "tls"]
