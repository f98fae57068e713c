"""The extension in tests/hosts/extension as if it were installed, and broken extensions."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent / "hosts" / "extension"


def installed(folder: Path) -> dict[str, str]:
    """Return an environment in which lampctl finds the extension; its metadata is written to `folder`, as pip would."""
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]
    register(folder, project["name"], project["version"], project["entry-points"])
    return environment(folder, FOLDER)


def register(folder: Path, name: str, version: str, points: Mapping[str, Mapping[str, str]]) -> None:
    """Write the metadata of a distribution with these entry points, by group and name."""
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
    """Run lampctl in its own process: extensions are loaded once per process."""
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
