"""The site type redirect: a host that redirects to a URL."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

from pydantic import Field

from lampctl.checks import Verdict, failed, passed
from lampctl.layers import Context, Desired, http, sizing
from lampctl.layers.sites.base import SiteType
from lampctl.layers.sites.common import home, outside, through
from lampctl.layers.vhost import Vhost
from lampctl.playbook.fields import HttpsUrl
from lampctl.playbook.sites import SiteBase
from lampctl.playbook.sites.starter import Starter


class RedirectSite(SiteBase):
    """A redirect to a URL."""

    runs_code: ClassVar[bool] = False

    type: Literal["redirect"] = Field(description="The type of the site.")
    to: HttpsUrl = Field(description="The URL to which visitors are sent.")
    permanent: bool = Field(True, description="Whether browsers may remember it: status 301, else 302.")

    @property
    def status(self) -> int:
        return 301 if self.permanent else 302


def vhost(context: Context, name: str, options: RedirectSite) -> Vhost:  # noqa: ARG001
    return Vhost("redirect", sizing.no_body(), values={"to": options.to, "status": options.status})


def parts(context: Context, name: str, options: RedirectSite) -> Desired:
    expected = f"{options.status} to {options.to}"
    recognise = partial(_recognise, options)
    return Desired(
        resources=home(context, name),
        checks=(
            through(context, name, "redirect", "visitors are redirected", expected, partial(_judge, recognise),
                    (f"web.static@{name}",), "/"),
            outside(name, "/", expected, recognise, (f"site.redirect@{name}",)),
        ),
    )  # fmt: skip


def _recognise(options: RedirectSite, answer: http.Answer) -> str | None:
    found = answer.status == options.status and answer.headers.get("location") == options.to
    return f"{answer.status} to {options.to}" if found else None


def _judge(recognise: partial[str | None], answer: http.Answer, log: str) -> Verdict:
    recognised = recognise(answer)
    if recognised:
        return passed(recognised)
    location = answer.headers.get("location", "nowhere")
    return failed(f"{answer.status} to {location}", log, "lampctl plan shows what differs from the template")


STARTER = Starter("A redirect to another site.", "    to: https://www.example.com/\n")
REDIRECT = SiteType(RedirectSite, vhost, parts, STARTER)
