"""What both web servers are told about a site: timeouts, types of files, what is denied, and names without HTTPS."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from lampctl.engine.library import Files
from lampctl.engine.offline import rendered
from lampctl.errors import PlaybookError
from lampctl.layers import denied, media

SERVERS = {"apache": "/etc/apache2", "nginx": "/etc/nginx"}
PHP = "extends: {base}\nphp: {{ini: {{max_execution_time: {layer}}}}}\nsites: {{lamp.test: {{{site}}}}}\n"


def render(folder: Path, text: str, *settings: str) -> dict[str, str]:
    (folder / "site.yml").write_text(text)
    return rendered(str(folder / "site.yml"), settings, "debian-13", Files())


@pytest.mark.parametrize(
    ("layer", "site", "seconds"),
    [
        ("30", "", 60),
        ("300", "", 300),
        ("0", "", 3600),
        ('"90"', "", 90),
        ("300", "php: {ini: {max_execution_time: 120}}", 120),
        ("300", "timeout: 20", 20),
        ("odd", "", 60),
    ],
)
@pytest.mark.parametrize("server", SERVERS)
def test_php_may_take_as_long_as_the_playbook_allows(
    tmp_path: Path, server: str, layer: str, site: str, seconds: int
) -> None:
    """The web server waits as long as FPM does when it is stopped, and systemd a little longer."""
    files = render(tmp_path, PHP.format(base="lamp", layer=layer, site=site), f"web.server={server}")
    vhost = files[f"{SERVERS[server]}/sites-available/lamp.test.conf"]
    found = re.search(r"ProxyTimeout (\d+)$|fastcgi_read_timeout (\d+)s;", vhost, re.MULTILINE)
    assert found
    assert int(found[1] or found[2]) == seconds
    assert f"process_control_timeout = {seconds}s\n" in files["/etc/lampctl/php/8.4/lamp.test.conf"]
    unit = files["/etc/systemd/system/lampctl-php8.4-lamp.test.service"]
    assert f"TimeoutStopSec={seconds + 10}\n" in unit


def test_htaccess_files_are_refused_where_nothing_reads_them(tmp_path: Path) -> None:
    text = "extends: lamp\nsites: {lamp.test: {allow_override: true}}\n"
    with pytest.raises(PlaybookError, match=r"lamp\.test: `allow_override: true` needs Apache, because NGINX does not"):
        render(tmp_path, text, "web.server=nginx")
    front = render(tmp_path, text, "web.front=nginx")
    assert "AllowOverride All" in front["/etc/apache2/sites-available/lamp.test.conf"]


def test_each_extension_has_one_type_and_both_servers_have_the_same(tmp_path: Path) -> None:
    extensions = [extension for several in media.TYPES.values() for extension in several.split()]
    assert [extension for extension, count in Counter(extensions).items() if count > 1] == []
    apache = render(tmp_path, "extends: lamp\n")["/etc/apache2/conf-available/lampctl.conf"]
    nginx = render(tmp_path, "extends: lemp\n")["/etc/nginx/nginx.conf"]
    told = {type: words.replace(".", "") for type, words in re.findall(r"^AddType (\S+) (.*)$", apache, re.MULTILINE)}
    assert told == media.TYPES
    assert dict(re.findall(r"^        (\w+/\S+) (.*);$", nginx, re.MULTILINE)) == media.TYPES


@pytest.mark.parametrize("path", ["/a.bak", "/x/a.php~", "/dump.SQL", "/a.phtml/x", "/a.Php", "/a.phar", "/a.inc"])
def test_leftovers_are_denied_by_one_rule(path: str) -> None:
    assert [rule.why for rule in denied.LEFTOVERS if re.search(rule.pattern, path)] != []


@pytest.mark.parametrize(
    "path", ["/a.php", "/a.php/x", "/logs/index.html", "/sqlite.html", "/a.backup", "/package.jsonp"]
)
def test_what_sites_show_is_not_denied(path: str) -> None:
    assert [rule.why for rule in denied.CODE if re.search(rule.pattern, path)] == []


@pytest.mark.parametrize(("server", "root"), SERVERS.items())
def test_https_for_a_name_without_it_is_refused_even_beside_a_default_site(
    tmp_path: Path, server: str, root: str
) -> None:
    """The default site answers only for names that no site has."""
    text = f"web: {{server: {server}}}\nsites:\n  a.test: {{type: static, default: true, tls: self-signed}}\n"
    files = render(tmp_path, text + "  b.test: {type: static, aliases: [c.test]}\n")
    plain, refused = files[f"{root}/sites-available/b.test.conf"].split(
        ":443>" if server == "apache" else "listen 443", 1
    )
    assert ("b.test" in plain, "b.test" in refused) == (True, True)
    assert ("Redirect 421 /\n" if server == "apache" else "ssl_reject_handshake on;") in refused
    alone = render(tmp_path, text.replace("default: true, ", "") + "  b.test: {type: static}\n")
    assert ":443>" not in alone[f"{root}/sites-available/b.test.conf"]
    assert "listen 443" not in alone[f"{root}/sites-available/b.test.conf"]
    shared = next(text for path, text in alone.items() if path.endswith("/lampctl-tls.conf"))
    assert "Redirect 421 /\n" in shared or "ssl_reject_handshake on;" in shared
