"""The extension of tests/hosts/extension, as if it were installed; and broken ones."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent / "hosts" / "extension"


def installed(folder: Path) -> dict[str, str]:
    """The environment in which lampctl has the extension; what pip writes on installing it lies in `folder`."""
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]
    register(folder, project["name"], project["version"], project["entry-points"])
    return environment(folder, FOLDER)


def register(folder: Path, name: str, version: str, points: Mapping[str, Mapping[str, str]]) -> None:
    """The metadata of a distribution with these entry points, by group and name."""
    metadata = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in named.items())
        for group, named in points.items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines))


def environment(*folders: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders)), "PYTHONDONTWRITEBYTECODE": "1"}


def lampctl(*arguments: str, env: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """A process of its own: extensions are looked for once in a process."""
    program = str(Path(sys.executable).parent / "lampctl")
    return subprocess.run(
        [program, *arguments],
        capture_output=True,
        text=True,
        env=dict(env),
        cwd=cwd,
        timeout=400,
        stdin=subprocess.DEVNULL,
    )
