"""lampctl playbook: list, show, validate, schema."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from lampctl.cli.options import Common, Format, grouped

playbook = typer.Typer(
    name="playbook",
    help="See, check and merge playbooks.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Names = Annotated[str, typer.Argument(metavar="NAME|FILE", help="A built-in playbook, or a YAML file.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Put a value in place of the playbook's. Repeatable."),
]


@playbook.command("list", epilog="Example: lampctl playbook list")
@grouped
def list_(common: Common) -> None:
    """List the built-in playbooks."""
    from lampctl.engine.library import Files
    from lampctl.playbook import load

    files = Files()
    rows = {name: load(name, [], files).playbook.description for name in files.builtin()}
    if common.format is Format.JSON:
        print(json.dumps({"command": "playbook list", "ok": True, "playbooks": rows}, indent=2))
    else:
        print("\n".join(f"{name:<12} {text}" for name, text in rows.items()))


@playbook.command(epilog="Example: lampctl playbook show site.yml --set php.memory_limit=256M")
@grouped
def show(common: Common, name: Names = "lamp", settings: Settings = None) -> None:
    """Show a playbook as it will be used: with what it extends, and every default."""
    from lampctl.engine.library import Files
    from lampctl.platforms import PLATFORMS
    from lampctl.playbook import load

    loaded = load(name, settings or [], Files())
    data = loaded.playbook.model_dump(mode="json")
    if common.format is Format.JSON:
        platforms = {p.id: {"title": p.title, "proved": p.proved} for p in PLATFORMS.values()}
        print(json.dumps({"command": "playbook show", "ok": True, "playbook": data, "platforms": platforms}, indent=2))
        return
    import yaml

    print(f"# {' → '.join(loaded.files)}")
    for platform in PLATFORMS.values():
        print(f"# {platform.id:<13} {platform.title}: {'proved' if platform.proved else 'in the table, unproved'}")
    print(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), end="")


@playbook.command(epilog="Example: lampctl playbook validate site.yml")
@grouped
def validate(common: Common, name: Names = "lamp", settings: Settings = None) -> None:
    """Check a playbook and the templates it uses; errors with file and line."""
    from lampctl.engine.library import Files
    from lampctl.engine.offline import rendered
    from lampctl.platforms import PLATFORMS

    files = Files()
    for platform in PLATFORMS:
        rendered(name, settings or [], platform, files)
    if common.format is Format.JSON:
        print(json.dumps({"command": "playbook validate", "ok": True, "playbook": name}))
    elif not common.quiet:
        print(f"{name} is valid")


@playbook.command(epilog="Example: lampctl playbook schema > playbook.schema.json")
@grouped
def schema(common: Common) -> None:  # noqa: ARG001
    """Print the JSON Schema of playbooks, for editors."""
    from lampctl.playbook.schema import schema as make

    print(json.dumps(make(), indent=2))
