"""lampctl init: the first playbook of a project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from lampctl.cli import words
from lampctl.cli.options import Common, Format, grouped

Type = Annotated[
    str, typer.Option("--type", metavar="TYPE", help="The site's type; docs/tour.md.", autocompletion=words.types)
]
Hosts = Annotated[
    list[str] | None,
    typer.Option("--host", metavar="HOST", help="Where to deploy. Repeatable.", autocompletion=words.hosts),
]


@grouped
def init(
    common: Common,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The playbook to write; - prints it.")] = "site.yml",
    type_: Type = "php",
    host: Hosts = None,
    site: Annotated[str, typer.Option("--site", metavar="NAME", help="The site's name.")] = "shop.example.com",
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
) -> None:
    """Write a first playbook, commented and valid."""
    from lampctl.engine import starter
    from lampctl.ssh import target

    for name in host or []:
        target(name)
    path = Path("site.yml" if file == "-" else file)
    made = starter.text(type_, str(path), host or [], site)
    if file == "-":
        print(made, end="")
        return
    written = starter.write(made, type_, path, force)
    deploy = f"lampctl deploy -p {path}{'' if host else ' HOST'}"
    if common.format is Format.JSON:
        print(json.dumps({"command": "init", "ok": True, "files": [str(one) for one in written], "next": deploy}))
    elif not common.quiet:
        print(f"wrote {' and '.join(str(one) for one in written)}; next: {deploy}")
