"""A site that had another name (`renamed_from`): what of it moves, on the host and in the database server."""

from __future__ import annotations

from functools import partial

from lampctl.answers import parse_int, rows
from lampctl.facts import Facts
from lampctl.layers import environment
from lampctl.layers.base import Context, Desired, Preflight, Problem
from lampctl.layers.logins import secret_name
from lampctl.platforms import MysqlNames
from lampctl.playbook import database_of, home_of, user_of
from lampctl.resources import Command, Rename
from lampctl.resources.secret import DIRECTORY
from lampctl.resources.shell import script

_SECRETS = ("", "salts@", "admin@")


def rename(context: Context, site: str, state: tuple[str, str]) -> tuple[Rename, ...]:
    """`state`: the former and the new directory of PHP's sessions."""
    options = context.playbook.sites[site]
    former = options.renamed_from
    if former is None:
        return ()
    names = (*(f"{kind}%" for kind in _SECRETS), *(secret_name("%", user) for user in options.basic_auth),
             *(environment.secret_name("%", name) for name in getattr(options, "environment", {})))  # fmt: skip
    copies = tuple(
        (f"{DIRECTORY}/{name.replace('%', former)}.conf", f"{DIRECTORY}/{name.replace('%', site)}.conf")
        for name in names
    )
    users, folders = (user_of(former), user_of(site)), ((home_of(former), home_of(site)), state)
    return (Rename(site, former, "site", users, folders, copies),)


def tables(context: Context, names: MysqlNames, site: str) -> Desired:
    """The tables of a database that has the site's former name by default."""
    options = context.playbook.sites[site]
    new = database_of(site, options)
    old = database_of(options.renamed_from, options) if options.renamed_from else None
    if new is None or old is None or new.name == old.name:
        return Desired()
    there = {"former": str(old.name), "name": str(new.name), "client": names.client}
    back = {**there, "former": str(new.name), "name": str(old.name)}
    command = Command(
        f"tables of {old.name} move to {new.name}",
        "mysql",
        script("database/move", **there),
        script("database/moved", former=str(old.name), client=names.client, socket=names.socket),
        f"the tables move in one statement; {old.name} stays, without tables",
        script("database/move", **back),
    )
    probe = script("database/former", **there, socket=names.socket)
    judge = partial(_judge, command.key, str(old.name), str(new.name))
    return Desired(resources=(command,), preflights=(Preflight(f"mysql.renamed@{site}", probe, judge),))


def _judge(key: str, old: str, new: str, raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    counts = {name: parse_int(count) or 0 for name, count in rows(raw, 2)}
    keep = f"database: {{name: {old}, user: {old[:32]}}} keeps the former database"
    if key not in changing or not counts.get("tables"):
        return []
    if counts.get("taken"):
        return [Problem("renamed", f"the databases {old} and {new} both have tables: lampctl merges none", keep)]
    if counts.get("fixed"):
        what = "views, triggers, routines or events, which can't move to another database"
        return [Problem("renamed", f"the database {old} has {what}", keep)]
    return []
