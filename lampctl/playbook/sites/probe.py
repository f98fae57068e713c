"""The pages that prove a site."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lampctl.playbook.fields import Duration, OneLine, Options, RequestPath, Status

PROBE = (
    "The pages of the site that prove that it works: a path, a mapping, or a list of these. A deploy requests all of "
    "them; `check` the first, and `check --deep` all."
)


class ProbeOptions(Options):
    """The page that proves that a site works. Redirects within the site are followed."""

    path: RequestPath = Field("/", description="The path that is requested.")
    status: Status | Annotated[list[Status], Field(min_length=1)] | None = Field(
        None, description="The status that passes, or a list of them. Default: any from 200 to 399."
    )
    expect: OneLine | None = Field(None, description="A text that the page must contain.")
    within: Duration = Field("5s", description="The time that the page may take.")

    @property
    def statuses(self) -> frozenset[int]:
        """The statuses that pass."""
        if self.status is None:
            return frozenset(range(200, 400))
        return frozenset(self.status if isinstance(self.status, list) else [self.status])


Pages = Annotated[list[RequestPath | ProbeOptions], Field(min_length=1, max_length=50)]
