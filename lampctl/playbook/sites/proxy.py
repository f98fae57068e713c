"""What runs elsewhere."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from lampctl.playbook.fields import Seconds, Size
from lampctl.playbook.sites.base import TYPE, SiteBase
from lampctl.playbook.sites.starter import Starter
from lampctl.playbook.sites.upstream import Upstreams, WeightedUpstream, one_group, weighted


class ProxySite(SiteBase):
    """Upstreams anywhere."""

    runs_code: ClassVar[bool] = False
    proxied: ClassVar[bool] = True

    type: Literal["proxy"] = Field(description=TYPE)
    upstreams: Upstreams = Field(description="Where requests go: URLs, or mappings with a weight.")
    websocket: bool = Field(True, description="Whether connections may be upgraded.")
    timeout: Seconds = Field(60, description="Seconds that an upstream may take to answer.")
    body_limit: Size = Field("32M", description="The largest body of a request.")

    @model_validator(mode="after")
    def _one_group(self) -> Self:
        one_group(self.weighted)
        return self

    def unlimited(self, path: str) -> str:  # noqa: ARG002
        return ""

    @property
    def weighted(self) -> tuple[WeightedUpstream, ...]:
        return weighted(self.upstreams)


STARTER = Starter(
    "A web server before upstreams that are anywhere.",
    "    upstreams: [http://127.0.0.1:8000]\n"
    "    # probe: /health                # what is requested when the site is proved\n",
)
