"""The JSON Schema of playbooks, and the tables of the reference; both come from the models."""

from __future__ import annotations

from typing import Any

from lampctl.documents import READ_BEFORE
from lampctl.playbook.models import Playbook


def schema(model: type[Playbook]) -> dict[str, Any]:
    """JSON Schema (draft 2020-12). What is read before the models see a playbook is added here."""
    found = model.model_json_schema()
    keys = {"enum": list(found["properties"])}
    kinds: dict[str, dict[str, Any]] = {
        "extends": {"type": "string"},
        "environments": {"type": "object", "additionalProperties": {"type": "object", "propertyNames": keys}},
    }
    before = {name: {**kinds[name], "description": text} for name, text in READ_BEFORE.items()}
    found["properties"] = {**before, **found["properties"]}
    _with_recipes(found)
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = "lampctl playbook"
    return found


def _with_recipes(schema: dict[str, Any]) -> None:
    """A recipe may set what a site has to have, its type included: such a site may be of several types."""
    for model in schema["$defs"].values():
        if "recipe" in model["properties"] and "required" in model:
            model["anyOf"] = [{"required": model.pop("required")}, {"required": ["recipe"]}]
    sites = schema["properties"]["sites"]["additionalProperties"]
    sites["anyOf"] = sites.pop("oneOf")
