"""The JSON Schema of playbooks, and the tables of the reference; both come from the models."""

from __future__ import annotations

from typing import Any

from lampctl.playbook.models import Playbook


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12). `extends` is read before the models see a playbook, so it is added here."""
    found = Playbook.model_json_schema()
    extends = {"type": "string", "description": "The playbook that this one builds on: lamp, or a file."}
    found["properties"] = {"extends": extends, **found["properties"]}
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = "lampctl playbook"
    return found
