"""The first playbook of a project, for `lampctl init`: short, commented and valid."""

from __future__ import annotations

import re
import secrets
import shutil
from pathlib import Path

from lampctl.documents import layered
from lampctl.engine.library import Files, data
from lampctl.errors import UsageError, guess
from lampctl.layers.sites import site_types
from lampctl.playbook.kinds import literal
from lampctl.playbook.load import validate
from lampctl.playbook.sites.starter import Starter

_HEAD = """\
# {what}
#
#   lampctl playbook validate {file}        check it; errors are reported by line
#   lampctl plan -p {file}                  what would change; nothing is touched
#   lampctl deploy -p {file}                apply it, and prove that the site works
#
# lampctl explain OPTION explains each option, such as: lampctl explain php.memory_limit
{extends}id: {id}  # tells this project from others on the same host; keep it
hosts: {hosts}{note}
"""
_SITES = """
sites:
  {site}:
    {kind}
    default: true                   # answers requests for all other names too
    # aliases: [www.{site}]
    # tls: acme                     # HTTPS by Let's Encrypt, once the name points to this host; or: self-signed
{options}"""
_ENVIRONMENTS = """
# Values for --env NAME, laid over those above:
# environments:
#   staging: {hosts: [staging.example.com]}
#   production: {hosts: [web1.example.com, web2.example.com]}
"""


class _Unwritten(Files):
    """The project's files, with a playbook that is not written yet."""

    def __init__(self, file: str, text: str) -> None:
        super().__init__()
        self._own = (file, text)

    def playbook(self, name: str, near: str) -> tuple[str, str]:
        return super().playbook(name, near) if near else self._own


def text(kind: str, file: str, hosts: list[str], site: str) -> str:
    """The text of the playbook. UsageError for an unknown site type, PlaybookError for an invalid name."""
    types = site_types()
    if kind not in types:
        raise UsageError(f"--type {kind}: is not a site type", f"{guess(kind, types)}Types: {', '.join(types)}")
    chosen = types[kind].starter
    return compose(f"type: {kind}", chosen, file, hosts, site)


def compose(kind: str, chosen: Starter, file: str, hosts: list[str], site: str) -> str:
    """A playbook of these parts, which is valid. `kind`: the site's first line."""
    head = _HEAD.format(
        id=f"{re.sub('[^a-z0-9]+', '-', site.lower()).strip('-')[:30]}-{secrets.token_hex(3)}",
        what=chosen.title,
        file=file,
        extends=f"extends: {chosen.extends}\n" if chosen.extends else "",
        hosts=literal(hosts),
        note="" if hosts else "                         # user@host:port, or an alias of ~/.ssh/config",
    )
    sites = _SITES.format(site=literal(site), kind=kind, options=chosen.options)
    made = f"{head}{chosen.top}{sites}{_ENVIRONMENTS}"
    library = _Unwritten(file, made)
    validate(layered(file, library)[0], library.model())
    return made


def write(made: str, example: str, path: Path, force: bool) -> list[Path]:
    """Write the playbook, and the example application of that name, if any. Returns the written paths."""
    if path.exists() and not force:
        raise UsageError(f"{path} already exists", "use another name, or --force to replace it")
    app = path.parent / "app"
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
