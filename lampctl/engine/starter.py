"""The first playbook of a project, for `lampctl init`: small, commented, and valid as it stands."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from lampctl.documents import layered
from lampctl.engine.library import Files, data
from lampctl.errors import UsageError, guess
from lampctl.playbook.kinds import literal
from lampctl.playbook.load import validate

_HEAD = """\
# {what}
#
#   lampctl playbook validate {file}        is it right; mistakes are named by line
#   lampctl plan -p {file}                  what would change; nothing is touched
#   lampctl deploy -p {file}                bring the hosts there, and prove that the site works
#
# lampctl explain OPTION tells of each option, such as: lampctl explain php.memory_limit
{extends}hosts: {hosts}{note}
"""
_SITES = """
sites:
  {site}:
    type: {type}
    default: true                   # answers for every other name, too
    # aliases: [www.{site}]
    # tls: acme                     # HTTPS by Let's Encrypt, once the name leads here; or: self-signed
{options}"""
_ENVIRONMENTS = """
# Values for --env NAME, laid over those above:
# environments:
#   staging: {hosts: [staging.example.com]}
#   production: {hosts: [web1.example.com, web2.example.com]}
"""
_PHP = """
php:
  extensions: [mysql]               # as the distribution's packages name them: gd, intl, …
  memory_limit: 128M
"""


@dataclass(frozen=True)
class _Kind:
    what: str
    options: str
    extends: str = ""
    top: str = "\nweb: {server: nginx}             # or apache\n"
    example: str = ""  # a folder of the built-in playbooks' files, to begin with


_SOURCE = "    source: app                     # a folder beside this file; each deploy of a changed one is a release\n"
_KINDS = {
    "php": _Kind(
        "Linux, Apache, MariaDB and PHP, and one site with a database.",
        "    database: true                  # PHP finds it in DB_HOST, DB_NAME, DB_USER and DB_PASSWORD\n"
        "    # source: app                   # a folder beside this file; else the files are in /var/www/NAME\n",
        "lamp",
        _PHP,
    ),
    "wordpress": _Kind(
        "WordPress on Apache, MariaDB and PHP, ready to log in.", "    title: My WordPress\n", "lamp", _PHP
    ),
    "static": _Kind(
        "A site of files.",
        "    # source: dist                  # a folder beside this file; else the files are in /var/www/NAME\n"
        "    # fallback: true                # a single-page app: paths without a file get index.html\n",
    ),
    "cgi": _Kind(
        "Programs that the web server starts for each request.",
        _SOURCE + "    prefix: /cgi-bin/               # the URL of the programs, and their folder in the source\n",
        top="\nweb: {server: apache}            # or nginx\n",
        example="cgi",
    ),
    "process": _Kind(
        "A program that listens on $PORT, kept running by systemd.",
        _SOURCE + "    command: python3 server.py      # ./NAME is a program of the source, any other the system's\n"
        "    port: 8000\n    instances: 2                    # while one is restarted, the other answers\n",
        top="\nlinux: {packages: [python3]}\nweb: {server: nginx}             # or apache\n",
        example="process",
    ),
    "proxy": _Kind(
        "A web server before upstreams that are anywhere.",
        "    upstreams: [http://127.0.0.1:8000]\n"
        "    # probe: /health                # what is asked when the site is proved\n",
    ),
    "servlet": _Kind(
        "A Java web application in a Tomcat of its own.",
        "    war: app                        # a WAR beside this file, or a folder with what a WAR holds\n"
        "    port: 8080\n",
        example="servlet",
    ),
}


class _Unwritten(Files):
    """A playbook that is no file yet, among those that are."""

    def __init__(self, file: str, text: str) -> None:
        super().__init__()
        self._own = (file, text)

    def playbook(self, name: str, near: str) -> tuple[str, str]:
        return super().playbook(name, near) if near else self._own


def text(kind: str, file: str, hosts: list[str], site: str) -> str:
    """The playbook. UsageError where there is no such type of site, PlaybookError where a name is none."""
    if kind not in _KINDS:
        raise UsageError(f"--type {kind}: is no type of site", f"{guess(kind, _KINDS)}Types: {', '.join(_KINDS)}")
    chosen = _KINDS[kind]
    head = _HEAD.format(
        what=chosen.what,
        file=file,
        extends=f"extends: {chosen.extends}\n" if chosen.extends else "",
        hosts=literal(hosts),
        note="" if hosts else "                         # user@host:port, or an alias of ~/.ssh/config",
    )
    sites = _SITES.format(site=literal(site), type=kind, options=chosen.options)
    made = f"{head}{chosen.top}{sites}{_ENVIRONMENTS}"
    validate(layered(file, _Unwritten(file, made))[0])
    return made


def write(made: str, kind: str, path: Path, force: bool) -> list[Path]:
    """Writes the playbook, and an example of what it deploys where it needs one. What it wrote."""
    if path.exists() and not force:
        raise UsageError(f"{path} is there already", "another name, or --force to replace it")
    app, example = path.parent / "app", _KINDS[kind].example
    written = [path]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if example and not app.exists():
            shutil.copytree(data("playbooks") / "files" / example, app)
            written.append(app)
        path.write_text(made, encoding="utf-8")
    except OSError as error:
        message = f"{error.filename or path}: can't be written: {error.strerror}"
        raise UsageError(message, "name another file") from None
    return written
