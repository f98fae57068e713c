"""The proof that WordPress answers, that people can log in, that uploads are data, and that its cron runs."""

from __future__ import annotations

from functools import partial

from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed
from lampctl.layers import http
from lampctl.layers.base import Context
from lampctl.layers.services import judge
from lampctl.layers.sites.common import Recognise, check, outside, through
from lampctl.resources import Service
from lampctl.resources.shell import quote

_UPLOAD = "/wp-content/uploads/lampctl-probe-{token}.php"


def chain(context: Context, name: str, timer: Service) -> tuple[Check, ...]:
    unit = timer.unit.removesuffix(".timer")
    last = HostProbe(
        f"systemctl show --value -p Result {quote(unit)}.service; "
        f"journalctl -q -u {quote(unit)}.service -n 4 --no-pager -o cat"
    )
    return (
        through(context, name, "front", "WordPress's front page is there", "200 and a page of WordPress",
                partial(_judge_page, recognise), (f"site.database@{name}",), "/"),
        through(context, name, "login", "the login form is there", "200 and the form",
                partial(_judge_page, _form), (f"site.front@{name}",), "/wp-login.php"),
        through(context, name, "uploads", "PHP among the uploads is not run", "403",
                _judge_upload, (f"site.php@{name}",), _UPLOAD),
        check(name, "cron", Where.HOST, "WordPress's cron runs", f"{timer.unit} active, its last run without an error",
              partial(_judge_cron, timer), (f"site.database@{name}",), last),
        outside(name, "/", "200 and a page of WordPress", recognise, (f"site.front@{name}",)),
    )  # fmt: skip


def recognise(answer: http.Answer) -> str | None:
    page = answer.body
    if answer.status != 200 or "wp-includes" not in page or "<title>" not in page:
        return None
    return f"200, a page of WordPress of {len(page) >> 10} KiB"


def _form(answer: http.Answer) -> str | None:
    return "200 and the form" if answer.status == 200 and 'name="log"' in answer.body else None


def _judge_page(known: Recognise, answer: http.Answer, log: str) -> Verdict:
    said = known(answer)
    if said:
        return passed(said)
    if answer.status == 200 and not answer.body.strip():
        hint = "its theme is missing: look at Appearance in wp-admin, and at wp-content/themes"
        return failed("200, but the page is empty", log, hint)
    hints = {301: "its address in the settings is another (WP_HOME)", 302: "WordPress is not installed: lampctl deploy"}
    where = f" to {answer.headers.get('location', '')}" if answer.status in hints else ""
    hint = hints.get(answer.status, "the evidence is what the site's error log says")
    return failed(f"{answer.status}{where}, not WordPress's page", log or answer.body[:200], hint)


def _judge_upload(answer: http.Answer, log: str) -> Verdict:  # noqa: ARG001
    if answer.status == 403:
        return passed("403")
    ran = '{"probe"' in answer.body
    what = "PHP was run" if ran else "its source is shown" if "<?php" in answer.body else "it is not refused"
    hint = "whoever may upload could run programs: lampctl plan shows what of the vhost differs from the template"
    return failed(f"{answer.status}: {what}", answer.body[:120], hint)


def _judge_cron(timer: Service, seen: Evidence) -> Verdict:
    verdict = judge(seen, timer)
    result, _, log = seen.raw.partition("\n")
    if verdict != passed(verdict.actual) or result.strip() in ("success", ""):
        return verdict
    unit = timer.unit.removesuffix(".timer")
    return failed(f"its last run failed: {result.strip()}", log, f"systemctl start {unit}; journalctl -u {unit}")
