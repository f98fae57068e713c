"""Applications in Python."""

from __future__ import annotations

import re
from typing import Any

from lampctl.engine.detect.folder import Fit, Folder

PACKAGES = ["python3", "python3-venv"]
_PIP = ".venv/bin/pip install --quiet --disable-pip-version-check"
_COMPILE = '.venv/bin/python -m compileall -q --invalidation-mode unchecked-hash -s "$PWD" . || true'
_GUNICORN = ".venv/bin/python -m gunicorn --bind 127.0.0.1:${PORT} --threads 4"
_STATIC_FILES = ".venv/bin/python manage.py collectstatic --noinput"


def build(folder: Folder, *further: str) -> list[str]:
    """A virtual environment in the release."""
    needed = "-r requirements.txt" if folder.has("requirements.txt") else "." if folder.has("pyproject.toml") else ""
    wanted = " ".join(part for part in (needed, *further) if part)
    return ["python3 -m venv .venv", *([f"{_PIP} {wanted}"] if wanted else []), _COMPILE]


def django(folder: Folder) -> Fit | None:
    manage = folder.text("manage.py")
    if "django" not in manage.lower():
        return None
    own: dict[str, Any] = {}
    found = re.search(r"""DJANGO_SETTINGS_MODULE['"]\s*,\s*['"]([\w.]+)['"]""", manage)
    settings = found[1] if found else "config.settings"
    project = settings.split(".settings")[0]
    if project != "config":
        own["command"] = f"{_GUNICORN} {project}.wsgi"
    path = settings.replace(".", "/")
    text = folder.text(f"{path}.py") or folder.text(f"{path}/__init__.py") + folder.text(f"{path}/base.py")
    collects = "STATIC_ROOT" in text or not text
    if not collects or not folder.has("requirements.txt"):
        django = () if folder.has("requirements.txt") else ("django",)
        own["build"] = [*build(folder, *django, "gunicorn"), *([_STATIC_FILES] if collects else [])]
    if "sqlite3" in text:
        own["shared"] = ["db.sqlite3", "media/"]
    notes = () if collects else ("the settings have no STATIC_ROOT: `manage.py collectstatic` is left out",)
    return Fit("django", "there is Django's manage.py", own, notes)


def flask(folder: Folder) -> Fit | None:
    if "flask" not in folder.requirements():
        return None
    listed = "requirements.txt" if folder.has("requirements.txt") else "pyproject.toml"
    own: dict[str, Any] = {} if folder.has("requirements.txt") else {"build": build(folder, "gunicorn")}
    module, name = _application(folder)
    if (module, name) != ("app", "app"):
        own["command"] = f"{_GUNICORN} {module}:{name}"
    return Fit("flask", f"{listed} has flask", own)


def _application(folder: Folder) -> tuple[str, str]:
    """(module, name) of the Flask application."""
    for module in ("app", "wsgi", "main", "application", "server"):
        text = folder.text(f"{module}.py") or folder.text(f"{module}/__init__.py")
        if found := re.search(r"^(\w+)\s*(?::[^=\n]+)?=\s*(?:Flask|create_app|make_app)\(", text, re.MULTILINE):
            return module, found[1]
        if found := re.search(r"^def (create_app|make_app)\(", text, re.MULTILINE):
            return module, f"{found[1]}()"
    return "app", "app"
