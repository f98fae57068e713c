"""Plugins and themes of a playbook on a host: delivered, broken, damaged, and gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.blog import NAME, PLAYBOOK, Browser
from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

PLUGIN = """<?php
/* Plugin Name: Shop */
register_activation_hook(__FILE__, fn () => update_option('shop', 'on'));
register_deactivation_hook(__FILE__, fn () => update_option('shop', 'off'));
add_action('wp_footer', fn () => print('<!-- shop -->'));
"""
EXTRAS = f"""{PLAYBOOK.rstrip()[:-1]}, plugins: {{shop: ./shop}}, themes: {{own: ./own}}, theme: own}}
"""
FILES = {
    "shop/shop.php": PLUGIN,
    "shop/shop.css": "body {}",
    "own/style.css": "/*\nTheme Name: Own\nTemplate: twentytwentyfive\n*/",
    "own/functions.php": "<?php add_action('wp_head', fn () => print('<!-- own -->'));",
}
CONTENT, HOME = f"/var/www/{NAME}/wp-content", f"/var/www/{NAME}"
MAIN = f"{HOME}/current/wp-content/lampctl/plugins/shop/shop.php"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("extras")
    for path, text in FILES.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    return folder


def lampctl(host: Host, project: Path, command: str, text: str = EXTRAS) -> RunResult:
    (project / "blog.yml").write_text(text)
    return host.lampctl(command, "HOST", "-p", "blog.yml", "--set", "web.server=nginx", cwd=project)


def option(host: Host) -> str:
    return host.sh(
        "mariadb -N -e \"SELECT option_value FROM wordpress_test.wp_options WHERE option_name = 'shop'\""
    ).strip()


def test_they_are_delivered_and_active(host: Host, project: Path) -> None:
    visitor = Browser(host.box.address)
    ran = lampctl(host, project, "deploy")
    assert (ran.code, ran.results[f"site.plugins@{NAME}"], option(host)) == (0, "pass", "on"), ran
    page = visitor.ask("/")[2]
    assert (b"<!-- shop -->" in page, b"<!-- own -->" in page) == (True, True)
    assert visitor.ask("/wp-content/plugins/shop/shop.css")[0] == 200
    assert host.sh(f"stat -c %U:%a {MAIN}").strip() == "root:644"
    assert lampctl(host, project, "plan").changes == {}


def test_plugin_that_breaks_only_the_administration_is_rolled_back(host: Host, project: Path) -> None:
    served = host.sh(f"readlink {HOME}/current")
    (project / "shop/shop.php").write_text(f"{PLUGIN}add_action('admin_menu', fn () => not_there());\n")
    ran = lampctl(host, project, "deploy")
    (project / "shop/shop.php").write_text(PLUGIN)
    assert ran.code == 1, ran
    assert "Call to undefined function not_there()" in ran.out + ran.err
    assert host.sh(f"readlink {HOME}/current") == served
    assert lampctl(host, project, "plan").changes == {}


def test_other_files_are_named(host: Host, project: Path) -> None:
    host.sh(f"echo '// other' >> {MAIN}")
    found = next(r for r in lampctl(host, project, "check").host["results"] if r["id"] == f"site.plugins@{NAME}")
    assert (found["status"], found["actual"]) == ("fail", "plugin shop: its files are not those that were delivered")


def test_they_go_and_what_others_installed_stays(host: Host, project: Path) -> None:
    host.sh(f"mkdir {CONTENT}/plugins/mine")
    assert lampctl(host, project, "deploy", PLAYBOOK).code == 0
    assert (host.sh(f"ls {CONTENT}/plugins").strip(), option(host)) == ("mine", "off")
    assert b"<!-- shop -->" not in Browser(host.box.address).ask("/")[2]
    assert lampctl(host, project, "plan", PLAYBOOK).changes == {}
    refused = lampctl(host, project, "plan", EXTRAS.replace("shop: ./shop", "mine: ./shop"))
    assert f"{CONTENT}/plugins/mine exists, and lampctl did not make it" in refused.out + refused.err
