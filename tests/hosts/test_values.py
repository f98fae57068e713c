"""Free text of a playbook, as the servers themselves read it: it is refused, or arrives exactly as written.

tests/unit/test_fuzz_values.py lists the fields that hold free text; all others are made of plain characters.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lampctl.engine.offline import rendered
from lampctl.layers.model import playbook_model
from lampctl.resources.shell import words
from tests.hosts.conftest import ON_ONE_RELEASE, Host
from tests.unit.playbooks import Generated

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

# Words with a meaning in some language, and characters that begin or end something in one.
_WORDS = ["${HOME}", "$HOME", "$pool", "${pool}", "$$", "%h", "%{ENV:HOME}", "%%", "on", "null", "none", "E_ALL", "PHP_OS",
          "\\", "\\n", "\\x41", "\\$", '"', "'", "'\"'", "`id`", "$(id)", ";", "#", "//", "{", "}", "[x]", "=", "&", "<", ">",
          "|", "!", "~", "^", "(", ")", ",", " ", "\t", "\n", "\r", "\0", "\x1b[31m", "\x7f", "é", "\u2028", "\U0001f600",
          "<?php", "?>", "{{ 1 }}", "include = /etc/passwd", "-", "--", "a", "1"]  # fmt: skip
POOL = "/etc/lampctl/php/8.4/v.test.conf"
TEXT = st.lists(st.one_of(st.sampled_from(_WORDS), st.text(max_size=3)), max_size=6).map("".join)
BATCH = st.lists(TEXT, min_size=120, max_size=120, unique=True)
ROUNDS = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def book(site: object) -> dict[str, object]:
    return {"web": {}, "php": {}, "mysql": {}, "sites": {"v.test": site}}


def render(**site: Any) -> dict[str, str]:
    return rendered("generated.yml", (), "debian-13", Generated(yaml.safe_dump(book(site))))


def accepted_values(values: list[str], **site: Any) -> list[str]:
    """The values that the playbook accepts in place of VALUE in `site`."""

    def fits(value: str) -> bool:
        try:
            playbook_model().model_validate(book(json.loads(json.dumps(site).replace('"VALUE"', json.dumps(value)))))
        except ValidationError:
            return False
        return True

    return [value for value in values if fits(value)]


def put(host: Host, path: str, text: str) -> None:
    """Write a file in parts, as the length of an argument is limited."""
    data = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()
    host.sh(f"rm -f {path}.b64")
    for start in range(0, len(data), 60_000):
        host.sh(f"printf %s {data[start : start + 60_000]} >> {path}.b64")
    host.sh(f"base64 -d {path}.b64 > {path}")


def with_environment(host: Host, files: dict[str, str], command: str) -> str:
    """What a command prints with the environment that the host composes for v.test's code; all secrets are `x`."""
    script = files["/etc/lampctl/environment/v.test"].replace("/etc/lampctl/secrets/", "/root/secrets-")
    put(host, "/root/compose.sh", script)
    for variable, path in re.findall(r"(?m)^secret (\w+) (\S+?);", script):
        put(host, path, f'env[{variable}] = "x"\n')
    run = "systemd-run --quiet --wait --pipe -p EnvironmentFile=/run/lampctl-environment/values"
    return host.sh(f"sh /root/compose.sh values && {run} {command} 2>/dev/null")


def decode(output: str) -> list[str]:
    """Decode answers, each a line of base64."""
    return [base64.b64decode(line).decode("utf-8", "surrogatepass") for line in output.splitlines()]


@ROUNDS
@given(values=BATCH)
def test_php_directives_arrive_unchanged(host: Host, values: list[str]) -> None:
    kept = accepted_values(values, type="php", php={"ini": {"user_agent": "VALUE"}})
    files = render(type="php", php={"ini": {f"v.a{n:03}": value for n, value in enumerate(kept)}})
    (pool,) = (text for path, text in files.items() if path == POOL)
    lines = re.sub(r"(?m)^(user|group|listen|include|;|ping|env|php_admin).*\n", "", pool)
    put(host, "/root/values.conf", f"[global]\nerror_log = /dev/null\n{lines}listen = /run/v.sock\nuser = www-data\n")
    # FPM's own parser dumps what it has read, without escaping.
    output = host.sh("php-fpm8.4 -tt -y /root/values.conf 2>&1", check=False)
    dumped = dict(re.findall(r"(?m)\tphp_value\[v\.a(\d+)\] = (.*)$", output))
    assert "test is successful" in output, output[-3000:]
    assert [dumped.get(f"{n:03}") for n in range(len(kept))] == kept
    assert len(kept) > 40


