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
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = "lampctl playbook"
    return found
