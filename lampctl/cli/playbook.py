"""lampctl playbook: list, show, validate, schema."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from lampctl.cli import words
from lampctl.cli.options import Common, Environment, Format, Settings, grouped

playbook = typer.Typer(
    name="playbook",
    help="See, check and merge playbooks.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Names = Annotated[
    str,
    typer.Argument(metavar="NAME|FILE", help="A built-in playbook, or a YAML file.", autocompletion=words.playbooks),
]


@playbook.command("list", epilog="Example: lampctl playbook list")
@grouped
def list_(common: Common) -> None:
    """List the built-in playbooks, and the recipes of sites."""
    from lampctl.engine.library import Files
    from lampctl.playbook import load

    files = Files()
    rows = {name: load(name, [], files).playbook.description for name in files.builtin()}
    recipes = files.recipes()
    if common.format is Format.JSON:
        document = {"command": "playbook list", "ok": True, "playbooks": rows, "recipes": recipes}
        print(json.dumps(document, indent=2))
        return
    for name, text in (*rows.items(), *((f"recipe: {name}", text) for name, text in recipes.items())):
        print(f"{name:<25} {text}")


@playbook.command(epilog="Example: lampctl playbook show site.yml --env staging --set php.memory_limit=256M")
@grouped
def show(common: Common, name: Names = "lamp", settings: Settings = None, environment: Environment = "") -> None:
    """Show a playbook as it will be used: with what it extends, every default, and where each value comes from."""
    from lampctl.engine.library import Files
    from lampctl.platforms import PLATFORMS
    from lampctl.playbook import load
    from lampctl.playbook.origins import as_yaml, values

    loaded = load(name, settings or [], Files(), environment)
    found = list(values(loaded.playbook, loaded.document))
    if common.format is Format.JSON:
        document = {
            "command": "playbook show",
            "ok": True,
            "playbook": loaded.playbook.model_dump(mode="json"),
            "origins": {".".join(value.path): value.origin for value in found if value.origin},
            "environments": loaded.environments,
            "platforms": {p.id: {"title": p.title, "proved": p.proved} for p in PLATFORMS.values()},
        }
        print(json.dumps(document, indent=2))
        return
    print(f"# {' → '.join(loaded.files)}")
    if loaded.environments:
        print(f"# environments: {', '.join(loaded.environments)}; shown: {environment or 'none of them'}")
    for platform in PLATFORMS.values():
        print(f"# {platform.id:<13} {platform.title}: {'proved' if platform.proved else 'in the table, unproved'}")
    print(as_yaml(found))


@playbook.command(epilog="Example: lampctl playbook validate site.yml")
@grouped
def validate(common: Common, name: Names = "lamp", settings: Settings = None, environment: Environment = "") -> None:
    """Check a playbook, in every environment, and the templates it uses; errors with file and line."""
    from lampctl.engine.library import Files
    from lampctl.engine.offline import rendered
    from lampctl.platforms import PLATFORMS
    from lampctl.playbook import load

    files = Files()
    every = load(name, settings or [], files, environment).environments
    environments = [environment] if environment else ["", *every]
    for one in environments:
        for platform in PLATFORMS:
            rendered(name, settings or [], platform, files, one)
    named = [one for one in environments if one]
    if common.format is Format.JSON:
        print(json.dumps({"command": "playbook validate", "ok": True, "playbook": name, "environments": named}))
    elif not common.quiet:
        print(f"{name} is valid{', also in ' if len(environments) > 1 else ' in ' if named else ''}{', '.join(named)}")


@playbook.command(epilog="Example: lampctl playbook schema > playbook.schema.json")
@grouped
def schema(common: Common) -> None:  # noqa: ARG001
    """Print the JSON Schema of playbooks, for editors."""
    from lampctl.engine.library import Files
    from lampctl.playbook.schema import schema as make

    print(json.dumps(make(Files().model()), indent=2))
