"""Plugins and themes of a playbook on a host: delivered, broken, damaged, and gone. Then the site becomes a network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zipfile
from pathlib import Path

import pytest

from tests.hosts.blog import NAME, PLAYBOOK, Browser
from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.servers import SETTLED

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

PLUGIN = """<?php
/* Plugin Name: Shop */
register_activation_hook(__FILE__, fn () => update_option('shop', 'on'));
register_deactivation_hook(__FILE__, fn () => update_option('shop', 'off'));
add_action('wp_footer', fn () => print('<!-- shop -->'));
"""
LATER = """<?php
/* Plugin Name: Later */
register_activation_hook(__FILE__, fn () => update_option('later', 'on'));
add_action('wp_footer', fn () => print('<!-- later -->'));
"""
EXTRAS = f"""{PLAYBOOK.rstrip()[:-1]}, themes: {{own: ./own}}, theme: own,
    plugins: {{shop: ./shop, later: {{archive: ./later.zip, sha256: DIGEST, active: false}}}}}}
"""
FILES = {
    "shop/shop.php": PLUGIN,
    "shop/shop.css": "body {}",
    "own/style.css": "/*\nTheme Name: Own\nTemplate: twentytwentyfive\n*/",
    "own/functions.php": "<?php add_action('wp_head', fn () => print('<!-- own -->'));",
}
SUBDOMAINS = "sub.test"
NETWORKS = f"""{EXTRAS.rstrip()[:-1]}, multisite: subdirectory}}
  {SUBDOMAINS}: {{type: wordpress, tls: self-signed, multisite: subdomain, aliases: [a.{SUBDOMAINS}, b.{SUBDOMAINS}, c.{SUBDOMAINS}]}}
