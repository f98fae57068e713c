"""`init` and `doctor`: the first two commands on a new machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from lampctl.engine.library import Files
from lampctl.layers.sites import site_types
from lampctl.playbook import load
from tests.unit.forked import run


@pytest.mark.parametrize("kind", site_types())
def test_starter_playbook_is_valid_and_complete(tmp_path: Path, kind: str) -> None:
    done = run("init", "--type", kind, "--host", "web1", "--site", "a.test", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "next: lampctl deploy -p site.yml\n" in done.stdout
    playbook = load("site.yml", (), Files(tmp_path)).playbook
    assert (playbook.hosts, playbook.sites["a.test"].type) == (["web1"], kind)
    assert run("playbook", "validate", "site.yml", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("kind", site_types())
def test_commented_options_of_a_starter_are_valid(tmp_path: Path, kind: str) -> None:
    text = run("init", "-", "--type", kind, cwd=tmp_path).stdout
    lines = [line.replace("# environments:", "environments:") for line in text.splitlines()]
    lines = [line[2:] if line.startswith("#   ") and "{" in line else line for line in lines]
    settings = [line.strip("# ").partition("  ")[0] for line in lines if line.startswith("    # ")]
    (tmp_path / "site.yml").write_text("\n".join(lines))
    for folder in ("app", "dist"):
        (tmp_path / folder / "cgi-bin").mkdir(parents=True)
    (tmp_path / "app" / "cgi-bin" / "run").touch(mode=0o755)
    assert load("site.yml", (), Files(tmp_path)).environments == ("staging", "production")
    for setting in settings:
        key, value = next(iter(yaml.safe_load(setting).items()))
        site = f"sites.shop.example.com.{key}={json.dumps(value)}"
        assert run("playbook", "validate", "site.yml", "--set", site, cwd=tmp_path).returncode == 0, setting


def test_nothing_is_overwritten_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text("mine")
    done = run("init", cwd=tmp_path)
    assert (done.returncode, (tmp_path / "site.yml").read_text()) == (2, "mine")
    assert "--force" in done.stderr
    assert run("init", "--force", cwd=tmp_path).returncode == 0
    texts = ((tmp_path / "site.yml").read_text(), run("init", "-", cwd=tmp_path).stdout)
    one, other = (
        [line for line in text.splitlines() if not line.startswith("id: shop-example-com-")] for text in texts
    )
    assert one == other
    assert texts[0] != texts[1], "each project has an id of its own"


@pytest.mark.parametrize(("arguments", "message"), [(["--site", "a_b"], "is not a valid hostname"), (["--type", "pph"], "did you mean php?"), (["--host", "a b"], "is not a valid host")])  # fmt: skip
def test_errors_are_reported_before_anything_is_written(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = run("init", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_doctor_says_what_is_missing_and_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    document = json.loads(run("doctor", "--format", "json", cwd=tmp_path).stdout)
    found = {finding["name"]: finding for finding in document["findings"]}
    assert document["ok"] is True  # lampctl needs no ssh program, and -i names a key
    for name in ("ssh key", "ssh client", "vagrant", "boxes"):
        assert (found[name]["ok"], found[name]["needed"], bool(found[name]["get"])) == (False, False, True), name
    assert "openssh-client" in found["ssh client"]["get"]


def test_doctor_fails_where_deploy_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_bytes(b"Host \xff\xfe\n")
    done = run("doctor", cwd=tmp_path)
    assert done.returncode == 1
    assert "✗ ssh config" in done.stdout
