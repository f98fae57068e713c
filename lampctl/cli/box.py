"""lampctl box: throwaway Debian hosts on this machine."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from lampctl.cli import words
from lampctl.cli.options import Common, Format, grouped

if TYPE_CHECKING:
    from lampctl.box import Box

box = typer.Typer(
    name="box",
    help="Throwaway Debian hosts on this machine (systemd-nspawn; needs root), to try things on.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The box's name; lampctl deploy NAME finds it.", autocompletion=words.boxes),
]


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _as_dict(box: Box) -> dict[str, object]:
    return {"name": box.name, "release": box.release, "address": box.address, "running": box.running}


@box.command(epilog="Example: lampctl box up demo --release bookworm && lampctl deploy demo")
@grouped
def up(
    common: Common,
    name: Name,
    release: Annotated[
        str,
        typer.Option("--release", metavar="RELEASE", help="trixie, bookworm or sid.", autocompletion=words.releases),
    ] = "trixie",
) -> None:
    """Boot a box, or find it running."""
    from lampctl.box import Boxes

    found = Boxes(say=(lambda _: None) if common.quiet else _say).up(name, release)
    if common.format is Format.JSON:
        print(json.dumps({"command": "box up", "ok": True, "box": _as_dict(found)}, indent=2))
    elif not common.quiet:
        print(f"{found.name} is up: {found.release} at {found.address}; next: lampctl deploy {found.name}")


@box.command("list", epilog="Example: lampctl box list --format json")
@grouped
def list_(common: Common) -> None:
    """List the boxes of this machine."""
    from lampctl.box import Boxes

    boxes = Boxes().list()
    if common.format is Format.JSON:
        print(json.dumps({"command": "box list", "ok": True, "boxes": [_as_dict(b) for b in boxes]}, indent=2))
        return
    for found in boxes:
        print(f"{found.name:<16} {found.release:<10} {found.address:<15} {'running' if found.running else 'stopped'}")


@box.command(
    epilog="Examples: lampctl box ssh demo | lampctl box ssh demo ls -l /var/www",
    context_settings={"allow_interspersed_args": False},  # options after NAME are the command's
)
@grouped
def ssh(
    common: Common,  # noqa: ARG001
    name: Name,
    command: Annotated[list[str] | None, typer.Argument(metavar="COMMAND", help="Instead of a shell.")] = None,
) -> None:
    """Log in to a box as root."""
    from lampctl.box import Boxes

    argv = Boxes().ssh_argv(name, *(command or []))
    sys.stdout.flush()
    os.execvp(argv[0], list(argv))  # noqa: S606 -- ssh replaces this process and keeps its terminal


@box.command(epilog="Example: lampctl box down demo")
@grouped
def down(common: Common, name: Name) -> None:
    """Stop a box and delete it."""
    from lampctl.box import Boxes

    Boxes(say=(lambda _: None) if common.quiet else _say).down(name)
    if common.format is Format.JSON:
        print(json.dumps({"command": "box down", "ok": True, "name": name}))
    elif not common.quiet:
        print(f"{name} is gone")