@ROUNDS
@given(values=BATCH)
def test_environment_of_a_program_arrives_unchanged(host: Host, values: list[str]) -> None:
    program = {"type": "process", "command": "./a", "port": 8000}
    kept = accepted_values(values, **program, environment={"V": "VALUE"})
    files = render(**program, environment={f"V{n:03}": value for n, value in enumerate(kept)})
    output = with_environment(host, files, "sh -c 'env -0 | base64 -w0'")
    entries = dict(entry.partition("=")[::2] for entry in decode(output)[0].split("\0"))
    assert [entries.get(f"V{n:03}") for n in range(len(kept))] == kept
    assert len(kept) > 40


@ROUNDS
@given(values=BATCH)
def test_shell_words_arrive_unchanged(host: Host, values: list[str]) -> None:
    """WordPress's title and its owner's email address are words of a command."""
    kept = accepted_values(values, type="wordpress", title="VALUE")
    put(host, "/root/words.sh", f'for word in {words(kept)}; do printf %s "$word" | base64 -w0; echo; done\n')
    assert decode(host.sh("sh /root/words.sh")) == kept
    assert len(kept) > 40


# Words of a command without a meaning to systemd; a program gets them unchanged.
_ARGUMENTS = st.lists(
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\"'\\$%;"), min_size=1), max_size=5
)


@ROUNDS
@given(commands=st.lists(st.one_of(_ARGUMENTS.map(" ".join), TEXT), min_size=60, max_size=60, unique=True))
def test_commands_arrive_unchanged(host: Host, commands: list[str]) -> None:
    """systemd accepts every command that the playbook accepts, and passes plain words to the program unchanged."""
    program = {"type": "process", "port": 8000}
    kept = accepted_values([f"/usr/bin/true {command}".strip() for command in commands], **program, command="VALUE")
    units = []
    for number, command in enumerate(kept):
        (unit,) = (text for path, text in render(**program, command=command).items() if path.endswith("@.service"))
        (line,) = re.findall(r"(?m)^ExecStart=.*$", unit)
        line = line.replace("/usr/bin/true", "/root/argv.sh", 1)
        units.append(f"lampctl-v{number:03}@1.service")
        put_unit = f"[Service]\nType=oneshot\nEnvironment=OUT=/root/argv/{number:03}\n{line}\n"
        units[-1] += "\n" + put_unit
    put(host, "/root/units", "\0".join(units))
    output = host.sh(_RUN).splitlines()
    assert "\n".join(line for line in output if not line.startswith("ok")) == ""
    assert len(output) == len(kept) > 20
    for command, line in zip(kept, output, strict=True):
        if not set(command) & set("\"'\\$%;"):
            assert "".join(decode(line.removeprefix("ok "))) == "\0".join(filter(None, command.split(" ")[1:])), command


_RUN = r"""
rm -rf /root/argv /run/systemd/system/lampctl-v*; mkdir /root/argv; cd /root
printf '#!/bin/sh\nfirst=1; for word; do [ -n "$first" ] || printf "\\0"; first=; printf %%s "$word"; done > "$OUT"\n' > argv.sh
chmod +x argv.sh
while IFS= read -r -d '' unit || [ -n "$unit" ]; do
    printf '%s' "${unit#*$'\n'}" > "/run/systemd/system/${unit%%$'\n'*}"; names="$names ${unit%%$'\n'*}"
done < units
systemctl daemon-reload
for name in $names; do
    if out=$(systemctl start "$name" 2>&1); then number=${name#lampctl-v}; printf 'ok %s\n' "$(base64 -w0 "argv/${number%%@*}")"
    else echo "$name $out $(journalctl -n 3 -o cat -u "$name") $(tail -n 1 "/run/systemd/system/$name")"; fi
done
rm -f /run/systemd/system/lampctl-v*; systemctl daemon-reload
"""

_ASK = """<?php
require '/root/config.php';
echo json_encode([DB_NAME, DB_USER, WP_HOME, WP_CONTENT_DIR, getenv('DB_NAME'), getenv('DB_USER')]);
"""


def test_php_reads_wordpresss_configuration_unchanged(host: Host) -> None:
    """Names have plain characters, but some are constants or other values to PHP's parsers."""
    for name in ("null", "on", "E_ALL", "PHP_OS", "1", "0"):
        files = render(type="wordpress", database={"name": name, "user": name})
        (config,) = (text for path, text in files.items() if path.startswith("/etc/wordpress/config-"))
        put(host, "/root/config.php", config)
        put(host, "/root/ask.php", _ASK)
        output = with_environment(host, files, "php8.4 /root/ask.php")
        assert json.loads(output) == [name, name, "http://v.test", "/var/www/v.test/wp-content", name, name]
