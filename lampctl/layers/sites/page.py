"""The site's own page as a hop: what a visitor gets at the end of the whole chain, whichever type of site it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import ceil

from lampctl.answers import parse_int, sections
from lampctl.checks import Check, Evidence, HostProbe, Judge, Status, Verdict, Where, failed, passed, unknown
from lampctl.layers import http, logins
from lampctl.layers.base import Context
from lampctl.layers.sites.common import check
from lampctl.layers.vhost import https_of, names_of, redirects
from lampctl.playbook import home_of, user_of
from lampctl.playbook.fields import in_seconds
from lampctl.playbook.sites import ProbeOptions
from lampctl.playbook.sites.pipeline import Pipeline
from lampctl.resources.shell import script, words

_HINTS = {
    401: "if the page asks for a login, name another one in the site's `probe`, or the status 401",
    403: "the page's folder has no index file, or a rule or the files' modes deny it; a `probe` can name another page",
    404: "the application does not know this path; the site's `probe` can name another page, or the status 404",
    429: "the application limits requests: let its `probe` be a page without a limit",
    502: "what runs the application gives no answer: its log tells why",
    503: "what runs the application is down or overloaded, or the application is in maintenance mode",
    504: "the application did not answer in time: find out what it waits for",
}


def page_checks(
    context: Context,
    name: str,
    needs: tuple[str, ...],
    hints: Mapping[int, str] | None = None,
    units: Sequence[str] = (),
    *,
    by_files: bool = False,
    plain: bool = False,
) -> tuple[Check, ...]:
    """One for each page of `probe`, requested on the host through the web server, with redirects followed.

    Args:
        needs: Checks that say whether the hops before it work.
        hints: Status → what to do, where this type of site knows more than `_HINTS`.
        units: systemd units of the application, whose log is evidence beside that of the web server.
        by_files: The web server answers by files and Unix sockets, without a connection to another server.
        plain: The web server answers by files alone.
    """
    options = context.playbook.sites[name]
    known, found = {**_HINTS, **(hints or {})}, []
    for number, wanted in enumerate(options.pages, 1):
        judge = partial(_judge, wanted, name if options.files is not None else "", known)
        limit = ceil(in_seconds(wanted.within)) + 3
        probe = HostProbe(_script(context, name, wanted, units), limit, _accept(wanted), by_files or plain, plain)
        found.append(_page_check(name, number, _expected(wanted), partial(_named, number, wanted.path, judge), probe))
    return tuple(replace(one, needs=needs) for one in found)


def recorded_page(site: str, limit: int, expected: str, question: str, number: int = 1) -> Check:
    """A page as the host's record of its last proof has it, for a run without the playbook."""
    shell = script("release/page", site=site, page=numbered("page", number), accept=numbered("accept", number))
    probe = HostProbe(http.LIBRARY + shell, limit, 'grep -q "^accepted\tyes"')
    return replace(_page_check(site, number, expected, partial(_judge_recorded, expected), probe), recorded=question)


def numbered(name: str, number: int) -> str:
    """What belongs to the page with this number: the first one's is called as that of an only page."""
    return f"{name}{number}" if number > 1 else name


def _page_check(site: str, number: int, expected: str, judge: Judge, probe: HostProbe) -> Check:
    """The first page's check stands for the others in a plain `check`."""
    title = "another of the site's pages works" if number > 1 else "the site's own page works"
    found = check(site, numbered("answer", number), Where.HOST, title, expected, judge, (), probe)
    return replace(found, beside=f"site.answer@{site}" if number > 1 else "")


def _named(number: int, path: str, judge: Judge, seen: Evidence) -> Verdict:
    """The verdict on one of several pages names the page: its check has only a number."""
    verdict = judge(seen)
    named = number == 1 or f" {path}" in verdict.actual
    return verdict if named else replace(verdict, actual=f"{path}: {verdict.actual}")


def _judge_recorded(expected: str, seen: Evidence) -> Verdict:
    """`seen.raw`: what host/release/page.sh prints."""
    found = sections(seen.raw)
    page = sections(found.get("page", ""))
    status, url = page.get("status", "no status"), page.get("url", "/")
    if "accepted" in found:
        return passed(f"{status} for {url}, {page.get('size', '?')} bytes")
    verdict = _judge(ProbeOptions.model_construct(path=url), "", _HINTS, seen)
    if verdict.status is Status.PASS or page.get("expected") == "no":
        return failed(f"{status} for {url}, not {expected}", found.get("log", "") or _shown(page))
    return verdict


