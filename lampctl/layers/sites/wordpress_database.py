"""The checks of WordPress that ask its database: its tables, and its cron."""

from __future__ import annotations

import re
from functools import partial

from lampctl.answers import format_time, parse_float, parse_int, sections
from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers.base import Context
from lampctl.layers.services import judge
from lampctl.layers.sites.common import check
from lampctl.platforms import MysqlNames
from lampctl.playbook import database_of
from lampctl.resources import Service
from lampctl.resources.shell import script
from lampctl.resources.sql import identifier

_TABLES = (
    "commentmeta comments links options postmeta posts term_relationships term_taxonomy termmeta terms usermeta users"
)
_OVERDUE = 3600.0  # seconds: the timer runs every five minutes
_AHEAD = 60.0  # seconds that a lock may be in the future: clocks differ
_LOCK = "_transient_doing_cron"
_EVENTS = (
    f"SELECT 'lock', option_value FROM {{options}} WHERE option_name = '{_LOCK}';\n"  # noqa: S608 -- the only name is quoted
    "SELECT 'due', SUBSTRING_INDEX(SUBSTRING(option_value, LOCATE('{{i:', option_value) + 3), ';', 1)"
    " FROM {options} WHERE option_name = 'cron';"
)
_ERROR = re.compile(r"WordPress database error|Error establishing a database connection|PHP (?:Fatal|Parse) error")


def local_database(context: Context, name: str) -> tuple[str, MysqlNames] | None:
    """The name of its database, and the names of its server; None if that is on another host, or not packaged."""
    database = database_of(name, context.playbook.sites[name])
    if database is None or database.host or context.playbook.mysql is None or context.mysql is None:
        return None
    return str(database.name), context.mysql


def tables(context: Context, name: str) -> tuple[Check, ...]:
    """Each of WordPress's own tables can be read. It shows a page without any posts if one is missing."""
    found = local_database(context, name)
    if found is None:
        return ()
    database, names = found
    sql = "\n".join(f"SELECT 1 FROM {identifier(database)}.wp_{table} LIMIT 0;" for table in _TABLES.split())  # noqa: S608
    probe = HostProbe(script("wordpress/tables", sql=sql, client=names.client))
    judge_tables = partial(_judge_tables, f"{names.login}-check {database}")
    return (check(name, "tables", Where.HOST, "WordPress's tables can be read", f"{len(_TABLES.split())} tables",
                  judge_tables, (f"site.database@{name}",), probe),)  # fmt: skip


def _judge_tables(test: str, seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    errors = [line for line in seen.raw.splitlines() if line.startswith("ERROR")]
    if not errors:
        return passed(f"{len(_TABLES.split())} tables")
    what = re.sub(r"^ERROR ([0-9]+) \(\w+\) at line [0-9]+: ", "", errors[0])
    hint = f"{test} tests all tables; restore what is missing from a backup"
    return failed(f"{len(errors)} of its tables cannot be read: {what}", "\n".join(errors), hint)


def cron(context: Context, name: str, timer: Service, needs: tuple[str, ...]) -> Check:
    """Its timer runs, its last run had no error, and no event is overdue or locked."""
    unit, local = timer.unit.removesuffix(".timer"), local_database(context, name)
    sql = client = unlock = ""
    if local:
        database, names = local
        client, sql = names.client, _EVENTS.format(options=f"{identifier(database)}.wp_options")
        unlock = f"{names.login} {database} -e \"DELETE FROM wp_options WHERE option_name = '{_LOCK}'\""  # noqa: S608
    probe = HostProbe(script("wordpress/cron", unit=f"{unit}.service", sql=sql, client=client))
    return check(name, "cron", Where.HOST, "WordPress's cron runs",
                 f"{timer.unit} active, its last run without an error, no event overdue",
                 partial(_judge_cron, timer, unlock), needs, probe)  # fmt: skip


def _judge_cron(timer: Service, unlock: str, seen: Evidence) -> Verdict:
    verdict = judge(seen, timer)
    if verdict != passed(verdict.actual):
        return verdict
    found, unit, now = sections(seen.raw), timer.unit.removesuffix(".timer"), seen.facts.clock
    result, log = found.get("result", "").strip(), found.get("log", "")
    again = f"systemctl start {unit} runs it again; journalctl -u {unit} shows its log"
    if result not in ("success", ""):
        return failed(f"its last run failed: {result}", log, again)
    if error := _ERROR.search(log):
        return failed(f"its last run ended with 0, but printed: {error[0]}", log, again)
    lock, due = parse_float(found.get("lock", "").strip()) or 0.0, parse_int(found.get("due", "").strip())
    if lock > now + _AHEAD:
        return failed(f"it is locked until {format_time(lock, '%Y-%m-%d %H:%M UTC')}: it runs no event", hint=unlock)
    if due is not None and due < now - _OVERDUE:
        return failed(f"an event is overdue since {format_time(due, '%Y-%m-%d %H:%M UTC')}", log, again)
    return verdict
