"""One playbook, several environments: precedence, the origin of each value, and errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lampctl.documents import parse
from lampctl.engine.library import Files
from lampctl.errors import LampctlError
from lampctl.playbook import Loaded, load
from lampctl.playbook.origins import as_yaml, values
from tests.unit.forked import run

BASE = """\
extends: lamp
hosts: [dev1]
php: {memory_limit: 64M}
sites:
  a.test: {database: true}
environments:
  staging: {hosts: [stage1, stage2]}
"""
SITE = """\
extends: base.yml
php:
  upload_limit: 8M
sites:
  shop.test:
    database: true
environments:
  staging:
    php: {memory_limit: 96M}
    sites:
      shop.test: {tls: self-signed}
  production:
    hosts: [web1]
"""


def loaded(folder: Path, environment: str = "", *settings: str, site: str = SITE) -> Loaded:
    (folder / "base.yml").write_text(BASE)
    (folder / "site.yml").write_text(site)
    return load("site.yml", settings, Files(folder), environment)


def test_each_source_of_settings_overrides_the_previous_one(tmp_path: Path) -> None:
    def limits(environment: str, *settings: str) -> tuple[str, str, str]:
        php = loaded(tmp_path, environment, *settings).playbook.php
        assert php
        return php.opcache_memory, php.memory_limit, php.upload_limit

    assert limits("") == ("128M", "64M", "8M")  # the default, the extended playbook, the playbook itself
    assert limits("staging") == ("128M", "96M", "8M")
    assert limits("staging", "php.memory_limit=1G") == ("128M", "1G", "8M")


def test_environment_adds_to_a_site_and_replaces_lists(tmp_path: Path) -> None:
    playbook = loaded(tmp_path, "staging").playbook
    assert playbook.hosts == ["stage1", "stage2"]
    assert playbook.sites["shop.test"].tls == "self-signed"
    assert list(playbook.sites) == ["shop.test"]
    assert playbook.databases.keys() == {"shop.test"}
    assert loaded(tmp_path, "production").playbook.hosts == ["web1"]
    assert loaded(tmp_path).environments == ("staging", "production")


def test_origin_of_each_value_is_known(tmp_path: Path) -> None:
    found = loaded(tmp_path, "staging", "php.max_children=7", "web={server: nginx}")
    origins = {
        ".".join(value.path): value.origin.replace(f"{tmp_path}/", "")
        for value in values(found.playbook, found.document)
    }
    assert origins["php.opcache_memory"] == "default"
    assert origins["php.extensions"].startswith("built-in playbooks/lamp.yml:")
    assert origins["php.upload_limit"] == "site.yml:3"
    assert origins["php.memory_limit"] == "env staging site.yml:9"
    assert origins["hosts"] == "env staging base.yml:7"
    assert origins["php.max_children"] == "--set"
    assert origins["web.server"] == "--set"
    assert origins["web.keepalive_timeout"] == "default"
    text = as_yaml(values(found.playbook, found.document))
    assert parse(text, "shown").data == found.playbook.model_dump(mode="json")


WRONG = {
    "unknown": ("stagin", SITE, "--env stagin: the playbook site.yml has no such environment", "did you mean staging? It has: staging, production"),
    "a value in it": ("staging", SITE.replace("96M", "lots"), "site.yml:9: env staging: php → memory_limit: 'lots' is not a valid size", ""),
    "a key in it": ("production", SITE.replace("hosts: [web1]", "host: [web1]"), "site.yml:13: env production: host: unknown key; did you mean hosts?", ""),
    "no mapping": ("", "environments: [a]\n", "site.yml:1: environments: should be a mapping", ""),
    "an invalid one": ("", "environments:\n  a: 1\n", "site.yml:2: environments → a: should be a mapping", ""),
    "extends in it": ("", "environments:\n  a:\n    extends: lamp\n", "site.yml:3: environments → a: extends can't be in it", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_errors_name_their_line(tmp_path: Path, case: str) -> None:
    environment, text, message, hint = WRONG[case]
    with pytest.raises(LampctlError) as caught:
        loaded(tmp_path, environment, site=text)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == 2


def test_validate_tries_every_environment(tmp_path: Path) -> None:
    loaded(tmp_path)
    done = run("playbook", "validate", "site.yml", "--format", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["environments"] == ["staging", "production"]
    (tmp_path / "site.yml").write_text(SITE.replace("96M", "lots"))
    done = run("playbook", "validate", "site.yml", cwd=tmp_path)
    assert (done.returncode, "site.yml:9: env staging" in done.stderr) == (2, True)
    assert run("playbook", "validate", "site.yml", "--env", "production", cwd=tmp_path).returncode == 0


def test_error_without_hosts_names_the_environments_that_have_some(tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text("extends: lamp\nenvironments:\n  staging: {hosts: [h]}\n")
    done = run("plan", "-p", "site.yml", cwd=tmp_path)
    assert done.returncode == 2
    assert "or --env NAME, which is one of staging" in done.stderr
