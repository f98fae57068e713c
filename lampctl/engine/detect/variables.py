"""What an application's code reads from its environment, and what a site can give it of that."""

from __future__ import annotations

import re
from typing import Any

from lampctl.engine.detect.folder import Folder
from lampctl.playbook.sites.environment import DATABASE

# os.environ[X], os.environ.get(X), os.getenv(X), env(X), env.str(X), config(X) of decouple; process.env.X
_READ = re.compile(
    r"""(?:environ(?:\.get)?\s*[\[(]|getenv\s*\(|\b(?:env|config)(?:\.\w+)?\s*\()\s*["']([A-Za-z_]\w*)["']"""
    r"""|\bprocess\.env(?:\.|\[["'])([A-Za-z_]\w*)"""
)
# Its absence is an error: os.environ[X], without a default.
_NEEDED = re.compile(r"""environ\s*\[\s*["']([A-Za-z_]\w*)["']\s*\](?!\s*=[^=])""")
# Keys of the application's own, which nobody else has to know.
_OWN_KEYS = re.compile(r"((DJANGO|FLASK|APP)_)?SECRET_KEY|(SESSION|COOKIE|AUTH|NEXTAUTH|JWT)_SECRET")
_HOSTS = re.compile(r"(\w+_)?ALLOWED_HOSTS")
_URL = re.compile(r"NEXTAUTH_URL|AUTH_URL|APP_URL|SITE_URL|BASE_URL")
_SET_ELSEWHERE = frozenset({"PORT", "HOST", "HOME", "PATH", "NODE_ENV", "DJANGO_SETTINGS_MODULE"})
# Python's and Node's drivers for MySQL and MariaDB.
_DRIVERS = frozenset(
    {"aiomysql", "asyncmy", "mariadb", "mysql", "mysql-connector-python", "mysql2", "mysqlclient", "pymysql"}
)


def needs(folder: Folder, code: str, drivers: set[str], known: set[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """(fields of the site, notes) for code that reads its environment.

    Args:
        drivers: The packages that the application requires.
        known: Variables that its recipe sets.
    """
    read = {name for pair in _READ.findall(code) for name in pair if name}
    given: dict[str, Any] = {}
    for name in sorted(read - known):
        if _OWN_KEYS.fullmatch(name):
            given[name] = {"secret": "generate"}
        elif _HOSTS.fullmatch(name):
            given[name] = folder.site
        elif _URL.fullmatch(name):
            given[name] = f"http://{folder.site}"
    database = bool(drivers & _DRIVERS and (read & {*DATABASE} or "django.db.backends.mysql" in code))
    covered = {*given, *known, *_SET_ELSEWHERE, *(DATABASE if database else ())}
    missing = sorted(set(_NEEDED.findall(code)) - covered)
    notes = (f"its code reads {', '.join(missing)}: set them in `environment`",) if missing else ()
    own: dict[str, Any] = {"database": True} if database else {}
    return own | ({"environment": given} if given else {}), notes