def _script(context: Context, name: str, wanted: ProbeOptions, units: Sequence[str]) -> str:
    port = "443" if redirects(context, name) else "80"
    scheme = "https" if https_of(context, name) else "http"
    given = (wanted.path, port, f"{in_seconds(wanted.within):g}", wanted.expect or "", scheme, *names_of(context, name))
    named = words(word for unit in units for word in ("-u", unit))
    headers, own = logins.header(context, name), _own_logs(context, name)
    return http.LIBRARY + words(["page", http.error_logs(context, name), named, headers, own, *given])


def _own_logs(context: Context, name: str) -> str:
    """The log files of its application, as http.sh's `own_logs` takes them."""
    options = context.playbook.sites[name]
    files: list[str] = options.logs if isinstance(options, Pipeline) else []
    return words([user_of(name), f"{home_of(name)}/current", *files]) if files else ""


def _accept(wanted: ProbeOptions) -> str:
    return script("page/accept", statuses=" ".join(map(str, sorted(wanted.statuses))))


def _expected(wanted: ProbeOptions) -> str:
    codes = "200-399" if wanted.status is None else " or ".join(map(str, sorted(wanted.statuses)))
    text = f" with {wanted.expect!r}" if wanted.expect else ""
    return f"{codes} for {wanted.path}{text} within {wanted.within}"


def _judge(wanted: ProbeOptions, seeded: str, hints: Mapping[int, str], seen: Evidence) -> Verdict:
    """`seen.raw`: what http.sh's `page` prints. `seeded`: the site, if lampctl's first page is not its own."""
    if seen.error:
        return unknown("could not be tried", seen.error)
    found = sections(seen.raw)
    page, log = sections(found.get("page", "")), found.get("log", "")
    status = parse_int(page.get("status", ""))
    if "failure" in page:
        return failed(page["failure"], log, _slow(wanted) if "within" in page["failure"] else "its log tells why")
    if "loop" in page:
        hops = "\n".join(list(dict.fromkeys(page.get("hop", "").split("\n")))[:5])
        hint = "the address in the application's own settings differs from the one that is requested"
        return failed(f"redirects for ever: {page['loop']}", hops, hint)
    if status is None:
        return unknown("could not be tried", seen.raw)
    return _judge_page(wanted, seeded, hints, status, page, log)


def _judge_page(
    wanted: ProbeOptions, seeded: str, hints: Mapping[int, str], status: int, page: Mapping[str, str], log: str
) -> Verdict:
    body, where = page.get("body", ""), _where(wanted, page)
    if status not in wanted.statuses:
        hint = hints.get(status, "the application failed: its log tells why" if status >= 500 else "")
        return failed(f"{status} for {where}", log or _shown(page), hint or "the site's `probe` expects another status")
    if "php" in page:
        hint = "fix the code; in production, `display_errors` belongs off"
        return failed(f"{status}, but the page shows a PHP error", f"{page['php']}\n{log}", hint)
    if status == 200 and page.get("visible") == "no":
        return failed("200, but the page is blank", log, "the application ended without output: its log tells why")
    if page.get("expected") == "no":
        evidence = f"{_shown(page)}\n{log}".strip()
        return failed(f"{status}, but without {wanted.expect!r}", evidence, "the page changed, or another one answers")
    if seeded and f"<h1>It works: {seeded}</h1>" in body:
        return failed("200, but lampctl's first page, not the site's", body, "the `source` has no index file")
    size = parse_int(page.get("size", "")) or 0
    return passed(f"{status}{'' if where == wanted.path else ', ' + where}, {size} bytes")


def _shown(page: Mapping[str, str]) -> str:
    """What a visitor reads of an HTML page; of anything else, how it begins."""
    return page.get("text", "").strip() or page.get("body", "")


def _where(wanted: ProbeOptions, page: Mapping[str, str]) -> str:
    """The path, and where its redirects led."""
    if page.get("location"):
        return f"{wanted.path} → {page['location']}"
    return f"{wanted.path} → {page.get('url')}" if "hop" in page else wanted.path


def _slow(wanted: ProbeOptions) -> str:
    return f"find out what {wanted.path} waits for, or let the site's `probe` have more time: within: 10s"
