"""lampctl init: the first playbook of a project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from lampctl.cli import words
from lampctl.cli.options import Common, Format, grouped
from lampctl.errors import UsageError

Type = Annotated[
    str, typer.Option("--type", metavar="TYPE", help="The site's type; docs/tour.md.", autocompletion=words.types)
]
Hosts = Annotated[
    list[str] | None,
    typer.Option("--host", metavar="HOST", help="Where to deploy. Repeatable.", autocompletion=words.hosts),
]

From = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="FOLDER",
        help="An application: finds the recipe that fits it, and says why; docs/recipes.md.",
        show_default=False,
    ),
]
Recipe = Annotated[
    str,
    typer.Option(
        "--recipe",
        metavar="NAME",
        help="With --from: this recipe, whatever fits.",
        autocompletion=words.recipes,
        show_default=False,
    ),
]


@grouped
def init(
    common: Common,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The playbook to write; - prints it.")] = "site.yml",
    type_: Type = "php",
    from_: From = "",
    recipe: Recipe = "",
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
    made, example, found = _made(type_, from_, recipe, path, host or [], site)
    if file == "-":
        print(made, end="")
        return
    written = [str(one) for one in starter.write(made, example, path, force)]
    deploy = f"lampctl deploy -p {path}{'' if host else ' HOST'}"
    if common.format is Format.JSON:
        print(json.dumps({"command": "init", "ok": True, "files": written, "next": deploy, **found}))
    elif not common.quiet:
        _say(found, written, deploy)


def _say(found: dict[str, str], written: list[str], deploy: str) -> None:
    if found["why"]:
        print(f"{found['recipe'] or 'no recipe needed'}: {found['why']}")
    print(f"wrote {' and '.join(written)}; next: {deploy}")


def _made(
    kind: str, folder: str, recipe: str, path: Path, hosts: list[str], site: str
) -> tuple[str, str, dict[str, str]]:
    """(the playbook, the example application that it needs, the recipe and why it fits)."""
    if folder:
        from lampctl.engine.adopting import adopted

        if kind != "php":
            raise UsageError("--type and --from exclude each other", "the recipe that fits has a type")
        made, fit = adopted(folder, recipe, path, hosts, site)
        return made, "", {"recipe": fit.recipe, "why": fit.why}
    if recipe:
        raise UsageError("--recipe belongs to --from", "lampctl init --from FOLDER --recipe NAME")
    from lampctl.engine import starter
    from lampctl.layers.sites import site_types

    made = starter.text(kind, str(path), hosts, site)
    return made, site_types()[kind].starter.example, {"recipe": "", "why": ""}
