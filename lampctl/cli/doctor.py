"""lampctl doctor: what this machine lacks."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer

from lampctl.cli.options import Common, Format, grouped
from lampctl.errors import Exit


@grouped
def doctor(common: Common) -> None:
    """Show what this machine lacks, and how to get it. Exits with 0 if deploy can work."""
    from lampctl.engine.doctor import findings

    found = findings()
    ok = all(finding.ok for finding in found if finding.needed)
    if common.format is Format.JSON:
        print(json.dumps({"command": "doctor", "ok": ok, "findings": [asdict(one) for one in found]}, indent=2))
    else:
        width = max(len(one.name) for one in found)
        for one in found:
            if common.quiet and one.ok:
                continue
            mark = "✓" if one.ok else "✗" if one.needed else "-"
            print(f"{mark} {one.name:<{width}}  {one.found}{'' if one.ok or one.needed else ' (optional)'}")
            if not one.ok:
                print(f"  {'':<{width}}  → {one.get}")
        print("deploy can work from here" if ok else "deploy can't work from here: get what is marked ✗")
    if not ok:
        raise typer.Exit(int(Exit.FAILED))
