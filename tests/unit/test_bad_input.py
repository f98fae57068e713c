"""Invalid input through the real command line: exit code 2, one message with the place of the error, and no host is
contacted; with --format json, the same in exactly one document."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.unit.forked import run

LAMPCTL = str(Path(sys.executable).parent / "lampctl")
Files = Mapping[str, str | bytes]  # name in the project → content
DEPLOY = ["deploy", "HOST", "-F", "/dev/null", "-p", "site.yml"]
VHOST = "templates/apache/vhost.conf.j2"
GOOD: Files = {"site.yml": "extends: lamp\n"}


@pytest.fixture
def host() -> Iterator[str]:
    """The address of a server that must not be contacted."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def assert_refused(project: Path, files: Files, arguments: list[str], message: str, host: str) -> None:
    for name, content in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    words = [host if word == "HOST" else word for word in arguments]
    done = run(*words, cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("lampctl: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert [line[:4] for line in done.stderr.splitlines()] == ["lamp", "  → "]

    command = 2 if words[0] in ("box", "playbook") else 1
    done = run(*words[:command], "--format", "json", *words[command:], cwd=project)
    assert (done.returncode, done.stderr) == (2, "")
    found = json.loads(done.stdout)
    assert (found["command"], found["ok"], found["hosts"]) == (" ".join(words[:command]), False, [])
    assert message in found["error"]["message"]


PLAYBOOKS: dict[str, tuple[str | bytes, str]] = {
    "a mistyped key": ("extends: lamp\nphp:\n  memory_limt: 1M\n", "site.yml:3: php → memory_limt: unknown key; did you mean memory_limit?"),
    "extends mistyped": ("extend: lamp\n", "site.yml:1: extend: unknown key; did you mean extends?"),
    "a wrong type": ("extends: lamp\nmysql:\n  max_connections: many\n", "site.yml:3: mysql → max_connections: should be a whole number or 'auto', not 'many'"),
    "a list of sites": ("extends: lamp\nsites: []\n", "site.yml:2: sites: should be a mapping of keys to values, not []"),
    "a site that is null": ("extends: lamp\nsites:\n  a.test:\n", "site.yml:3: sites → a.test: should be a mapping of keys to values, not null"),
    "a date": ("description: 2024-01-31\n", "site.yml:1: description: should be text, not 2024-01-31"),
    "an infinite number": ("php: {ini: {precision: .inf}}\n", "site.yml:1: can't read this value: .inf is not a finite number"),
    "broken YAML": ("php: [a\nb: c", "site.yml:2: is not valid YAML"),
    "a tab": ("php:\n\tini: {}\n", "site.yml:2: is not valid YAML"),
    "a control character": ("# ü\nphp: {}\n# \x07\n", "site.yml:3: is not valid YAML: it has the control character #x0007"),
    "two documents": ("php: {}\n---\nphp: {}\n", "site.yml:2: is not valid YAML: found another document"),
    "a key twice": ("php: {}\nphp: {}\n", "site.yml:2: the key php occurs twice"),
    "a merge key": ("php: &a {}\nweb: {<<: *a}\n", "site.yml:2: merge keys (<<) can't be used here"),
    "an alias to itself": ("php: &a {ini: *a}\n", "site.yml:1: an alias refers to a value that contains it"),
    "a tag": ("php: !php {}\n", "site.yml:1: the tag !php means nothing here"),
    "deeper than the stack": ("a: " + "[" * 200_000, "site.yml:1: is nested more than 50 levels deep"),
    "more than the memory": ("a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(f"{b}: &{b} [{','.join(['*' + a] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)), "site.yml:1: has more than 20000 values"),
    "nothing": ("# nothing\n", "site.yml:1: the playbook is empty"),
    "not UTF-8": (b"extends: lamp\ndescription: \xe9t\xe9\n", "site.yml:2: the byte 0xe9 is not valid UTF-8"),
    "no playbook at all": ("%" * (1 << 21), "site.yml: is larger than 1 MiB"),
    "a circle": ("extends: ./site.yml\n", "site.yml:1: extends goes in a circle: site.yml → site.yml"),
    "a missing file": ("\nextends: ./base.yml\n", "site.yml:2: extends: playbook ./base.yml: no such file"),
    "a missing playbook": ("extends: lmap\n", "site.yml:1: extends: playbook lmap: not found"),
    "extends nothing": ("extends:\n", "site.yml:1: extends: must be the name of one playbook"),
    "no hostname": ("extends: lamp\nsites:\n  under_score.test: {}\n", "site.yml:3: sites → under_score.test: 'under_score.test' is not a valid hostname"),
    "a quote in a database name": ("extends: lamp\nsites:\n  a.test:\n    database: {name: \"a'b\"}\n", "site.yml:4: sites → a.test → database → name: \"a'b\" is not a valid database name: letters"),
    "a backtick in a database name": ("extends: lamp\nsites:\n  a.test:\n    database: {name: a`b}\n", "site.yml:4: sites → a.test → database → name: 'a`b' is not a valid database name: letters"),
}  # fmt: skip


@pytest.mark.parametrize("case", PLAYBOOKS)
def test_invalid_playbook_is_refused(case: str, tmp_path: Path, host: str) -> None:
    text, message = PLAYBOOKS[case]
    assert_refused(tmp_path, {"site.yml": text}, DEPLOY, message, host)


TEMPLATES: dict[str, tuple[Files, str]] = {
    "an undefined variable": ({VHOST: "a\n{{ site }}\n{{ sitte }}\n"}, f"{VHOST}:3: 'sitte' is undefined"),
    "a syntax error": ({VHOST: "a\n{% if site %}\n"}, f"{VHOST}:2: Unexpected end of template"),
    "a wrong expression": ({VHOST: "\n{{ 1 // 0 }}\n"}, f"{VHOST}:2: ZeroDivisionError"),
    "an undefined variable in an included one": (
        {VHOST: "\n{% include 'apache/x.j2' %}\n", "templates/apache/x.j2": "\n\n{{ sitte }}\n"},
        "templates/apache/x.j2:3: 'sitte' is undefined",
    ),
    "one that includes itself": ({VHOST: "{% include 'apache/vhost.conf.j2' %}\n"}, f"{VHOST}:1: RecursionError"),
    "a missing one": ({VHOST: "\n{% include 'apache/x.j2' %}\n"}, f"{VHOST}:2: template apache/x.j2 not found"),
    "not UTF-8": ({VHOST: b"# \n# \xff\n"}, f"{VHOST}:2: the byte 0xff is not valid UTF-8"),
    "a folder": ({f"{VHOST}/x": ""}, f"{VHOST}: can't be read: Is a directory"),
}  # fmt: skip


@pytest.mark.parametrize("case", TEMPLATES)
def test_invalid_template_is_refused(case: str, tmp_path: Path, host: str) -> None:
    files, message = TEMPLATES[case]
    assert_refused(tmp_path, {**GOOD, **files}, DEPLOY, message, host)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder.yml", "folder.yml: can't be read: Is a directory"),
        ("loop.yml", "loop.yml: can't be read: Too many levels of symbolic links"),
        ("/proc/self/mem", "/proc/self/mem: can't be read: Input/output error"),
        ("none.yml", "playbook none.yml: no such file"),
        ("lmap", "playbook lmap: not found"),
        (f"{'a' * 5000}.yml", "no such file"),
        ("", "not found"),
    ],
)
def test_unreadable_playbook_is_refused(name: str, message: str, tmp_path: Path, host: str) -> None:
    (tmp_path / "folder.yml").mkdir()
    (tmp_path / "loop.yml").symlink_to("loop.yml")
    assert_refused(tmp_path, {}, [*DEPLOY[:-1], name], message, host)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("php.memory_limit", "--set php.memory_limit: must be KEY=VALUE"),
        ("=1", "--set =1: must be KEY=VALUE"),
        ("php..ini=1", "--set php..ini=1: must be KEY=VALUE"),
        ("php.memory_limit=", "--set php.memory_limit: php → memory_limit: should be text, not null"),
        ("php.memory_limit=[1M]", "--set php.memory_limit: php → memory_limit: should be text, not [1M]"),
        ("php={memory_limt: 1M}", "--set php: php → memory_limt: unknown key"),
        ("php={ini: {}, ini: {}}", "--set php: the key ini occurs twice"),
        ("php.memory_limit=@", "--set php.memory_limit: is not valid YAML"),
        ("description.of=x", "--set description.of: description: should be text, not {of: x}"),
        ("extends=lamp", "--set extends: that is settled in the playbook's file"),
        (f"php.memory_limit={'a' * 5000}", "is not a valid size"),
        ("php.opcache_memory=1M", "PHP does not start with 1M: 16M or more"),
        (b"php.memory_limit=\xff", "is not valid UTF-8"),
    ],
)
def test_invalid_setting_is_refused(setting: str | bytes, message: str, tmp_path: Path, host: str) -> None:
    word = setting if isinstance(setting, str) else setting.decode(errors="surrogateescape")
    assert_refused(tmp_path, dict(GOOD), [*DEPLOY, "--set", word], message, host)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["render", "--out", "out", "--platform", "debian-31"], "--platform debian-31: is not in the table"),
        (["render", "--platform", "debian-13"], "missing option '--out'"),
        (["deploy", "HOST", "--bogus"], "no such option: --bogus"),
        (["deploy", "HOST", "--port", "many"], "invalid value for '--port'"),
        (["deploy", "HOST", "--playbook"], "option '--playbook' requires an argument"),
        (["deploy", "-p", "lamp"], "no host: none was given"),
        (["box", "up"], "missing argument 'NAME'"),
        (["playbook", "show", "lamp", "lemp"], "got unexpected extra argument"),
    ],
)
def test_invalid_command_line_is_refused(arguments: list[str], message: str, tmp_path: Path, host: str) -> None:
    assert_refused(tmp_path, {}, arguments, message, host)


@pytest.mark.parametrize(
    ("arguments", "command", "message"),
    [
        (["--format", "json", "check", "HOST"], "", "no such option: --format"),
        (["chekc", "HOST", "--format", "json"], "", "no such command 'chekc'"),
        (["playbook", "shwo", "--format", "json"], "playbook", "no such command 'shwo'"),
        (["playbook", "show", "none.yml", "--format=json"], "playbook show", "no such file"),
        (["deploy", "HOST", "--ask", "--format", "json"], "deploy", "--ask asks a person"),
        (["deploy", "HOST", "-p", "none.yml", "--debug", "--format", "json"], "deploy", "no such file"),
    ],
)
def test_json_error_names_the_command(arguments: list[str], command: str, message: str, host: str) -> None:
    argv = [LAMPCTL, *(host if word == "HOST" else word for word in arguments)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    assert (done.returncode, found["command"]) == (2, command)
    assert message in found["error"]["message"]
    assert ("Traceback" in done.stderr) == ("--debug" in arguments)
