"""Extensions in other packages: documented like built-in parts, and refused with the distribution's name if invalid."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from lampctl.extensions import installed as found_extensions
from tests.extension import environment, installed, lampctl, register

BOOK = """
memcached: {memory: 128}
web: {server: SERVER}
sites:
  old.test: {type: redirect, to: "https://www.example.com/new"}
"""


def test_schema_has_the_layer_and_the_site_type(tmp_path: Path) -> None:
    done = lampctl("playbook", "schema", env=installed(tmp_path / "site"), cwd=tmp_path)
    schema = json.loads(done.stdout)
    assert "memcached" in schema["properties"]
    assert schema["$defs"]["RedirectSite"]["properties"]["type"]["const"] == "redirect"
    assert (
        "memcached"
        not in json.loads(lampctl("playbook", "schema", env=environment(), cwd=tmp_path).stdout)["properties"]
    )


@pytest.mark.parametrize(
    ("word", "message"),
    [("memcached", "A cache in memory."), ("memcached.answer", "memcached answers"), ("memcached.memory", "MiB for what is cached"),
     ("sites.NAME.to", "The URL to which visitors are sent."), ("site.redirect", "visitors are redirected")],
)  # fmt: skip
def test_explain_has_pages_for_extensions(tmp_path: Path, word: str, message: str) -> None:
    done = lampctl("explain", word, env=installed(tmp_path / "site"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert message in done.stdout


@pytest.mark.parametrize("server", ["apache", "nginx"])
def test_files_are_rendered_from_the_extensions_templates_unless_the_project_overrides_them(
    tmp_path: Path, server: str
) -> None:
    env = installed(tmp_path / "site")
    (tmp_path / "site.yml").write_text(BOOK.replace("SERVER", server))
    done = lampctl("render", "-p", "site.yml", "--out", "out", env=env, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "-m 128" in (tmp_path / "out/etc/memcached.conf").read_text()
    vhost = next(
        (tmp_path / "out/etc").glob(f"{'apache2' if server == 'apache' else 'nginx'}/sites-available/old.test.conf")
    )
    assert "https://www.example.com/new" in vhost.read_text()
    own = tmp_path / "templates/memcached/memcached.conf.j2"
    own.parent.mkdir(parents=True)
    own.write_text("{{ managed() }}\n-m 5\n")
    assert lampctl("render", "-p", "site.yml", "--out", "out", env=env, cwd=tmp_path).returncode == 0
    assert "-m 5\n" in (tmp_path / "out/etc/memcached.conf").read_text()


def test_invalid_options_are_reported_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text(
        "memcached: {memory: lots}\nweb: {}\nsites:\n  old.test: {type: redirect, to: /x}\n"
    )
    done = lampctl("playbook", "validate", "site.yml", env=installed(tmp_path / "site"), cwd=tmp_path)
    assert "site.yml:1: memcached → memory: should be a whole number, not 'lots'" in done.stderr
    assert "site.yml:4: sites → old.test → to: '/x' is not a valid https:// URL" in done.stderr


def test_init_writes_the_extensions_starter(tmp_path: Path) -> None:
    env = installed(tmp_path / "site")
    assert lampctl("init", "--type", "redirect", "--host", "web1", env=env, cwd=tmp_path).returncode == 0
    assert lampctl("playbook", "validate", "site.yml", env=env, cwd=tmp_path).returncode == 0


KIND = "from lampctl.layers import LAYERS\nlayer = LAYERS[0]\nfrom lampctl.layers.sites import SITE_TYPES\nsite = SITE_TYPES[0]\n"


@pytest.mark.parametrize(
    ("code", "group", "value", "message"),
    [("", "lampctl.layers", "broken:layer", "cannot be imported"),
     ("1 / 0", "lampctl.layers", "broken:layer", "cannot be imported: ZeroDivisionError"),
     ("layer = 1", "lampctl.layers", "broken:layer", "is a int, not a Layer"),
     (KIND, "lampctl.layers", "broken:layer", "taken"),
     (KIND, "lampctl.sites", "broken:site", "the site type static already exists"),
     ("site = 1", "lampctl.sites", "broken:site", "is a int, not a SiteType")],
)  # fmt: skip
def test_invalid_extension_is_refused_by_name(tmp_path: Path, code: str, group: str, value: str, message: str) -> None:
    (tmp_path / "broken.py").write_text(code)
    register(tmp_path / "site", "lampctl-broken", "0.3", {group: {"broken": value}})
    env = environment(tmp_path / "site", tmp_path)
    done = lampctl("playbook", "validate", "static", env=env, cwd=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2
    assert done.stderr.startswith("lampctl: extension lampctl-broken 0.3: ")
    assert message in done.stderr
    assert "pip uninstall lampctl-broken" in done.stderr


def test_invalid_kind_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("from lampctl.resources.kinds import KINDS\nkind = KINDS[0]\n")
    register(tmp_path / "site", "lampctl-broken", "0.3", {"lampctl.kinds": {"broken": "broken:kind"}})
    done = lampctl("plan", "local", "-p", "static", env=environment(tmp_path / "site", tmp_path), cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "extension lampctl-broken 0.3: the kind" in done.stdout


def test_finding_extensions_takes_a_few_milliseconds() -> None:
    times = []
    for _ in range(5):
        found_extensions.cache_clear()
        start = time.perf_counter()
        found_extensions()
        times.append(time.perf_counter() - start)
    assert min(times) < 0.005
