"""Procfiles, as Heroku, Dokku and foreman read them: a process type and its shell command on each line."""

from __future__ import annotations

import re
from typing import Any

from lampctl.engine.detect import node, python, variables
from lampctl.engine.detect.folder import Fit, Folder
from lampctl.errors import UsageError

_NAME = "Procfile"
_SET = {"HOST", "NODE_ENV", "PATH", "PYTHONUNBUFFERED"}  # by the recipe
_EVERYWHERE = "0.0.0.0"  # noqa: S104 -- behind the web server, nobody else reaches the program


def procfile(folder: Folder) -> Fit | None:
    if not folder.has(_NAME):
        return None
    lines = parse(folder.text(_NAME), f"{folder.path / _NAME}")
    own: dict[str, Any] = {"command": command(lines.pop("web"))}
    if release := lines.pop("release", ""):
        own["hooks"] = {"before_switch": [release]}
    workers = {_worker(name): {"command": command(line)} for name, line in lines.items()}
    if workers:
        own["workers"] = workers
    required: set[str] = set()
    if folder.has("requirements.txt") or folder.has("pyproject.toml"):
        required = set(folder.requirements())
        own |= {"packages": [*python.PACKAGES, *python.compiled(required)], "build": python.build(folder)}
    elif folder.has("package.json"):
        required = node.dependencies(folder)
        builds = "build" in folder.mapping("package.json", "scripts")
        more = ["npm run build"] if builds else []
        own |= {"packages": node.PACKAGES, "build": [*node.install(folder, development=builds), *more]}
    needed, notes = variables.needs(folder, folder.code(".py", *node.CODE), required, _SET)
    if len(workers) < len(lines):
        notes = (*notes, "several lines of the Procfile make one name of a worker: the last one runs")
    return Fit("procfile", "there is a Procfile with a line `web`", own | needed, notes)


def _worker(name: str) -> str:
    """A process type as the name of a worker."""
    plain = name.lower().replace("_", "-").strip("-")
    return (plain if plain[:1].isalpha() else f"worker-{plain}")[:32]


def parse(text: str, file: str) -> dict[str, str]:
    """Process type → command, with at least the type `web`."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts = re.fullmatch(r"\s*([A-Za-z0-9_-]+)\s*:\s*(\S[^\x00-\x08\x0b-\x1f\x7f]*?)\s*", line)
        if not parts:
            raise UsageError(f"{file}:{number}: is not TYPE: COMMAND", "for example: web: gunicorn app:app")
        if parts[1] in found:
            raise UsageError(f"{file}:{number}: {parts[1]} occurs twice", "keep one of them")
        found[parts[1]] = parts[2].replace(_EVERYWHERE, "127.0.0.1").replace("\t", " ")
    if "web" not in found:
        has = f"; it has {', '.join(found)}" if found else ""
        raise UsageError(
            f"{file}: has no line web: nothing would answer the site's requests{has}",
            "add web: COMMAND, a program that listens on $PORT, or choose another recipe with --recipe",
        )
    return found


def command(line: str) -> str:
    """A shell's command line as systemd takes it (systemd.service(5), "Command lines")."""
    quoted = line.replace("\\", "\\\\").replace("%", "%%").replace("$", "$$").replace("'", "\\'")
    simple = not set(line) & set(";&|<>") and "=" not in line.split()[0]
    return f"sh -c '{'exec ' if simple else ''}{quoted}'"
