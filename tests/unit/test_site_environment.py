"""The environment of a site's code: what a playbook may say, what the host composes of it, and secrets that are supplied."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lampctl.engine.library import Files
from lampctl.engine.supplied import supplied
from lampctl.errors import PlaybookError
from lampctl.facts import nominal
from lampctl.layers import Context
from lampctl.layers.environment import environment
from lampctl.platforms import PLATFORMS
from lampctl.playbook import Loaded, load
from lampctl.quoting import systemd
from lampctl.rendering import Renderer


def loaded(folder: Path, site: str) -> Loaded:
    (folder / "site.yml").write_text(f"web: {{}}\nphp: {{}}\nmysql: {{}}\nsites:\n  a.test: {site}\n")
    return load("site.yml", (), Files(folder))


REFUSED = {
    "an unknown name": ("environment: {A: '${B}'}", "A: ${B} is neither another entry nor given by the database; there is A"),
    "no database": ("environment: {A: '${DB_NAME}'}", "A: ${DB_NAME} is what a database gives, and the site has none"),
    "no name": ("environment: {A: '${}'}", "A: ${} is no name of a variable; a plain ${ is written $${"),
    "an open one": ("environment: {A: '${b-'}", "A: ${b-} is no name of a variable"),
    "itself": ("environment: {A: '${A}'}", "A → A is a circle"),
    "a circle": ("environment: {A: '${B}', B: 'x${A}'}", "is a circle"),
    "a circle with the database's": ("database: true, environment: {DB_NAME: '${DATABASE_URL}'}", "is a circle"),
    "systemd's own": ("environment: {NOTIFY_SOCKET: x}", "NOTIFY_SOCKET is set by lampctl or systemd itself"),
    "PHP's own": ("environment: {TMPDIR: /tmp}", "TMPDIR is set by lampctl or systemd itself"),
    "FPM's word": ("environment: {pool_size: '3'}", "FPM does not pass on a variable whose name begins with pool"),
    "neither": ("environment: {A: {build: false}}", "must have either a `value` or a `secret`"),
    "both": ("environment: {A: {value: x, secret: generate}}", "must have either a `value` or a `secret`"),
    "two places": ("environment: {A: {secret: {env: X, file: y}}}", "must be one of `env`, `file` and `command`"),
    "no place": ("environment: {A: {secret: {}}}", "must be one of `env`, `file` and `command`"),
    "a number": ("environment: {A: 1}", "environment → A"),
    "files alone": ("type: static, environment: {A: x}", "`environment` is for what `build` and `hooks` run, and there is none"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_environment_is_refused_with_its_line(tmp_path: Path, case: str) -> None:
    text, message = REFUSED[case]
    with pytest.raises(PlaybookError) as caught:
        loaded(tmp_path, f"{{{text}}}")
    assert message in caught.value.message
    assert "/site.yml:5: sites → a.test" in caught.value.message


def composed(folder: Path, site: str, secrets: dict[str, str]) -> str:
    """What systemd reads, on a host with these files of secrets: their name and their value."""
    found = loaded(folder, site)
    context = Context.from_loaded(found, PLATFORMS["debian-13"], nominal("debian-13"))
    file = environment(context, "a.test").files[0]
    text = Renderer(Files(folder).template, "site").text(file)
    for name, value in secrets.items():
        (folder / name).write_text(f'; a comment\nenv[{name.split("@")[-1]}] = "{value}"\n')
    text = text.replace("/etc/lampctl/secrets", str(folder)).replace("/run/lampctl-environment", str(folder / "run"))
    (folder / "compose").write_text(text.replace(".conf;", ";"))
    done = subprocess.run(["sh", folder / "compose", "unit"], capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr
    assert (folder / "run/unit").stat().st_mode & 0o777 == 0o600
    return (folder / "run/unit").read_text()


def test_values_and_secrets_are_composed_by_the_host(tmp_path: Path) -> None:
    wild = r"""a"b'c\d$e`f =;${G} & é"""
    text = composed(
        tmp_path,
        r"""{environment: {PLAIN: "it's $1 \\ `x` \"q\"", EMPTY: "", KEY: {secret: generate},
             URL: "redis://:${KEY}@$${h}/${PLAIN}", LAST: "${URL}!", GIVEN: {secret: {env: G}}}}""",
        {"env@a.test@KEY": "s3cret", "env@a.test@GIVEN": wild},
    )
    plain = 'it\'s $1 \\ `x` "q"'
    wanted = {"PLAIN": plain, "EMPTY": "", "KEY": "s3cret", "URL": f"redis://:s3cret@${{h}}/{plain}",
              "LAST": f"redis://:s3cret@${{h}}/{plain}!", "GIVEN": wild}  # fmt: skip
    assert sorted(text.splitlines()) == sorted(f"{name}={systemd(value)}" for name, value in wanted.items())


