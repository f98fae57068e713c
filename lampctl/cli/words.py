"""Words that the shell completes: hosts, playbooks, playbook options, sites, environments, words to explain.

Each function maps (context, the word typed so far) to (word, one-line description); after an error there is nothing to
complete. They must be quick: words from the playbook models are cached for the user until a file of lampctl changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

Words = Iterator[tuple[str, str]]


def hosts(context: typer.Context, incomplete: str) -> Words:
    """Aliases of the ssh_config, boxes, the playbook's hosts; a typed `user@` is kept."""
    from lampctl.box import Boxes
    from lampctl.ssh.configfile import aliases

    user, at, _ = incomplete.rpartition("@")
    named = context.params.get("hosts") or ()
    found = [("local", "this machine"), *((box.name, f"box, {box.release}") for box in Boxes().list())]
    found += [(name, "playbook") for name in _document(context).get("hosts") or ()]
    found += [(name, "ssh_config") for name in aliases(context.params.get("config"))]
    for name, description in found:
        if name not in named:
            yield f"{user}{at}{name}", description


def boxes(_: typer.Context, incomplete: str) -> Words:  # noqa: ARG001
    from lampctl.box import Boxes

    for box in Boxes().list():
        yield box.name, f"{box.release}, {'running' if box.running else 'stopped'}"


def playbooks(_: typer.Context, incomplete: str) -> Words:
    """Built-in playbooks and the project's by name; files by path."""
    from lampctl.engine.library import Files

    for name in Files().names():
        yield name, "playbook"
    folder, slash, _name = incomplete.rpartition("/")
    below = Path(folder + slash).expanduser() if slash else Path()
    for path in sorted(below.iterdir()):
        if path.suffix in (".yml", ".yaml"):
            yield f"{folder}{slash}{path.name}", "file"
        elif path.is_dir() and not path.name.startswith("."):
            yield f"{folder}{slash}{path.name}/", "folder"


def environments(context: typer.Context, _: str) -> Words:
    for name in _document(context).get("environments", ()):
        yield name, "environment"


def settings(context: typer.Context, _: str) -> Words:
    """`php.memory_limit=`; NAME is replaced by the playbook's sites."""
    names = list(_document(context).get("sites") or ())
    for path, description in _all()["option"].items():
        for place in [path.replace("NAME", name, 1) for name in names] if path.startswith("sites.NAME.") else [path]:
            yield f"{place}=", description


def explained(_: typer.Context, incomplete: str) -> Words:
    found = _all()
    if "@" in incomplete:
        sites = [site for path in _files() for site in _read(path).get("sites") or ()]
        for word, description in found["check of a site"].items():
            yield from ((f"{word}@{site}", description) for site in sites)
        return
    for kind in ("check", "layer", "option"):
        for word, description in found[kind].items():
            yield word, f"{kind}: {description}"


def _files() -> Iterator[str]:
    """Files that may be playbooks of this project, for commands without --playbook."""
    for folder in (Path(), Path("playbooks")):
        for ending in ("yml", "yaml"):
            yield from map(str, sorted(folder.glob(f"*.{ending}")))


def _document(context: typer.Context) -> dict[str, Any]:
    """The playbook named on the line so far; empty without one."""
    name = context.params.get("playbook") or context.params.get("name")
    return _read(name, context.params.get("environment") or "") if name else {}


def _read(name: str, environment: str = "") -> dict[str, Any]:
    """Read a playbook with what it extends and its environment, without validation.

    Empty if it can't be read: completion then offers fewer words.
    """
    from lampctl.documents import layered
    from lampctl.engine.library import Files

    try:
        document, _, environments = layered(name, Files(), environment)
    except Exception:
        return {}
    return {**document.data, "environments": environments}


def _all() -> dict[str, dict[str, str]]:
    """Kind → word → its description in the manual."""
    from lampctl.engine import cache
    from lampctl.extensions import installed

    changed = max(path.stat().st_mtime_ns for path in Path(__file__).parents[1].rglob("*.py"))
    extensions = [f"{origin} {point.name}" for point, origin in installed()]
    kept = cache.home() / "words.json"
    try:
        found = json.loads(kept.read_text())
        if found["changed"] == changed and found["extensions"] == extensions:
            return found["words"]  # type: ignore[no-any-return]
    except (OSError, ValueError, KeyError):
        pass
    from lampctl.engine.explain import Manual

    words = Manual().words()
    # Without a cache, the next completion is slow as well.
    cache.write(kept, json.dumps({"changed": changed, "extensions": extensions, "words": words}).encode())
    return words


def formats(_: typer.Context, incomplete: str) -> Words:
    """Report formats; the shell itself completes the file after the colon."""
    from lampctl.report import FORMATS

    if ":" not in incomplete:
        for name in FORMATS:
            yield name, "on stdout" if name == "text" else f"on stdout; {name}:FILE for a file"


def platforms(_: typer.Context, incomplete: str) -> Words:  # noqa: ARG001
    from lampctl.platforms import PLATFORMS

    for platform in PLATFORMS.values():
        yield platform.id, platform.title


def releases(_: typer.Context, incomplete: str) -> Words:  # noqa: ARG001
    """Releases of Debian, for boxes."""
    from lampctl.box import RELEASES

    for name in RELEASES:
        yield name, "release"


def types(_: typer.Context, incomplete: str) -> Words:  # noqa: ARG001
    """Types of sites."""
    yield from _all()["type"].items()


def recipes(_: typer.Context, incomplete: str) -> Words:  # noqa: ARG001
    """Recipes of sites: the project's own and the built-in ones."""
    from lampctl.engine.library import Files

    yield from Files().recipes().items()
