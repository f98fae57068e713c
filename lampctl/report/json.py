"""One JSON document; its shape is a contract (docs/reference/cli.md)."""

from __future__ import annotations

import json

from lampctl.report.document import Report


def render(report: Report) -> str:
    document: dict[str, object] = {
        "command": report.command,
        "ok": report.ok,
        "hosts": [outcome.as_dict() for outcome in report.outcomes],
    }
    if report.error:
        document["error"] = report.error.as_dict()
    return json.dumps(document, indent=2) + "\n"
