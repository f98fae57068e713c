"""Files."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lampctl.playbook.fields import Size
from lampctl.playbook.sites.base import TYPE, RootedSite
from lampctl.playbook.sites.environment import WithEnvironment
from lampctl.playbook.sites.starter import Starter


class StaticSite(WithEnvironment, RootedSite):
    """Files."""

    runs_code: ClassVar[bool] = False

    type: Literal["static"] = Field(description=TYPE)
    fallback: bool = Field(False, description="A single-page app: paths without a file get index.html.")
    cache: Annotated[int, Field(ge=0, le=31_536_000)] = Field(
        3600, description="Seconds for which browsers may keep files other than HTML; 0: they always ask."
    )
    body_limit: Size = Field(
        "32M", description="The largest body of a request, for a template of your own that passes a path to a program."
    )

    @model_validator(mode="after")
    def _environment_of_something(self) -> Self:
        if self.environment and not (self.build or self.hooks.before_switch or self.hooks.after_switch):
            raise ValueError("`environment` is for what `build` and `hooks` run, and there is none")
        return self


STARTER = Starter(
    "A site of files.",
    "    # source: dist                  # a folder beside this file; else the files are in /var/www/NAME\n"
    "    # fallback: true                # a single-page app: paths without a file get index.html\n",
)