"""
SERVERS = {
    "nginx": ("--set", "web.server=nginx"),
    "apache": ("--set", "web.server=apache"),
    "front": ("--set", "web.server=apache", "--set", "web.front=nginx"),
}
PICTURE = base64.b64decode("R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs=")
# An event of 2001 of a hook that nothing has: WordPress's cron removes it.
EVENT = (
    'a:2:{i:1000000000;a:1:{s:4:"none";a:1:{s:32:"40cd750bba9870f18aada2478b24840a";'
    'a:2:{s:8:"schedule";b:0;s:4:"args";a:0:{}}}}s:7:"version";i:2;}'
)
CONTENT, HOME = f"/var/www/{NAME}/wp-content", f"/var/www/{NAME}"
MAIN = f"{HOME}/current/wp-content/lampctl/plugins/shop/shop.php"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("extras")
    for path, text in FILES.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    with zipfile.ZipFile(folder / "later.zip", "w") as archive:
        archive.writestr("later-1.2/later.php", LATER)
        archive.writestr("later-1.2/later.css", "body {}")
    return folder


def lampctl(host: Host, project: Path, command: str, text: str = EXTRAS, server: str = "nginx") -> RunResult:
    digest = hashlib.sha256((project / "later.zip").read_bytes()).hexdigest()
    (project / "blog.yml").write_text(text.replace("DIGEST", f'"{digest}"'))
    return host.lampctl(command, "HOST", "-p", "blog.yml", *SERVERS[server], cwd=project)


def password(host: Host, name: str) -> str:
    return host.sh(f"sed -n 's/.*= \"\\(.*\\)\"/\\1/p' /etc/lampctl/secrets/admin@{name}.conf").strip()


def shown(page: bytes) -> dict[str, str]:
    """The delivered plugins that wp-admin lists, and what it calls them."""
    rows = re.findall(r'<tr class="(\w+)[^"]*" data-slug="(\w+)"', page.decode())
    return {name: state for state, name in rows if name in {"shop", "later"}}


def option(host: Host, name: str = "shop") -> str:
    return host.sh(
        f"mariadb -N -e \"SELECT option_value FROM wordpress_test.wp_options WHERE option_name = '{name}'\""
    ).strip()


def test_they_are_delivered_and_active(host: Host, project: Path) -> None:
    visitor = Browser(host.box.address)
    ran = lampctl(host, project, "deploy")
    assert (ran.code, ran.results[f"site.plugins@{NAME}"], option(host)) == (0, "pass", "on"), ran
    page = visitor.ask("/")[2]
    assert (b"<!-- shop -->" in page, b"<!-- own -->" in page) == (True, True)
    assert visitor.ask("/wp-content/plugins/shop/shop.css")[0] == 200
    assert visitor.ask("/wp-content/plugins/later/later.css")[0] == 200
    assert (option(host, "later"), b"<!-- later -->" in page) == ("", False)
    visitor.log_in(password(host, NAME))
    assert shown(visitor.ask("/wp-admin/plugins.php")[2]) == {"later": "inactive", "shop": "active"}
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
    host.sh(f"sed -i '$d' {MAIN}")
    assert (found["status"], found["actual"]) == ("fail", "plugin shop: its files are not those that were delivered")


def test_they_go_and_what_others_installed_stays(host: Host, project: Path) -> None:
    host.sh(f"mkdir {CONTENT}/plugins/mine")
    assert lampctl(host, project, "deploy", PLAYBOOK).code == 0
    assert (host.sh(f"ls {CONTENT}/plugins").strip(), option(host)) == ("mine", "off")
    assert b"<!-- shop -->" not in Browser(host.box.address).ask("/")[2]
    assert lampctl(host, project, "plan", PLAYBOOK).changes == {}
    refused = lampctl(host, project, "plan", EXTRAS.replace("shop: ./shop", "mine: ./shop"))
    assert f"{CONTENT}/plugins/mine exists, and lampctl did not make it" in refused.out + refused.err


def test_network_that_fails_its_proof_is_a_single_site_again(host: Host, project: Path) -> None:
    (project / "shop/shop.php").write_text(f"{PLUGIN}add_action('admin_menu', fn () => not_there());\n")
    ran = lampctl(host, project, "deploy", NETWORKS)
    (project / "shop/shop.php").write_text(PLUGIN)
    assert (ran.code, "Call to undefined function not_there()" in ran.out + ran.err) == (1, True), ran
    assert Browser(host.box.address).ask("/")[0] == 200
    assert option(host, "permalink_structure") == "/%year%/%monthnum%/%day%/%postname%/"
    assert lampctl(host, project, "plan", PLAYBOOK).changes == {}


@pytest.mark.parametrize("server", [*SERVERS])
def test_network_serves_its_sites(host: Host, project: Path, server: str) -> None:
    ran = lampctl(host, project, "deploy", NETWORKS, server)
    assert (ran.code, set(ran.results.values())) == (0, {"pass"}), ran
    host.sh(SETTLED)
    word = {"nginx": "a", "apache": "b", "front": "c"}[server]
    own = use_site(Browser(host.box.address), password(host, NAME), word, f"http://{NAME}/{word}")
    assert (b"<!-- shop -->" in own, b"<!-- own -->" in own) == (True, False)  # the plugin is the network's
    editor = Browser(host.box.address, SUBDOMAINS, tls=True)
    use_site(editor, password(host, SUBDOMAINS), word, f"https://{word}.{SUBDOMAINS}")


def use_site(editor: Browser, secret: str, word: str, url: str) -> bytes:
    """Make a site of the network at this URL, and publish there as its administrator; returns the page of a visitor."""
    editor.log_in(secret)
    editor.add_site(word)
    visitor = Browser(editor.address, editor.name, tls=editor.tls)
    pages = (
        "/wp-admin/",
        "/wp-admin/edit.php",
        "/wp-includes/css/buttons.min.css",
        "/wp-admin/install.php",
        "/xmlrpc.php",
    )
    assert [editor.ask(url + page)[0] for page in pages] == [200, 200, 200, 403, 405]
    nonce = editor.ask(f"{url}/wp-admin/admin-ajax.php?action=rest-nonce")[2].decode()
    status, _, made = editor.ask(f"{url}/wp-json/wp/v2/media", PICTURE, X_WP_Nonce=nonce, Content_Type="image/gif",
                                 Content_Disposition="attachment; filename=dot.gif")  # fmt: skip
    assert status == 201, made[:500]
    source = json.loads(made)["source_url"]
    assert source.startswith(f"{url}/wp-content/uploads/sites/")
    assert visitor.ask(source)[::2] == (200, PICTURE)
    assert visitor.ask(f"{source.rpartition('/')[0]}/x.php")[0] == 403
    post = json.dumps({"title": word, "content": "Written by a test.", "status": "publish"}).encode()
    status, _, made = editor.ask(f"{url}/wp-json/wp/v2/posts", post, X_WP_Nonce=nonce, Content_Type="application/json")
    assert status == 201, made[:500]
    status, _, page = visitor.ask(json.loads(made)["link"])
    assert (status, b"Written by a test." in page) == (200, True)
    return page


def test_second_site_of_a_network_is_a_hop(host: Host, project: Path) -> None:
    ran = lampctl(host, project, "check", NETWORKS, "front")
    found = {one["id"]: one["actual"] for one in ran.host["results"]}
    assert found[f"site.network@{NAME}"].startswith(f"{NAME}/a/: 200")
    assert found[f"site.network@{SUBDOMAINS}"].startswith(f"a.{SUBDOMAINS}/: 200")
    assert lampctl(host, project, "plan", NETWORKS, "front").changes == {}


@pytest.mark.parametrize(
    ("domain", "path", "status", "actual"),
    [
        (
            SUBDOMAINS,
            "/taken/",
            "fail",
            f"{SUBDOMAINS}/taken/ is one of its sites, and no name of {NAME} in the playbook",
        ),
        (NAME, f"http://{SUBDOMAINS}/taken/", "unknown", "the database cannot be asked for it"),
    ],
)
def test_another_site_is_not_requested_for_a_network_that_claims_it(
    host: Host, project: Path, domain: str, path: str, status: str, actual: str
) -> None:
    """The site's code can write any name into its own database; the proof's headers are for this site alone."""
    table = "wordpress_test.wp_blogs"
    former = host.sh(f"mariadb -N -e 'SELECT domain, path FROM {table} WHERE blog_id = 2'").split()
    write = "mariadb <<'END'\nUPDATE {} SET domain = '{}', path = '{}' WHERE blog_id = 2;\nEND"
    host.sh(write.format(table, domain, path))
    ran = lampctl(host, project, "check", NETWORKS, "front")
    host.sh(write.format(table, *former))
    found = next(one for one in ran.host["results"] if one["id"] == f"site.network@{NAME}")
    assert (found["status"], found["actual"]) == (status, actual)
    assert host.sh("cat /var/log/nginx/*.access.log /var/log/apache2/*.access.log | grep -c taken || :").strip() == "0"


def test_cron_runs_for_each_site_of_a_network(host: Host) -> None:
    options = [f"{database}.wp_2_options" for database in ("wordpress_test", "sub_test")]
    services, timers = (
        f"lampctl-wp-cron-{NAME}.{kind} lampctl-wp-cron-{SUBDOMAINS}.{kind}" for kind in ("service", "timer")
    )
    host.sh(f"systemctl stop {timers}; systemctl start {services}")  # no other run: it would lock the events
    for table in options:
        host.sh(f"mariadb <<'END'\nUPDATE {table} SET option_value = '{EVENT}' WHERE option_name = 'cron';\nEND")
    host.sh(f"systemctl start {services}; systemctl start {timers}")
    read = " UNION ALL ".join(f"SELECT option_value FROM {table} WHERE option_name = 'cron'" for table in options)
    left = host.sh(f'mariadb -N -e "{read}"').splitlines()
    assert [("i:1000000000;" in events, 's:7:"version"' in events) for events in left] == [(False, True)] * 2


def test_network_stays_one(host: Host, project: Path) -> None:
    refused = lampctl(host, project, "deploy", EXTRAS)
    assert refused.code == 1, refused
    assert f"{NAME} is a network (multisite: subdirectory), and the playbook has no `multisite`" in refused.out
    other = lampctl(host, project, "plan", NETWORKS.replace("subdomain,", "subdirectory,"))
    assert "(multisite: subdomain), and the playbook has `multisite: subdirectory`" in other.out
