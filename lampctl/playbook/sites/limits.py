"""Limits of requests by path: how large, how long, and with which methods."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from lampctl.playbook.fields import Options, Seconds, Size
from lampctl.playbook.sites.routes import RoutedSite
from lampctl.playbook.sites.rules import Method
from lampctl.playbook.text import Text

LimitedPath = Annotated[
    str,
    Text(
        "limited path",
        "is not a path such as /upload/ or /import.php: letters, digits and . _ -, and no dot first",
        "/upload/",
        r"/([A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9_][A-Za-z0-9._-]*/?",
    ),
]


class LimitOptions(Options):
    """What requests for one path, and for all below it, have instead of the site's limits."""

    body_limit: Size | None = Field(None, description="The largest body of a request. Default: the site's.")
    timeout: Seconds | None = Field(None, description="Seconds that an answer may take. Default: the site's.")
    methods: list[Method] = Field(
        [], description="The methods that are answered; others get 405. HEAD goes with GET. Default: the site's."
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.body_limit is None and self.timeout is None and not self.methods:
            raise ValueError("limits nothing: it has a `body_limit`, a `timeout` or `methods`")
        return self


class LimitedSite(RoutedSite):
    """A site on which some paths have limits of their own."""

    limits: dict[LimitedPath, LimitOptions] = Field(
        {},
        description="A path, and what requests for it and for all below it have instead of the site's own limits; of "
        "several paths, the longest counts.",
    )

    @field_validator("limits")
    @classmethod
    def _once(cls, limits: dict[str, LimitOptions]) -> dict[str, LimitOptions]:
        for path in limits:
            if path.endswith("/") and path.rstrip("/") in limits:
                raise ValueError(f"{path} and {path.rstrip('/')} are the same path: remove one of them")
        return limits

    def unlimited(self, path: str) -> str:  # noqa: ARG002
        """Why this type of site can't hold a `body_limit` or `timeout` of this path; empty if it can."""
        return "only `methods` of a path fit here: a program answers no path of this type of site"


def within(path: str, folder: str) -> bool:
    """Whether a path is this one or below it; the case of letters does not matter, nor does a slash at the end."""
    return f"{path.rstrip('/')}/".lower().startswith(f"{folder.rstrip('/')}/".lower())
