"""Applications in Python."""

from __future__ import annotations

import re

from lampctl.engine.detect import variables
from lampctl.engine.detect.folder import Fit, Folder

PACKAGES = ["python3", "python3-venv"]
GUNICORN = ".venv/bin/python -m gunicorn --bind 127.0.0.1:${PORT} --threads 4"
_PIP = ".venv/bin/pip install --quiet --disable-pip-version-check --no-compile"
_COMPILE = ".venv/bin/python -m compileall -q --invalidation-mode unchecked-hash . || true"
_SET = {"PYTHONUNBUFFERED", "SECRET_KEY"}  # by the recipe
# Requirements that pip compiles → Debian's packages that they need for it.
_COMPILED = {"mysqlclient": ("default-libmysqlclient-dev", "gcc", "pkg-config", "python3-dev")}


def build(folder: Folder, *further: str) -> list[str]:
    """A virtual environment in the release."""
    needed = "-r requirements.txt" if folder.has("requirements.txt") else "." if folder.has("pyproject.toml") else ""
    wanted = " ".join(part for part in (needed, *further) if part)
    return ["python3 -m venv .venv", *([f"{_PIP} {wanted}"] if wanted else []), _COMPILE]


def compiled(required: set[str]) -> list[str]:
    """Packages of the distribution that these requirements need besides PACKAGES."""
    return [package for name in sorted(required & _COMPILED.keys()) for package in _COMPILED[name]]


def flask(folder: Folder) -> Fit | None:
    required = set(folder.requirements())
    if "flask" not in required:
        return None
    listed = "requirements.txt" if folder.has("requirements.txt") else "pyproject.toml"
    own, notes = variables.needs(folder, folder.code(".py"), required, _SET)
    if not folder.has("requirements.txt"):
        own["build"] = build(folder, "gunicorn")
    if packages := compiled(required):
        own["packages"] = [*PACKAGES, *packages]
    module, name = _application(folder)
    if (module, name) != ("app", "app"):
        own["command"] = f"{GUNICORN} {module}:{name}"
    return Fit("flask", f"{listed} has flask", own, notes)


def _application(folder: Folder) -> tuple[str, str]:
    """(module, name) of the Flask application."""
    for module in ("app", "wsgi", "main", "application", "server"):
        text = folder.text(f"{module}.py") or folder.text(f"{module}/__init__.py")
        if found := re.search(r"^(\w+)\s*(?::[^=\n]+)?=\s*(?:Flask|create_app|make_app)\(", text, re.MULTILINE):
            return module, found[1]
        if found := re.search(r"^def (create_app|make_app)\(", text, re.MULTILINE):
            return module, f"{found[1]}()"
    return "app", "app"
