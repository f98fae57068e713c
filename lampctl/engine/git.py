"""Commits of git repositories that become releases. git itself fetches them, with the user's own keys and helpers."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from lampctl.engine import cache
from lampctl.engine.sources import read, source_of
from lampctl.errors import UsageError
from lampctl.resources import Source

_TIMEOUT = 600.0  # seconds of one git command
_POINTER = b"version https://git-lfs.github.com/spec/"
# Variables that git sets for a hook, which may run lampctl: they name that hook's repository.
_OF_A_HOOK = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_QUARANTINE_PATH"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"),
)
_COMMIT = re.compile(r"[0-9a-f]{40}")


def fetch(repository: str, near: Path, ref: str, exclude: Sequence[str] = ()) -> Source:
    """The files of a commit, with its submodules; a commit that was fetched before is taken from the cache.

    Args:
        repository: A URL, `user@host:path`, or a path.
        near: The folder that a path is relative to.
        ref: A branch, a tag, or a commit by its 40 digits.

    Raises:
        UsageError: The repository or the ref does not exist, or git can't reach it.
    """
    local = near / repository
    where = str(local.resolve()) if ":" not in repository and local.exists() else repository
    commit = ref if _COMMIT.fullmatch(ref) else _resolve(where, repository, near, ref)
    key = hashlib.sha256("\0".join([where, commit, *exclude]).encode()).hexdigest()
    kept = cache.get(key)
    if kept is not None:
        about, _, archive = kept.partition(b"\n")
        source = source_of(archive)
    else:
        with TemporaryDirectory() as place:
            about = _check_out(where, repository, commit, Path(place)).encode()
            source = read(Path(place), exclude)
        cache.put(key, about + b"\n" + source.archive)
    author, _, date = about.decode().rpartition("\t")
    return replace(source, commit=commit, author=author, date=date)


def _resolve(where: str, repository: str, near: Path, ref: str) -> str:
    """The commit that a ref of a repository names now."""
    names = [ref] if ref == "HEAD" or ref.startswith("refs/") else [f"refs/heads/{ref}", f"refs/tags/{ref}"]
    found = _git(["ls-remote", "--", where, *names, *(f"{name}^{{}}" for name in names)], repository, near)
    rows = (line.partition("\t") for line in found.splitlines())
    commits = {name: commit for commit, _, name in rows}
    commit = next((commits[name] for one in names for name in (f"{one}^{{}}", one) if name in commits), "")
    if not _COMMIT.fullmatch(commit):
        hint = f"git ls-remote {repository} lists its branches and tags; a commit needs all of its 40 digits"
        raise UsageError(f"{repository}: has no branch or tag {ref}", hint)
    return commit


def _check_out(where: str, repository: str, commit: str, place: Path) -> str:
    """Check the commit out in `place`; returns its author and its date."""
    _git(["init", "--quiet", "."], repository, place)
    _git(["fetch", "--quiet", "--depth", "1", "--", where, commit], repository, place)
    _git(["checkout", "--quiet", "--detach", "FETCH_HEAD"], repository, place)
    if (place / ".gitmodules").exists():
        _git(["remote", "add", "origin", where], repository, place)  # a submodule's address may be relative to it
        _git(["submodule", "--quiet", "update", "--init", "--recursive", "--depth", "1"], repository, place)
    if (place / ".gitattributes").exists():
        _refuse_pointers(repository, place)
    return _git(["show", "-s", "--format=%an%x09%aI", "HEAD"], repository, place).strip()


def _refuse_pointers(repository: str, place: Path) -> None:
    for path in place.rglob("*"):
        if (
            path.is_file()
            and not path.is_symlink()
            and path.stat().st_size < 1024
            and path.read_bytes().startswith(_POINTER)
        ):
            message = f"{repository}: {path.relative_to(place)} is in Git LFS, and git-lfs did not fetch it"
            raise UsageError(message, "install git-lfs on this machine, then git lfs install")


def _git(args: Sequence[str], repository: str, place: Path) -> str:
    """What git prints; it asks nobody, and runs no hook of the repository's."""
    ssh = os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=10")
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": ssh, "LC_ALL": "C"}
    for name in _OF_A_HOOK:
        environment.pop(name, None)
    command = ["git", "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false", *args]
    try:
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, errors="replace",
                              stdin=subprocess.DEVNULL, timeout=_TIMEOUT, check=False)  # fmt: skip
    except FileNotFoundError:
        raise UsageError("git is not installed on this machine", "apt install git") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"{repository}: git {args[0]} did not end within {_TIMEOUT:.0f} s", "try it by hand") from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith(("fatal: ", "ERROR: ", "error: "))]
        why = (said or done.stderr.splitlines() or ["no message"])[0].partition(": ")[2] or "it failed"
        raise UsageError(f"{repository}: git {args[0]}: {why}", f"try it: git ls-remote {repository}")
    return done.stdout
