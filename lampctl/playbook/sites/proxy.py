"""What runs elsewhere."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lampctl.playbook.fields import Options, Seconds, Size, Upstream
from lampctl.playbook.sites.base import TYPE, SiteBase
from lampctl.playbook.sites.starter import Starter


class WeightedUpstream(Options):
    """One of several upstreams."""

    url: Upstream = Field(description="http://HOST:PORT")
    weight: Annotated[int, Field(ge=1, le=100)] = Field(1, description="Its share of the requests.")


class ProxySite(SiteBase):
    """Upstreams anywhere."""

    runs_code: ClassVar[bool] = False

    type: Literal["proxy"] = Field(description=TYPE)
    upstreams: Annotated[list[Upstream | WeightedUpstream], Field(min_length=1)] = Field(
        description="Where requests go: URLs, or mappings with a weight."
    )
    websocket: bool = Field(True, description="Whether connections may be upgraded.")
    timeout: Seconds = Field(60, description="Seconds that an upstream may take to answer.")
    body_limit: Size = Field("32M", description="The largest body of a request.")

    @model_validator(mode="after")
    def _one_group(self) -> Self:
        urls = [upstream.url for upstream in self.weighted]
        if len({url.partition(":")[0] for url in urls}) > 1:
            raise ValueError("the upstreams are all http:// or all https://; make two sites of them")
        twice = next((url for url in urls if urls.count(url) > 1), None)
        if twice:
            raise ValueError(f"the upstream {twice} occurs twice; give it a weight")
        return self

    @property
    def weighted(self) -> tuple[WeightedUpstream, ...]:
        return tuple(WeightedUpstream(url=u) if isinstance(u, str) else u for u in self.upstreams)


STARTER = Starter(
    "A web server before upstreams that are anywhere.",
    "    upstreams: [http://127.0.0.1:8000]\n"
    "    # probe: /health                # what is requested when the site is proved\n",
)
