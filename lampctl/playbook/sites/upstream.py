"""Upstreams: servers to which requests are passed on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from lampctl.playbook.fields import Options, Upstream


class WeightedUpstream(Options):
    """One of several upstreams."""

    url: Upstream = Field(description="http://HOST:PORT")
    weight: Annotated[int, Field(ge=1, le=100)] = Field(1, description="Its share of the requests.")


Upstreams = Annotated[list[Upstream | WeightedUpstream], Field(min_length=1)]


def weighted(upstreams: Sequence[str | WeightedUpstream]) -> tuple[WeightedUpstream, ...]:
    """Each as a mapping."""
    return tuple(WeightedUpstream(url=one) if isinstance(one, str) else one for one in upstreams)


def one_group(upstreams: Sequence[WeightedUpstream]) -> None:
    """ValueError where requests can't be shared among these upstreams."""
    urls = [upstream.url for upstream in upstreams]
    if len({url.partition(":")[0] for url in urls}) > 1:
        raise ValueError("the upstreams are all http:// or all https://; make two sites of them")
    twice = next((url for url in urls if urls.count(url) > 1), None)
    if twice:
        raise ValueError(f"the upstream {twice} occurs twice; give it a weight")
