"""What a type of site is: the one registration that everything else is derived from."""

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
        options: What a playbook may say of such a site. Its field `type` is a Literal of one value: the type's name.
        vhost: (context, site's name, its options) → how the web server answers.
        parts: (context, site's name, its options) → what the site is made of, and how it is proved.
        starter: What `lampctl init --type` writes.
    """

    options: type[O]
    vhost: Callable[[Context, str, O], Vhost]
    parts: Callable[[Context, str, O], Desired]
    starter: Starter

    @property
    def name(self) -> str:
        """The value of `type` in playbooks; empty where the options don't say."""
        values: tuple[Any, ...] = get_args(self.options.model_fields["type"].annotation)
        return str(values[0]) if len(values) == 1 else ""
