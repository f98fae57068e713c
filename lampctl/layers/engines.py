"""The database engines: which of them a host can run, and what prevents it."""

from __future__ import annotations

from functools import partial

from lampctl.checks import Check, Evidence, Verdict, Where, failed
from lampctl.facts import Facts
from lampctl.layers.base import Context, Desired, Preflight, Problem
from lampctl.platforms import MysqlNames
from lampctl.resources.shell import script

_TITLES = {"mariadb": "MariaDB", "mysql": "MySQL"}
# A file in the data directory that only this engine writes.
_MARKS = {"mariadb": "aria_log_control", "mysql": "mysql.ibd"}

# The server's error numbers → hints, for a local and for a remote server.
HINTS = {
    1044: "the account lacks rights on the database: lampctl deploy grants them",
    1049: "the database is missing: lampctl deploy creates it",
    1142: "the account lacks rights on the database: lampctl deploy grants them",
    3118: "the account is locked: lampctl deploy unlocks it",
    4151: "the account is locked: lampctl deploy unlocks it",
}


def unsupported_engine(context: Context) -> Desired:
    """A failing check and a problem, for a database server that the distribution does not package."""
    assert context.playbook.mysql is not None
    title = _TITLES[context.playbook.mysql.engine]
    message = f"{context.platform.title} does not package {title}"
    hint = f"mysql: {{engine: {' or '.join(context.platform.mysql)}}}, or a host whose distribution packages {title}"
    check = Check(
        "mysql.service", "mysql", Where.HOST, "the database server runs", f"{title} runs",
        partial(_judge_unsupported, message, hint), needs=("linux.ssh",), undoable=False,
    )  # fmt: skip
    problem = Problem("unsupported-engine", message, hint)
    return Desired(checks=(check,), preflights=(Preflight("mysql.engine", ":", lambda *_: [problem]),))


def _judge_unsupported(message: str, hint: str, _seen: Evidence) -> Verdict:
    return failed(message, hint=hint)


def probe(names: MysqlNames) -> str:
    """Shell that prints what the host has of the other engine: `package NAME`, `data PATH`, `database NAME`."""
    other = "mysql" if names.engine == "mariadb" else "mariadb"
    packages = [f"{other}-server", f"{other}-server-[0-9]*"]
    packages += ["mysql-community-server"] if other == "mysql" else []
    return script("database/other-engine", packages=packages, data=names.data, mark=_MARKS[other])


def judge(names: MysqlNames) -> partial[list[Problem]]:
    return partial(_judge, names)


def _judge(names: MysqlNames, raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    found: dict[str, list[str]] = {"package": [], "data": [], "database": []}
    for line in raw.splitlines():
        kind, _, word = line.partition(" ")
        found.get(kind, []).append(word)
    traces = [*found["package"], *found["data"]]
    if f"package:{names.package}" not in changing or not traces:
        return []
    other = _TITLES["mysql" if names.engine == "mariadb" else "mariadb"]
    held = f"; databases: {', '.join(sorted(found['database']))}" if found["database"] else ""
    purge = f"; apt-get purge {' '.join(found['package'])}" if found["package"] else ""
    away = f"mv {names.data} {names.data}.{other.lower()}{purge}"
    return [
        Problem(
            "other-engine",
            f"{other} is on this host ({', '.join(traces)}{held}); installing {names.title} would remove it",
            f"mysql: {{engine: {other.lower()}}}; or dump what you need, stop {other}, and {away}",
        )
    ]
