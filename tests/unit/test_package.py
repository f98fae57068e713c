"""`pipx install .` in a fresh checkout: a wheel in its own environment that works from any directory."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from lampctl import __version__

ROOT = Path(__file__).parents[2]


def run(*argv: object, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in argv], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tracked_files() -> list[Path]:
    """The files that are in git, or would be with the next commit."""
    names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    return [Path(name) for name in names if name and (ROOT / name).is_file()]


def build(target: str, source: Path, out: Path) -> Path:
    """Build `target` of `source` with hatchling, as `python -m build` would."""
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", out, cwd=source)
    (found,) = out.iterdir()
    return found


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of only the files in git, so that no stray file can help."""
    checkout = tmp_path_factory.mktemp("checkout")
    for name in tracked_files():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, checkout / name)
    return checkout


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", checkout, tmp_path_factory.mktemp("dist"))


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def lampctl(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed program. It uses the dependencies of the tests, to be fast and offline."""
    venv = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=venv)
    python = venv / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index", "--no-deps", wheel, cwd=venv)
    here = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=venv).strip()
    Path(here, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv / "bin" / "lampctl"


def test_wheel_is_the_package_with_its_data(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    data = {f"lampctl/_data/{path}" for path in tracked_files() if path.parts[0] in ("templates", "playbooks")}
    code = {str(path) for path in tracked_files() if path.parts[0] == "lampctl"}
    assert inside == data | code


def test_source_distribution_builds_the_same_wheel(wheel: Path, checkout: Path, tmp_path: Path) -> None:
    with tarfile.open(build("sdist", checkout, tmp_path / "dist")) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.glob("lampctl_stack-*")
    assert (source / "tests/unit/test_package.py").is_file()  # packagers run the tests
    assert contents(build("wheel", source, tmp_path / "wheel")) == contents(wheel)


def test_metadata_has_the_license_the_python_version_and_the_readme(wheel: Path) -> None:
    (name,) = [name for name in contents(wheel) if name.endswith("METADATA")]
    metadata = contents(wheel)[name].decode()
    for line in ("License-Expression: MIT", "License-File: LICENSE", "Requires-Python: >=3.11", "# lampctl"):
        assert f"\n{line}\n" in metadata


def test_installed_program_works_from_anywhere(lampctl: Path, tmp_path: Path) -> None:
    assert run(lampctl, "--version", cwd=tmp_path) == f"lampctl {__version__}\n"
    listed = [line[:25].strip() for line in run(lampctl, "playbook", "list", cwd=tmp_path).splitlines()]
    recipes = sorted(f"recipe: {path.stem}" for path in (ROOT / "playbooks/recipes").glob("*.yml"))
    assert listed == sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml")) + recipes
    written = run(lampctl, "render", "--out", "out", cwd=tmp_path).splitlines()
    assert "out/etc/apache2/sites-available/lamp.test.conf" in written
    assert all((tmp_path / name).stat().st_size for name in written)


def test_installed_program_runs_its_own_code(lampctl: Path, tmp_path: Path) -> None:
    script = (
        "import lampctl; from lampctl.resources.shell import script; print(lampctl.__file__, bool(script('apply')))"
    )
    where, found = run(lampctl.parent / "python", "-c", script, cwd=tmp_path).split()
    assert where.startswith(str(lampctl.parents[1]))
    assert found == "True"


@pytest.mark.parametrize("path", ["requirements.lock", "docs/sphinx/requirements.txt", "tests/bench/requirements.txt"])
def test_every_pinned_package_has_a_checksum_that_pip_requires(path: str) -> None:
    found = re.split(r"\n(?=\S)", (ROOT / path).read_text())
    pinned = [entry for entry in found if not entry.startswith("#")]
    assert pinned
    checked = re.compile(r"[A-Za-z0-9_.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", re.DOTALL)
    assert [entry for entry in pinned if not checked.match(entry)] == []
    makefile = (ROOT / "Makefile").read_text()
    assert re.findall(rf"pip install .*{re.escape(path)}", makefile) == [f"pip install -q --require-hashes -r {path}"]
