"""Django projects: their settings, what serves them, and what they need of the host."""

from __future__ import annotations

import re
from typing import Any

from lampctl.engine.detect import python, variables
from lampctl.engine.detect.folder import Fit, Folder

_SET = {"PYTHONUNBUFFERED", "SECRET_KEY"}  # by the recipe
_STATIC_FILES = ".venv/bin/python manage.py collectstatic --noinput"
# A package that serves ASGI → its command.
_SERVERS = {
    "uvicorn": ".venv/bin/python -m uvicorn --host 127.0.0.1 --port ${PORT}",
    "daphne": ".venv/bin/python -m daphne -b 127.0.0.1 -p ${PORT}",
    "hypercorn": ".venv/bin/python -m hypercorn --bind 127.0.0.1:${PORT}",
}


def django(folder: Folder) -> Fit | None:
    manage = folder.text("manage.py")
    if "django" not in manage.lower():
        return None
    settings, text = _settings(folder, manage)
    required = set(folder.requirements())
    own, notes = variables.needs(folder, text, required, _SET)
    own = {**_command(folder, settings.split(".settings")[0], required), **own}
    if not text or settings != _default(manage):
        own.setdefault("environment", {})["DJANGO_SETTINGS_MODULE"] = settings
    collects = "STATIC_ROOT" in text or not text
    if not collects or not folder.has("requirements.txt"):
        further = () if folder.has("requirements.txt") else ("django",)
        own["build"] = [*python.build(folder, *further, "gunicorn"), *([_STATIC_FILES] if collects else [])]
    if packages := python.compiled(required):
        own["packages"] = [*python.PACKAGES, *packages]
    if "sqlite3" in text and "database" not in own:
        own["shared"] = ["db.sqlite3", "media/"]
    return Fit("django", "there is Django's manage.py", own, (*notes, *_notes(folder, text, required, collects)))


def _default(manage: str) -> str:
    found = re.search(r"""DJANGO_SETTINGS_MODULE['"]\s*,\s*['"]([\w.]+)['"]""", manage)
    return found[1] if found else "config.settings"


def _settings(folder: Folder, manage: str) -> tuple[str, str]:
    """(the module of the settings, their text). manage.py often names those for development."""
    settings = _default(manage)
    package = f"{settings.split('.settings')[0].replace('.', '/')}/settings"
    if folder.has(f"{package}/__init__.py") or folder.has(f"{package}/base.py"):
        module = next((name for name in ("production", "prod") if folder.has(f"{package}/{name}.py")), "")
        if module:
            settings = f"{package.replace('/', '.')}.{module}"
        last = settings.replace(".", "/")
        names = dict.fromkeys((f"{package}/__init__.py", f"{package}/base.py", f"{last}.py"))
        return settings, "\n".join(folder.text(name) for name in names)
    return settings, folder.text(f"{settings.replace('.', '/')}.py")


def _command(folder: Folder, project: str, required: set[str]) -> dict[str, Any]:
    """The server: one for ASGI, if the project requires one."""
    server = next((name for name in _SERVERS if name in required), "")
    if server and folder.has(f"{project.replace('.', '/')}/asgi.py"):
        return {"command": f"{_SERVERS[server]} {project}.asgi:application"}
    return {} if project == "config" else {"command": f"{python.GUNICORN} {project}.wsgi"}


def _notes(folder: Folder, text: str, required: set[str], collects: bool) -> tuple[str, ...]:
    notes = []
    if not collects:
        notes.append("the settings have no STATIC_ROOT: `manage.py collectstatic` is left out")
    elif text and "whitenoise" not in required:
        notes.append("whitenoise is not among its requirements: nothing answers requests for static files")
    if re.search(r"^ALLOWED_HOSTS\s*=\s*\[\s*\]", text, re.MULTILINE):
        notes.append(f"the settings have an empty ALLOWED_HOSTS: Django answers 400 until it has {folder.site!r}")
    if re.search(r"^DEBUG\s*=\s*True", text, re.MULTILINE):
        notes.append("the settings have DEBUG = True: visitors would see the code of an error")
    if "django.db.backends.postgresql" in text and "django.db.backends.mysql" not in text:
        notes.append("the settings are for PostgreSQL, which lampctl does not install")
    return tuple(notes)
