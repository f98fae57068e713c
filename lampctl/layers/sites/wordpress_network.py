"""A network of WordPress sites (multisite): what makes one of a single site, its cron, and the check of a second site.

A file on the host says that the tables of the network exist. Until then, the configuration is that of the
single site.
"""

from __future__ import annotations

import re
from functools import partial

from lampctl.answers import sections
from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.facts import Facts
from lampctl.layers import http, logins
from lampctl.layers.base import Context, Preflight, Problem
from lampctl.layers.sites.common import Recognise, check
from lampctl.layers.sites.wordpress_database import local_database
from lampctl.layers.vhost import redirects
from lampctl.playbook.sites import WordpressSite, answered
from lampctl.resources import Command
from lampctl.resources.shell import quote, script
from lampctl.resources.sql import identifier

_SECOND = (
    "SELECT domain, path FROM {}.wp_blogs WHERE blog_id <> 1 AND archived + deleted + spam = 0 ORDER BY blog_id LIMIT 1"
)


def marker(name: str, options: WordpressSite) -> str:
    """The file that exists once the site is a network; it says of which kind."""
    return f"/etc/wordpress/network-{options.own_variables(name)['WORDPRESS_CONFIG']}"


def settings(name: str, options: WordpressSite) -> dict[str, object]:
    """Values of its configuration."""
    if options.multisite is None:
        return {"network": None}
    return {"network": {"marker": marker(name, options), "name": name, "subdomains": options.multisite == "subdomain"}}


def commands(context: Context, name: str, options: WordpressSite, unit: str) -> tuple[Command, ...]:
    """What makes the site a network, by `unit`. Undone, the tables stay, and the site is a single one again."""
    if options.multisite is None:
        return ()
    path = marker(name, options)
    known = f'[ "$(cat {quote(path)} 2>/dev/null)" = {options.multisite} ]'
    if found := local_database(context, name):
        query = f"SELECT 1 FROM {identifier(found[0])}.wp_blogs LIMIT 1"  # noqa: S608
        known += f" && printf %s {quote(query)} | {found[1].client} | grep -q 1"
    kept = {"marker": path}
    return (
        Command(
            f"make a network of {name}",
            "site",
            script("wordpress/install", unit=f"{unit}.service")
            + script("wordpress/network", kind=options.multisite, **kept),
            known,
            f"a WordPress network of the kind {options.multisite}; there is no way back to a single site",
            script("wordpress/single", **kept),
        ),
    )


def preflights(name: str, options: WordpressSite) -> tuple[Preflight, ...]:
    """A network stays one, of its kind. Its configuration says that it is one: an undone deploy leaves the file."""
    config = f"/etc/wordpress/config-{options.own_variables(name)['WORDPRESS_CONFIG']}.php"
    look = f"! grep -qs MULTISITE {quote(config)} || cat {quote(marker(name, options))} 2>/dev/null || :"
    return (Preflight(f"site.multisite@{name}", look, partial(_judge_kind, name, options)),)


def _judge_kind(
    name: str,
    options: WordpressSite,
    answer: str,
    facts: Facts,  # noqa: ARG001
    changing: frozenset[str],  # noqa: ARG001
) -> list[Problem]:
    kind = answer.strip()
    if not kind or kind == options.multisite:
        return []
    wanted = f"`multisite: {options.multisite}`" if options.multisite else "no `multisite`"
    message = f"{name} is a network (multisite: {kind}), and the playbook has {wanted}"
    hint = (
        f"its sites have their addresses by that; put `multisite: {kind}` back. For another WordPress, use another name"
    )
    return [Problem("multisite", message, hint)]


def chain(context: Context, name: str, options: WordpressSite, recognise: Recognise) -> tuple[Check, ...]:
    """A second site of the network answers; only where the database, which knows it, is on this host."""
    found = local_database(context, name)
    if options.multisite is None or found is None:
        return ()
    look = script(
        "wordpress/second",
        site=name,
        names=answered(name, options),
        sql=_SECOND.format(identifier(found[0])),
        client=found[1].client,
        tls="yes" if redirects(context, name) else "",
        header=logins.header(context, name),
        logs=http.error_logs(context, name),
    )
    judge = partial(_judge_second, context, name, options, recognise)
    return (check(name, "network", Where.HOST, "a second site of the network answers", "200 and a page of WordPress",
                  judge, (f"site.front@{name}",), HostProbe(http.LIBRARY + look)),)  # fmt: skip


def _judge_second(context: Context, name: str, options: WordpressSite, recognise: Recognise, seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    domain, _, path = sections(seen.raw).get("second", "").strip().partition("\t")
    if not domain:
        return passed("the network has no second site yet")
    if not re.fullmatch(r"[a-z0-9.-]+", domain) or not re.fullmatch(r"/[a-z0-9_/-]*", path):
        return unknown("the database cannot be asked for it", f"{domain} {path}")
    if domain not in answered(name, options):
        hint = (
            f"add {domain} to `aliases` of {name}" if options.multisite == "subdomain" else "in wp-admin, its address"
        )
        return failed(f"{domain}{path} is one of its sites, and no name of {name} in the playbook", hint=hint)
    judge = partial(_judge_page, domain + path, recognise)
    return http.judge_answer(http.local_address(context, name), judge, seen)


def _judge_page(address: str, recognise: Recognise, answer: http.Answer, log: str) -> Verdict:
    if state := recognise(answer):
        return passed(f"{address}: {state}")
    location = answer.headers.get("location", "")
    where = f" to {location}" if location else ""
    hint = "its theme or a plugin: wp-admin/network shows the sites; lampctl plan shows how the vhost differs"
    return failed(f"{address}: {answer.status}{where}, not WordPress's page", log or answer.body[:200], hint)
