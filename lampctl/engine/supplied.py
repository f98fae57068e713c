"""Secrets that whoever runs lampctl supplies: read once in a run, before any host is contacted; shown by name only."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lampctl.errors import PlaybookError
from lampctl.layers.environment import secret_name
from lampctl.layers.mail import mail_of
from lampctl.layers.mail import secret_name as mail_name

if TYPE_CHECKING:
    from lampctl.playbook import Loaded
    from lampctl.playbook.sites.environment import Supplied

LIMIT = 120  # seconds that a command may take: it may ask for a passphrase
_LARGEST = 32_768  # bytes
_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f]+")


def supplied(loaded: Loaded, beside: Callable[[str], Path], *, required: bool = True) -> dict[str, bytes]:
    """`given/NAME` → the value of each secret of the playbook that is supplied.

    Args:
        beside: The file of a playbook → its folder.
        required: Whether a missing one is an error; else the host's is not compared with it.

    Raises:
        PlaybookError: It can't be had, or is not one line of text.
    """
    found: dict[str, bytes] = {}
    known: dict[Supplied, bytes] = {}
    for name, path, wanted in _wanted(loaded):
        where = loaded.document.position(("sites", *path))
        try:
            if wanted not in known:
                known[wanted] = _value(wanted, beside(where.file if where else ""))
            found[f"given/{name}"] = known[wanted]
        except ValueError as error:
            if required:
                named = " → ".join(("sites", *path))
                hint = "it is one line of text, which only you see"
                raise PlaybookError(f"{where}: {named}: {error}", hint) from None
    return found


def _wanted(loaded: Loaded) -> Iterator[tuple[str, tuple[str, ...], Supplied]]:
    """(its name, where the playbook has it below `sites`, where its value is)."""
    from lampctl.playbook.sites.environment import Supplied, WithEnvironment

    for site, options in loaded.playbook.sites.items():
        mail = mail_of(options)
        if mail and mail.password:
            yield mail_name(site), (site, "mail", "password"), mail.password.secret
        if not isinstance(options, WithEnvironment):
            continue
        for variable, entry in options.variables.items():
            if isinstance(entry.secret, Supplied):
                yield secret_name(site, variable), (site, "environment", variable), entry.secret


def _value(wanted: Supplied, folder: Path) -> bytes:
    """ValueError if it can't be had."""
    if wanted.env is not None:
        text = os.environ.get(wanted.env)
        if text is None:
            raise ValueError(f"the environment variable {wanted.env} is not set")
    elif wanted.file is not None:
        text = _read(folder / Path(wanted.file).expanduser())
    else:
        text = _printed(str(wanted.command), folder, wanted.shown)
    text = text.removesuffix("\n").removesuffix("\r")
    if not _ONE_LINE.fullmatch(text) or len(text.encode()) > _LARGEST:
        raise ValueError(f"{wanted.shown} has {'nothing' if not text else 'more than one line of text'}")
    return text.encode()


def _read(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_LARGEST + 2).decode()
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8") from None


def _printed(command: str, folder: Path, shown: str) -> str:
    try:
        done = subprocess.run(
            shlex.split(command), cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, check=False
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise ValueError(f"{shown} ended with {done.returncode}{f': {said[-1][:200]}' if said else ''}")
        return done.stdout.decode()
    except OSError as error:
        raise ValueError(f"{shown} can't be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise ValueError(f"{shown} took longer than {LIMIT} s") from None
    except UnicodeDecodeError:
        raise ValueError(f"{shown} printed no text in UTF-8") from None
