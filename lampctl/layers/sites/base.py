"""A type of site, as it is registered; everything else is derived from this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args

from lampctl.layers.base import Context, Desired
from lampctl.layers.vhost import Vhost
from lampctl.playbook.sites import SiteBase
from lampctl.playbook.sites.starter import Starter

O = TypeVar("O", bound=SiteBase)  # noqa: E741 -- options


@dataclass(frozen=True)
class SiteType(Generic[O]):
    """A type of site.

    Attributes:
        options: The model of such a site in a playbook. Its field `type` is a Literal of one value: the type's name.
        vhost: (context, site's name, its options) → how the web server answers.
        parts: (context, site's name, its options) → the site's resources and checks.
        starter: The playbook that `lampctl init --type` writes.
    """

    options: type[O]
    vhost: Callable[[Context, str, O], Vhost]
    parts: Callable[[Context, str, O], Desired]
    starter: Starter

    @property
    def name(self) -> str:
        """The value of `type` in playbooks; empty if the options don't define one."""
        values: tuple[Any, ...] = get_args(self.options.model_fields["type"].annotation)
        return str(values[0]) if len(values) == 1 else ""