def test_database_gives_its_login_and_a_playbook_may_replace_parts(tmp_path: Path) -> None:
    text = composed(
        tmp_path,
        "{type: process, command: x, port: 8000, database: {name: shop},"
        " environment: {DB_PORT: '3307', MINE: 'u=${DB_USER}', DB_SOCKET: ''}}",
        {"a.test": "pass"},
    ).replace("env[a.test]", "env[DB_PASSWORD]")
    assert "has no DB_PASSWORD" in text  # the file of another secret is no password
    (tmp_path / "a.test").write_text('env[DB_PASSWORD] = "pass"\n')
    subprocess.run(["sh", tmp_path / "compose", "unit"], check=True)
    assert set((tmp_path / "run/unit").read_text().splitlines()) == {
        'DB_PASSWORD="pass"', 'DB_HOST="127.0.0.1"', 'DB_PORT="3307"', 'DB_SOCKET=""', 'DB_NAME="shop"',
        'DB_USER="shop"', 'DATABASE_URL="mysql://shop:pass@127.0.0.1:3307/shop"', 'MINE="u=shop"',
    }  # fmt: skip


def test_build_of_a_static_site_has_an_environment(tmp_path: Path) -> None:
    site = "{type: static, source: ., build: [make], environment: {VITE_API: /api}}"
    assert composed(tmp_path, site, {}) == 'VITE_API="/api"\n'
    origin = loaded(tmp_path, site).playbook.sites["a.test"].files
    other = loaded(tmp_path, site.replace("/api", "/v2")).playbook.sites["a.test"].files
    assert (origin and origin.steps) != (other and other.steps), "another value is another release"


def test_missing_secret_ends_the_start_with_its_name(tmp_path: Path) -> None:
    assert "env@a.test@KEY" in composed(tmp_path, "{environment: {KEY: {secret: generate}}}", {})
    assert not (tmp_path / "run/unit").exists()


def test_plans_and_reprs_show_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "hunter2")
    found = loaded(tmp_path, "{environment: {A: {secret: {env: TOKEN}}, B: {secret: {env: TOKEN}}}}")
    given = supplied(found, Files(tmp_path).beside)
    assert given == {"given/env@a.test@A": b"hunter2", "given/env@a.test@B": b"hunter2"}
    assert "hunter2" not in repr(found)


def test_secrets_are_supplied_beside_the_playbook(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\r\n")
    entries = "{A: {secret: {file: key}}, B: {secret: {command: \"sh -c 'echo run >> runs; cat key'\"}}, C: {secret: {command: \"sh -c 'echo run >> runs; cat key'\"}}}"
    found = loaded(tmp_path, f"{{environment: {entries}}}")
    values = supplied(found, Files(tmp_path).beside)
    assert set(values.values()) == {b"from a file"}
    assert (tmp_path / "runs").read_text() == "run\n"  # once, for both


UNSUPPLIED = {
    "no variable": ("env: LAMPCTL_NONE", "the environment variable LAMPCTL_NONE is not set"),
    "no file": ("file: none", "none can't be read: No such file or directory"),
    "an empty file": ("file: empty", "the file empty has nothing"),
    "two lines": ("file: two", "the file two has more than one line of text"),
    "no text": ("file: bytes", "bytes is not text in UTF-8"),
    "no command": ("command: ./none", "the command ./none can't be run: No such file or directory"),
    "a command that fails": ("command: \"sh -c 'echo locked >&2; exit 3'\"", "the command sh ended with 3: locked"),
    "a command without words": ('command: "a \'b"', "No closing quotation"),
}


@pytest.mark.parametrize("case", UNSUPPLIED)
def test_missing_secret_of_the_controller_is_one_error(tmp_path: Path, case: str) -> None:
    place, message = UNSUPPLIED[case]
    for name, content in {"empty": b"", "two": b"a\nb\n", "bytes": b"\xff"}.items():
        (tmp_path / name).write_bytes(content)
    found = loaded(tmp_path, f"{{environment: {{A: {{secret: {{{place}}}}}}}}}")
    with pytest.raises(PlaybookError) as caught:
        supplied(found, Files(tmp_path).beside)
    assert "/site.yml:5: sites → a.test → environment → A: " in caught.value.message
    assert message in caught.value.message
    assert supplied(found, Files(tmp_path).beside, required=False) == {}  # `check` compares it with nothing
