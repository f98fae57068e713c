"""The checks of WordPress: its pages, its administration, and that uploads are not executed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from lampctl.answers import sections
from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed
from lampctl.layers import http
from lampctl.layers.base import Context
from lampctl.layers.sites import wordpress_database, wordpress_network
from lampctl.layers.sites.common import Recognise, check, outside, through
from lampctl.layers.sites.page import page_checks
from lampctl.playbook.sites import WordpressSite
from lampctl.resources import Service
from lampctl.resources.shell import labelled

_UPLOAD = "/wp-content/uploads/lampctl-probe-{token}.php"
_PAGES = {
    "login": "/wp-login.php",
    "admin": "/wp-admin/admin-ajax.php?action=lampctl-probe",  # it starts the administration, and knows no such action
    "rest": "/?rest_route=/",
}


def chain(context: Context, name: str, options: WordpressSite, timer: Service, core: str) -> tuple[Check, ...]:
    """`core`: WordPress's own folder."""
    database, front = (f"site.database@{name}",), (f"site.front@{name}",)
    return (
        *wordpress_database.tables(context, name),
        through(context, name, "front", "WordPress serves its front page", "200 and a page of WordPress",
                partial(_judge_page, core, recognise), database, "/"),
        *page_checks(context, name, front, by_files=True),
        _page(context, name, "login", "WordPress serves its login form", "200 and the form",
              partial(_judge_page, core, _form)),
        _page(context, name, "admin", "WordPress's administration starts", "a status below 500", _judge_admin),
        _page(context, name, "rest", "WordPress's REST interface answers", "JSON, and a status below 500", _judge_rest),
        through(context, name, "uploads", "PHP files in uploads are not executed", "403",
                _judge_upload, (f"site.php@{name}",), _UPLOAD),
        *wordpress_network.chain(context, name, options, recognise),
        *((wordpress_database.cron(context, name, timer, database),) if options.cron else ()),
        outside(name, "/", "200 and a page of WordPress", recognise, front),
    )  # fmt: skip


def _page(
    context: Context, site: str, id: str, title: str, expected: str, judge: Callable[[http.Answer, str], Verdict]
) -> Check:
    """The check of one of _PAGES. All share a probe that requests one after the other: each starts all of WordPress."""
    calls = (labelled(name, http.local_call(context, site, path)) for name, path in _PAGES.items())

    def judge_own(seen: Evidence) -> Verdict:
        own = replace(seen, raw=sections(seen.raw).get(id, ""))
        return http.judge_answer(http.local_address(context, site), judge, own)

    probe = HostProbe(http.LIBRARY + "\n".join(calls))
    return check(site, id, Where.HOST, title, expected, judge_own, (f"site.front@{site}",), probe)


def recognise(answer: http.Answer) -> str | None:
    page = answer.body
    if answer.status != 200 or "wp-includes" not in page or "<title>" not in page:
        return None
    return f"200, a page of WordPress of {len(page) >> 10} KiB"


def _form(answer: http.Answer) -> str | None:
    return "200 and the form" if answer.status == 200 and 'name="log"' in answer.body else None


def _judge_page(core: str, known: Recognise, answer: http.Answer, log: str) -> Verdict:
    state = known(answer)
    if state:
        return passed(state)
    if answer.status == 200 and not answer.body.strip():
        hint = "its theme is missing: check Appearance in wp-admin, and wp-content/themes"
        return failed("200, but the page is empty", log, hint)
    hints = {
        301: "its settings have another address (WP_HOME): lampctl plan shows it, lampctl deploy restores ours",
        302: "it redirects elsewhere: if to its installation, the table wp_options lacks its settings",
        500: _FATAL,
        503: f"if it is in maintenance and no upgrade runs: rm {core}/.maintenance",
    }
    where = f" to {answer.headers.get('location', '')}" if answer.status in (301, 302) else ""
    hint = hints.get(answer.status, "the evidence is from the site's error log")
    return failed(f"{answer.status}{where}, not WordPress's page", log or answer.body[:200], hint)


def _judge_upload(answer: http.Answer, log: str) -> Verdict:  # noqa: ARG001
    if answer.status == 403:
        return passed("403")
    ran = '{"probe"' in answer.body
    what = "PHP was executed" if ran else "its source is shown" if "<?php" in answer.body else "it is not refused"
    hint = "anyone who can upload files could run programs: lampctl plan shows how the vhost differs from the template"
    return failed(f"{answer.status}: {what}", answer.body[:120], hint)


_FATAL = "the log names the file: a plugin in wp-content/plugins or wp-content/mu-plugins; move it away to turn it off"


def _judge_admin(answer: http.Answer, log: str) -> Verdict:
    if answer.status < 500:
        return passed(str(answer.status))
    return failed(f"{answer.status}: nobody can administrate", log or answer.body[:200], _FATAL)


def _judge_rest(answer: http.Answer, log: str) -> Verdict:
    """The editor needs it. A site may refuse it to visitors, in JSON."""
    if answer.status < 500 and (answer.status != 200 or answer.body.lstrip().startswith("{")):
        return passed(str(answer.status))
    return failed(f"{answer.status}, not the answer of the interface", log or answer.body[:200], _FATAL)
