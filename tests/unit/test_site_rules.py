"""What the playbook has web servers do for any site: what is denied, redirected, sent and asked for, and what is refused."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from lampctl.answers import sections
from lampctl.engine.library import Files
from lampctl.engine.offline import rendered
from lampctl.errors import PlaybookError
from lampctl.layers import denied
from lampctl.playbook import load
from lampctl.playbook.sites import PhpSite, SiteBase, StaticSite, answered, redirected
from lampctl.quoting import apache_text, nginx_text
from lampctl.resources.shell import words

SERVERS = {"apache": "/etc/apache2", "nginx": "/etc/nginx"}
SITE = "extends: lamp\nsites:\n  a.test:\n    type: php\n    {}\n"
PATHS = [
    "/.env",
    "/a/.git/config",
    "/composer.json",
    "/a/Composer.LOCK",
    "/dump.sql",
    "/a/debug.log",
    "/vendor/x.php",
    "/tests/x",
    "/node_modules/x",
    "/a/vendor/x",
    "/a.md",
    "/docs/a.md",
    "/docs/b/a.md",
    "/docs/x.txt",
    "/.well-known/a",
    "/page.html",
    "/secret",
    "/secret/a",
    "/a/secret/b",
    "/uploads/a.php",
    "/uploads/b/a.php/c",
    "/uploads/a.jpg",
    "/other/a.php",
]


def is_denied(site: SiteBase, declared: tuple[denied.Rule, ...] = denied.LEFTOVERS) -> set[str]:
    found = denied.rules(site, declared)
    return {path for path in PATHS if any(re.search(rule.pattern, path) for rule in found)}


DEFAULT = {"/.env", "/a/.git/config", "/composer.json", "/a/Composer.LOCK", "/dump.sql", "/a/debug.log"}
UPLOADED = {"/uploads/a.php", "/uploads/b/a.php/c"}
RELEASE = {"/vendor/x.php", "/tests/x", "/node_modules/x"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, DEFAULT),
        ({"source": "app"}, DEFAULT | RELEASE),
        ({"root": "/srv/app"}, DEFAULT),
        ({"deny": ["*.md"]}, DEFAULT | {"/a.md", "/docs/a.md", "/docs/b/a.md"}),
        ({"deny": ["/docs/*.md"]}, DEFAULT | {"/docs/a.md"}),
        ({"deny": ["/docs/**.md"]}, DEFAULT | {"/docs/a.md", "/docs/b/a.md"}),
        ({"deny": ["docs/"]}, DEFAULT | {"/docs/a.md", "/docs/b/a.md", "/docs/x.txt"}),
        ({"deny": ["secret"]}, DEFAULT | {"/secret", "/secret/a", "/a/secret/b"}),
        ({"deny": ["/secret"]}, DEFAULT | {"/secret", "/secret/a"}),
        ({"deny": ["/a.md|/page.html", "(.*", "[a-z]"]}, DEFAULT),
        ({"source": "app", "shared": ["uploads"]}, DEFAULT | RELEASE | UPLOADED),
        ({"source": "app", "public": "web", "writable": ["web/uploads"], "shared": ["other/"]}, DEFAULT | UPLOADED),
        ({"source": "app", "public": "web", "shared": ["web/uploads/a.php"]}, DEFAULT),
        ({"source": "app", "public": "web", "shared": ["web/uploads/"], "allow": ["/uploads/*.php"]},
         DEFAULT | {"/uploads/b/a.php/c"}),
        ({"source": "app", "allow": ["/vendor/", "*.log", ".env"]}, (DEFAULT | RELEASE) - {"/vendor/x.php", "/a/debug.log", "/.env"}),
        ({"source": "app", "allow": ["**"]}, set()),
        ({"deny": ["*.md"], "allow": ["/docs/**"]}, DEFAULT | {"/a.md"}),
    ],
)  # fmt: skip
def test_patterns_deny_and_allow(fields: dict[str, object], expected: set[str]) -> None:
    assert is_denied(StaticSite.model_validate({"type": "static", **fields})) == expected


def test_a_folder_for_visitors_has_no_code_beside_its_pages() -> None:
    site = StaticSite.model_validate({"type": "static", "source": "app", "public": "public"})
    assert is_denied(site) == DEFAULT


@pytest.mark.parametrize(
    "text", ['a"b', "a\\b", "a$b", "${x}", "{1}", "a b;", "ä", "(?i)x", "a'b#c", "a%b", "\\Qx", "a|b", "^$"]
)
def test_literal_text_has_no_meaning_in_a_pattern(text: str) -> None:
    found = denied.escaped(text)
    assert re.fullmatch(r"[A-Za-z0-9/_\\-]*", found)
    assert re.fullmatch(found.encode(), text.encode())


WRONG = {
    "deny: ['']": "is not a pattern of paths",
    "deny: [\"a\\nb\"]": "is not a pattern of paths",
    "allow: [/]": "is not a pattern of paths",
    "redirects: {old: /new}": "is neither a path",
    "redirects: {\"/a?b\": /new}": "is neither a path",
    "redirects: {\"/a%ff\": /new}": "is neither a path",
    "redirects: {/old: new}": "is neither a path",
    "redirects: {/old: //evil.test/}": "is neither a path",
    "redirects: {/old: \"/a\\r\\nX-A: b\"}": "is neither a path",
    "redirects: {/old: \"/new#part\"}": "is neither a path",
    "redirects: {/old: \"javascript:x\"}": "is neither a path",
    "redirects: {/old: /old}": "redirects for ever: /old → /old",
    "redirects: {/a: /b, /b: \"/a?x\"}": "redirects for ever: /a → /b → /a",
    "redirects: {/.well-known/acme-challenge/x: /new}": "where ACME servers ask",
    "redirects: {www.: /new}": "go together",
    "redirects: {/old: canonical}": "go together",
    "headers: {\"X A\": b}": "is not the name of a header",
    "headers: {X-A: \"a\\nb\"}": "is not the value of a header",
    "headers: {X-A: \"expr=%{HTTP_HOST}\"}": "is not the value of a header",
    "headers: {X-A: \"\"}": "is not the value of a header",
    "headers: {Set-Cookie: a}": "is set by the web server or the application itself",
    "headers: {strict-transport-security: a}": "is set by `tls`",
    "basic_auth: {\"a:b\": {secret: generate}}": "is not a valid login name",
    "basic_auth: {jane: {secret: letmein}}": "should be 'generate'",
    "trusted_proxies: [0.0.0.0/0]": "is every address",
    "trusted_proxies: [\"::/0\"]": "is every address",
    "trusted_proxies: [10.0.0.1/8]": "has bits beyond its network",
    "trusted_proxies: [cdn.test]": "is not an IP address or a network",
    "methods: [POST]": "without GET the site cannot be proved",
    "methods: [get]": "should be",
}  # fmt: skip


@pytest.mark.parametrize("field", WRONG)
def test_wrong_rule_is_refused_with_its_line(tmp_path: Path, field: str) -> None:
    (tmp_path / "site.yml").write_text(SITE.format(field))
    with pytest.raises(PlaybookError) as caught:
        load(str(tmp_path / "site.yml"), (), Files(tmp_path))
    assert WRONG[field] in caught.value.message
    assert re.search(r"site\.yml:[345]: ", caught.value.message)


def test_www_becomes_a_name_that_is_redirected() -> None:
    site = PhpSite.model_validate(
        {"type": "php", "aliases": ["www.a.test", "b.test"], "redirects": {"www.": "canonical"}}
    )
    assert answered("a.test", site) == ("a.test", "b.test")
    assert redirected("a.test", site) == ("www.a.test",)


def test_www_of_a_name_with_www_is_refused(tmp_path: Path) -> None:
    text = "extends: lamp\nsites: {www.a.test: {type: php, redirects: {www.: canonical}}}\n"
    (tmp_path / "site.yml").write_text(text)
    with pytest.raises(PlaybookError, match="name it without"):
        load(str(tmp_path / "site.yml"), (), Files(tmp_path))


def test_name_of_another_site_is_not_redirected(tmp_path: Path) -> None:
    text = "extends: lamp\nsites: {a.test: {type: php, redirects: {www.: canonical}}, www.a.test: {type: php}}\n"
    (tmp_path / "site.yml").write_text(text)
    with pytest.raises(PlaybookError, match=r"the name www\.a\.test is used by two sites"):
        load(str(tmp_path / "site.yml"), (), Files(tmp_path))


@pytest.mark.parametrize(
    ("text", "apache", "nginx"),
    [
        ('a "b" \\', r'"a \"b\" \\"', r'"a \"b\" \\"'),
        ("${HOME} $x", '"${LAMPCTL_DOLLAR}{HOME} $x"', '"${lampctl_dollar}{HOME} ${lampctl_dollar}x"'),
        ("%{y}e 5%", '"%%{y}e 5%%"', '"%{y}e 5%"'),
    ],
)
def test_text_of_a_header_is_quoted(text: str, apache: str, nginx: str) -> None:
    assert (apache_text(text), nginx_text(text)) == (apache, nginx)


@pytest.mark.parametrize(("server", "root"), SERVERS.items())
def test_site_without_rules_has_only_the_default_ones(tmp_path: Path, server: str, root: str) -> None:
    (tmp_path / "site.yml").write_text(f"web: {{server: {server}}}\nsites: {{a.test: {{type: static}}}}\n")
    vhost = rendered(str(tmp_path / "site.yml"), (), "debian-13", Files())[f"{root}/sites-available/a.test.conf"]
    sent = re.findall(r"(?:add_header|Header always set) (\S+)", vhost)
    assert sent == ["X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"]
    assert not re.search(
        r"auth_basic|AuthType|real_ip|RemoteIP|\$lampctl_target|R=301|R=405|return 301|return 405", vhost
    )


SCRIPT = Path(__file__).parents[2] / "lampctl/host/logins/file.sh"


def logins(mode: str, path: Path, group: str, *users: str) -> str:
    call = words(["logins", mode, str(path), group, *users])
    done = subprocess.run(["sh", "-c", f". {SCRIPT}\n{call}"], capture_output=True, text=True, check=True)
    return sections(done.stdout).get(str(path), "")


def test_file_of_logins_is_written_and_compared(tmp_path: Path) -> None:
    path, jane, joe = tmp_path / "logins/a.test", tmp_path / "jane.conf", tmp_path / "joe.conf"
    jane.write_text('; comment\nenv[PASSWORD] = "one"\n')
    joe.write_text('env[PASSWORD] = "two"\n')
    both = ("jane", str(jane), "joe", str(joe))
    assert logins("compare", path, "root", *both) == ""
    logins("write", path, "root", *both)
    first = path.read_text()
    assert re.fullmatch(r"(j\w+:\$6\$rounds=1000\$[./A-Za-z0-9]{16}\$[./A-Za-z0-9]{86}\n){2}", first)
    assert (path.stat().st_mode & 0o7777, logins("compare", path, "root", *both)) == (0o640, "right")
    logins("write", path, "root", *both)
    assert path.read_text() == first
    assert logins("compare", path, "root", *both[:2]) == "users or passwords differ"
    joe.write_text('env[PASSWORD] = "three"\n')
    assert logins("compare", path, "root", *both) == "users or passwords differ"
    path.chmod(0o644)
    assert logins("compare", path, "root", *both) == "its owner or mode differs"


def test_secret_of_a_login_must_be_generated() -> None:
    with pytest.raises(ValidationError):
        PhpSite.model_validate({"type": "php", "basic_auth": {"jane": {"secret": "/etc/passwd"}}})
