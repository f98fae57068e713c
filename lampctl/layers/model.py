"""The model of a playbook, built from the layers and site types that are registered."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Annotated, Any, Union

from pydantic import Discriminator, Field, Tag, create_model

from lampctl.layers.registry import layers
from lampctl.layers.sites import site_types
from lampctl.playbook import Playbook
from lampctl.playbook.fields import SiteName


@cache
def playbook_model() -> type[Playbook]:
    """`Playbook`, with the options of each layer at the top level, and those of each site type by its `type`."""
    union: Any = Union[tuple(Annotated[kind.options, Tag(name)] for name, kind in site_types().items())]  # noqa: UP007
    options: Any = Annotated[union, Discriminator(_tag)]
    sites: Any = Field({}, description=Playbook.model_fields["sites"].description)
    fields: dict[str, Any] = {
        layer.name: (layer.options | None, Field(None, description=_title(layer.options)))
        for layer in layers()
        if layer.options and layer.name not in Playbook.model_fields
    }
    return create_model(
        "Playbook", __base__=Playbook, __doc__=Playbook.__doc__, sites=(dict[SiteName, options], sites), **fields
    )


def _tag(value: Any) -> str:
    return str(value.get("type", "php") if isinstance(value, dict) else getattr(value, "type", "php"))


def _title(options: type[Any]) -> str:
    return (inspect.getdoc(options) or options.__name__).splitlines()[0]
