"""A site: its files, and the proof that a request goes the whole way."""

from __future__ import annotations

from functools import partial

from lampctl.checks import (
    Check,
    Evidence,
    HostProbe,
    HttpProbe,
    Probe,
    Verdict,
    Where,
    failed,
    passed,
    unknown,
)
from lampctl.layers import http
from lampctl.layers.base import Context, Desired, ProbeFile
from lampctl.layers.php import answer
from lampctl.layers.web import get, with_log
from lampctl.playbook import database_of, root_of
from lampctl.resources import Directory, File

PHP_PATH = "/lampctl-probe-{token}.php"


def site(context: Context) -> Desired:
    total = Desired()
    for name in context.playbook.sites:
        total += _one(context, name)
    return total


def _one(context: Context, name: str) -> Desired:
    options = context.playbook.sites[name]
    root = root_of(name, options)
    return Desired(
        resources=(
            Directory(root, "site"),
            File(
                f"{root}/index.php",
                "site",
                "site/index.php.j2",
                {"site": name},
                seed=True,
                unless=f"{root}/index.html",
            ),
        ),
        checks=_checks(context, name),
        probe_files=(
            ProbeFile(root, ".php", "checks/probe.php", {}),
            ProbeFile(root, ".txt", "checks/probe.txt", {}),
        ),
    )


def _checks(context: Context, name: str) -> tuple[Check, ...]:
    log = f"{context.platform.web.log_dir}/{name}.error.log"
    local = HostProbe(with_log(get(name, "/lampctl-probe-$TOKEN.php"), log))
    make = partial(_check, name)
    checks = [
        make("php", Where.HOST, "PHP runs through the web server", "200, PHP's answer, never its source", _php,
             (f"web.static@{name}", f"php.fastcgi@{name}"), local),
    ]  # fmt: skip
    last = f"site.php@{name}"
    if context.playbook.sites[name].database:
        database = str(database_of(name, context.playbook.sites[name]).name)
        checks.append(
            make("database", Where.HOST, "PHP reaches its database", f"a query in {database} with the site's own login",
                 partial(_database, database), (last, f"mysql.login@{name}"), local)
        )  # fmt: skip
        last = f"site.database@{name}"
    checks.append(
        make("outside", Where.OUTSIDE, "the same from outside, by its name", "200, PHP's answer, over the network",
             partial(_outside, bool(context.playbook.sites[name].database)), (last,), HttpProbe(name, PHP_PATH))
    )  # fmt: skip
    return tuple(checks)


def _check(
    site: str,
    id: str,
    where: Where,
    title: str,
    expected: str,
    judge: object,
    needs: tuple[str, ...],
    probe: Probe,
) -> Check:
    return Check(f"site.{id}@{site}", "site", where, title, expected, judge, needs, probe)  # type: ignore[arg-type]


def _php(seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    raw, _, log = seen.raw.partition("==log\n")
    reply = http.parse(raw)
    if reply is None:
        return failed("no HTTP answer on 127.0.0.1:80", raw.strip() or log)
    if "<?php" in reply.body:
        hint = (
            "no handler for .php: is proxy_fcgi enabled, and does the vhost have its SetHandler? lampctl plan shows it"
        )
        return failed(f"{reply.status}: PHP's source is served as text", reply.body[:80], hint)
    found = answer(reply.body)
    if reply.status == 200 and found:
        return passed(f"200, PHP {found.get('version')} by {found.get('sapi')}")
    hints = {
        403: "the vhost denies it",
        404: "FPM does not find the file: is the document root the same for Apache and FPM?",
        503: "Apache can't reach the pool's socket: do the vhost and the pool name the same one?",
    }
    return failed(
        f"{reply.status}, not PHP's answer",
        log or reply.body[:200],
        hints.get(reply.status, f"see {log[:60]}"),
    )


def _database(database: str, seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    found = answer(seen.raw) or {}
    if found.get("database") == database:
        return passed(f"SELECT DATABASE() = {database}")
    if found and "database_error" not in found:
        return failed("PHP has no DB_NAME in its environment", hint="lampctl plan shows what the site's pool lacks")
    error = str(found.get("database_error", "PHP gave no answer"))
    return failed(
        "PHP could not query its database",
        error,
        "lampctl deploy sets the login again",
    )


def _outside(with_database: bool, seen: Evidence) -> Verdict:
    """`seen.raw`: the HTTP answer that the controller got."""
    if seen.error:
        hint = "is a firewall, or a cloud's security group, in between? Port 80 has to be open for visitors"
        return failed("no answer from outside", seen.error, hint)
    reply = http.parse(seen.raw)
    found = answer(reply.body) if reply else None
    if reply is None or reply.status != 200 or found is None:
        status = reply.status if reply else "no HTTP"
        body = reply.body[:200] if reply else seen.raw[:200]
        return failed(
            f"{status}, not the site's answer",
            body,
            "something between here and the host answers in its place",
        )
    if with_database and not found.get("database"):
        return failed("200, but without its database", str(found.get("database_error", "")))
    return passed(f"200 in one request, PHP {found.get('version')}" + (" and its database" if with_database else ""))
