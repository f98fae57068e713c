"""A site in maintenance: every visitor gets 503 and a page. `lampctl maintenance` switches it, no playbook.

The vhosts of each site include files of a directory of root's, which exists only meanwhile: so a deploy changes nothing
about it. lampctl's own probes on the host pass through, by a secret header that the web server believes from the host
itself only (lampctl/host/http.sh sends it). Probes from outside get the page, which has a mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from lampctl.checks import Check, Evidence, HttpProbe, Judge, Verdict, Where, passed
from lampctl.layers import http
from lampctl.layers.base import Context, Desired
from lampctl.layers.vhost import WELL_KNOWN_URL, site_id
from lampctl.resources import File

PLACE = "/etc/lampctl-maintenance"  # of a directory for each such site; the web server cannot enter /etc/lampctl
_URL = "/lampctl-maintenance"  # of the page; requests for it get 503 as all others do
_PASS, _MARK = "X-Lampctl-Pass", "X-Lampctl-Maintenance"


@dataclass(frozen=True)
class Maintenance:
    """How visitors of a site are answered.

    Attributes:
        retry_after: Seconds.
        allowed: Addresses and networks that pass through.
    """

    site: str
    retry_after: int
    allowed: Sequence[str] = ()

    def files(self) -> tuple[File, ...]:
        """Those of its directory, for both web servers, and the built-in page. The host makes the secret: `@PASS@`."""
        values = {
            "site": self.site,
            "id": site_id(self.site),
            "folder": folder(self.site),
            "url": _URL,
            "well_known_url": WELL_KNOWN_URL,
            "retry_after": self.retry_after,
            "allowed": list(self.allowed),
            "names": {"pass": _PASS, "mark": _MARK},
        }
        # Those of routes are for other sites, of which some paths lead to this one.
        names = ("apache.conf", "apache-route.conf", "nginx.conf", "nginx-route.conf", "nginx-maps.conf", "page.html")
        return tuple(File(name, "web", f"maintenance/{name}.j2", values, mode=0o600) for name in names)

    @property
    def header(self) -> str:
        """The header of the proof, as it is sent."""
        return f"{_PASS}: @PASS@\r\n"


def folder(site: str) -> str:
    return f"{PLACE}/{site}"


def answers(answer: http.Answer) -> bool:
    """Is this the answer of a site in maintenance?"""
    return answer.status == 503 and _MARK.lower() in answer.headers


def maintained(context: Context, name: str) -> Desired:
    """What says that a site is in maintenance."""
    if name not in context.facts.maintenance:
        return Desired()
    words = "in maintenance: visitors get 503, until `lampctl maintenance off` ends it"
    check = Check(f"site.maintenance@{name}", "site", Where.HOST, "it is in maintenance", "visitors get 503",
                  lambda _: passed(words), undoable=False)  # fmt: skip
    return Desired(checks=(check,), reminders=(f"{name} is {words}",))


def excused(context: Context, checks: Sequence[Check]) -> tuple[Check, ...]:
    """The checks, of which those that ask a site from outside take its maintenance for what it is."""
    return tuple(_excused(check) if _is_asked(context, check) else check for check in checks)


def _is_asked(context: Context, check: Check) -> bool:
    return isinstance(check.probe, HttpProbe) and check.probe.name in context.facts.maintenance


def _excused(check: Check) -> Check:
    return replace(check, judge=partial(_judge, check.judge))


def _judge(judge: Judge, seen: Evidence) -> Verdict:
    answer = None if seen.error else http.parse(seen.raw)
    if answer and answers(answer):
        return passed("503, which is the site's maintenance")
    return judge(seen)
