"""A site whose database is on another host: its password, and checks of each hop to that server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from lampctl.answers import parse_int, parse_object
from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers import engines
from lampctl.layers.authority import COPIES, authority_of
from lampctl.layers.base import Context, Desired
from lampctl.layers.versions import php_of
from lampctl.playbook import user_of
from lampctl.playbook.sites import DatabaseOptions
from lampctl.resources import Directory, File, Secret
from lampctl.resources.shell import script

PORT = 3306


def remote_databases(context: Context, secret_of: Callable[[str], Secret]) -> Desired:
    """On a host of sites: passwords, which the database hosts created, and the checks of the path there."""
    total = Desired()
    for site, database in context.playbook.databases.items():
        if database.host:
            secret = replace(secret_of(site), given=True)
            resources = (secret, Directory(COPIES, "mysql"), _copy(context, site, database))
            total += Desired(resources=resources, checks=_chain(context, site, database, secret))
    return total


def _copy(context: Context, site: str, database: DatabaseOptions) -> File:
    """A copy of the database host's authority. The existing copy stays while that authority is unknown."""
    known = context.authorities.get(site, "")
    values = {"host": database.host, "authority": known}
    return File(authority_of(site), "mysql", "mysql/authority.pem.j2", values, seed=not known)


def _chain(context: Context, site: str, database: DatabaseOptions, secret: Secret) -> tuple[Check, ...]:
    where = f"{database.address}:{PORT}"
    given = [str(database.address), str(PORT), str(database.user), str(database.name), authority_of(site)]
    program = [php_of(context, site).cli, "--", *given]
    ask = script("database/as-site", account=user_of(site), secret=secret.path, program=program)

    def hop(id: str, title: str, expected: str, judge: Callable[[Evidence], Verdict], needs: str) -> Check:
        id, probe = f"mysql.{id}@{site}", HostProbe(ask)
        return Check(id, "mysql", Where.HOST, title, expected, judge, (needs,), probe, undoable=False)

    return (
        hop("reach", f"{database.host} can be reached from here", f"a connection to {where}",
            partial(_judge_reach, database), "linux.ssh"),
        hop("tls", "the connection is encrypted, to the right server",
            f"TLS with {where} and {database.host}'s certificate", partial(_judge_tls, site, database),
            f"mysql.reach@{site}"),
        hop("login", f"{database.user} logs in, writes and reads back",
            f"{database.user} writes and reads in {database.name} on {database.host}",
            partial(_judge_login, database), f"mysql.tls@{site}"),
    )  # fmt: skip


_ANSWERED = {"reach", "tls", "login"}


def _answer(seen: Evidence) -> dict[str, str] | Verdict:
    """The results of database.php: errors in `reach`, `tls` and `login`; `cipher`, `user`, `version`, `ms`.

    `shown` describes a certificate that was rejected; `whose` is `ours`, `other`, or `unknown` without an authority.
    """
    if seen.error:
        return unknown("could not be tried", seen.error)
    found = parse_object(seen.raw)
    if found is None or not found.keys() >= _ANSWERED:
        return failed(
            "PHP could not run the test", seen.raw[:500], "apt-get install php-mysql, or add mysql to php.extensions"
        )
    return defaultdict(str, {key: str(value) for key, value in found.items()})


def _judge_reach(database: DatabaseOptions, seen: Evidence) -> Verdict:
    found = _answer(seen)
    if isinstance(found, Verdict):
        return found
    if not found["reach"]:
        return passed(f"connected to {database.address}:{PORT} in {found['ms']} ms")
    hint = f"does the server run on {database.host}, and does a firewall let this host through?"
    return failed(f"{database.host} can't be reached at {database.address}:{PORT}", found["reach"], hint)


def _judge_tls(site: str, database: DatabaseOptions, seen: Evidence) -> Verdict:
    found = _answer(seen)
    if isinstance(found, Verdict):
        return found
    if not found["tls"]:
        return passed(found["cipher"] or "TLS was agreed on before the login")
    actual, hint = {
        "other": (f"{database.address} presents another certificate, not {database.host}'s",
                  f"lampctl deploy asks {database.host} again; if that does not help, the address belongs to another "
                  f"server, or a file in /etc/mysql of {database.host} names another certificate"),
        "ours": (f"the certificate of {database.host} does not cover {database.address}",
                 "lampctl deploy issues one that does"),
        "unknown": (f"{authority_of(site)}, the authority of {database.host}, can't be read",
                    "lampctl deploy copies it"),
    }.get(found["whose"], (f"{database.host} does not offer TLS", "lampctl deploy gives it a certificate"))  # fmt: skip
    return failed(actual, f"{found['shown']}\n{found['tls']}", hint)


_HINTS = engines.HINTS | {
    1045: "the password here differs from the one there, or that host has no such account: lampctl deploy",
    1129: "too many connections from here failed, so it blocks this host: mariadb-admin flush-hosts",
    1130: "no account is for the address that it sees; if that is the wrong one, set database: {address: …}",
}


def _judge_login(database: DatabaseOptions, seen: Evidence) -> Verdict:
    found = _answer(seen)
    if isinstance(found, Verdict):
        return found
    if found["login"]:
        code, _, text = found["login"].partition(" ")
        hint = _HINTS.get(parse_int(code) or 0, "")
        return failed(f"login, write or read on {database.host} failed", f"{text} (error {code})", hint)
    return passed(f"wrote a row and read it back as {found['user']}, {found['version']}")
