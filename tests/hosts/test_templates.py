"""The servers accept every valid playbook: generated playbooks, validated by the programs of each release.

And body limits work: a body just below the limit is accepted, one just above is refused by the web server.
"""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from collections.abc import Sequence
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings

from lampctl.errors import LampctlError
from lampctl.facts import nominal
from lampctl.layers import Context, Desired, desired
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.rendering import Renderer
from lampctl.resources import File, Secret, Symlink, file, select
from tests.hosts.conftest import Host
from tests.hosts.visitor import get, send
from tests.unit.playbooks import Generated, playbooks

pytestmark = pytest.mark.hosts

COUNT = 80
PLATFORM = {"trixie": "debian-13", "bookworm": "debian-12"}

# Each generation is unpacked over an /etc without lampctl's files, in its own mount namespace; what only a deployed host has
# (users, certificates, secrets, names that resolve) is created there.
TRY = r"""
cd /root/generated
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout key -out pem 2>/dev/null
cat > inside.sh <<'INSIDE'
mount -t tmpfs none /mnt; cp -a /etc /mnt/etc; cp pem key /mnt/; mount --bind /mnt/etc /etc
grep -rl 'Managed by lampctl' /etc | xargs rm -f; find /etc -xtype l -path '*-enabled/*' -delete
tar -C / --no-same-owner -xf "$1/etc.tar"
{ sed -n 's/^user = //p' /etc/lampctl/php/*/*.conf
  sed -n 's/^ *SuexecUserGroup \([^ ]*\).*/\1/p' /etc/apache2/sites-enabled/*.conf; } | sort -u | while read -r user; do
    echo "$user:x:990:990::/:/bin/false" >> /etc/passwd; echo "$user:x:990:" >> /etc/group
done
for kind in pem key; do
    case $kind in pem) words='ssl_certificate|SSLCertificateFile|ssl_trusted_certificate' ;; key) words='ssl_certificate_key|SSLCertificateKeyFile' ;; esac
    grep -rhoE "^ *($words) +[^; ]+" /etc/nginx /etc/apache2 | awk '{ print $2 }' | sort -u | while read -r path; do
        case $path in *snakeoil*) ;; *) mkdir -p "${path%/*}"; cp "/mnt/$kind" "$path" ;; esac
    done
done
sed -nE 's/^ *server ([a-z0-9-]+):[0-9]+.*/127.0.0.1 \1/p' /etc/nginx/sites-enabled/* >> /etc/hosts
mkdir -p /etc/lampctl/secrets; cp "$1"/secrets/* /etc/lampctl/secrets/ 2>/dev/null
while read -r command; do
    if ! said=$(sh -c "$command" 2>&1); then echo "FAILED $1: $command"; echo "$said" | grep -v '^AH00112' | tail -n 5; fi
done < "$1/tests"
echo "tried $1"
INSIDE
for one in [0-9]*; do unshare --mount sh inside.sh "$one"; done
"""


def generated(platform: str) -> list[tuple[dict[str, Any], Desired, Renderer]]:
    """Generate playbooks, and what each of them wants."""
    found = []

    @settings(
        max_examples=COUNT,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(playbooks())
    def collect(data: dict[str, Any]) -> None:
        files = Generated(yaml.safe_dump(data))
        try:
            loaded = load("generated.yml", (), files)
        except LampctlError:
            return
        wanted = desired(Context.from_loaded(loaded, PLATFORMS[platform], nominal(platform)))
        found.append((data, wanted, Renderer(files.template, "generated")))

    collect()
    return found


def bundle(platform: str, samples: Sequence[tuple[dict[str, Any], Desired, Renderer]]) -> bytes:
    """Pack NUMBER/etc.tar and NUMBER/tests (one command per line) of each sample into a tar."""
    installed = re.escape(PLATFORMS[platform].php.version)
    other = re.compile(rf"php-fpm(?!{installed}\b)").search  # of another archive, which this host does not have
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for number, (_, wanted, renderer) in enumerate(samples):
            paths = [r for r in select(wanted.resources, File, Symlink) if r.path.startswith("/etc/")]
            contents = {r.key: renderer.text(r) for r in paths if isinstance(r, File)}
            tests = "".join(f"{v.command}\n" for v in wanted.validators if v.layer != "mysql" and not other(v.command))
            secrets = {
                f"secrets/{path.rpartition('/')[2]}": line.replace("&", "made-up").replace("\\n", "\n").encode()
                for secret in select(wanted.resources, Secret)
                for path, line in secret.copies
            }
            for name, data in {"etc.tar": file.archive(paths, contents), "tests": tests.encode(), **secrets}.items():
                member = tarfile.TarInfo(f"{number:02d}/{name}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def both(host: Host) -> Host:
    """A host with both web servers installed and Apache running."""
    host.sh("echo 'exit 101' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; apt-get -qq update;"
            "apt-get -qqy --no-install-recommends install nginx apache2-suexec-pristine >/dev/null 2>&1; rm /usr/sbin/policy-rc.d;"
            "systemctl disable -q --now nginx")  # fmt: skip
    return host


def test_servers_accept_every_valid_playbook(both: Host, release: str) -> None:
    samples = generated(PLATFORM[release])
    assert len(samples) > COUNT * 3 // 4
    argv = both.boxes.ssh_argv(both.box.name, "mkdir -p /root/generated && tar -C /root/generated -xf -")
    subprocess.run(argv, input=bundle(PLATFORM[release], samples), check=True, timeout=60)
    output = both.sh(TRY)
    assert output.count("tried ") == len(samples)
    failures = output[output.find("FAILED") :][:1500] if "FAILED" in output else ""
    number = int(failures.split()[1].rstrip(":")) if failures else 0
    assert failures == "", yaml.safe_dump(samples[number][0])


def _post(address: str, size: int) -> str:
    head = f"POST /size.php HTTP/1.0\r\nHost: lamp.test\r\nContent-Type: text/plain\r\nContent-Length: {size}\r\n\r\n"
    try:
        return send(address, head.encode() + b"x" * size)
    except ConnectionError:  # the server has refused it without reading the rest
        return send(address, head.encode())


@pytest.mark.parametrize("playbook", ["lamp", "lemp", "front"])
def test_body_limits_logs_and_headers_are_the_same_behind_each_server(both: Host, playbook: str) -> None:
    """1M for an upload and 1M for the rest of the form: 2 MiB in all, for the web server and for PHP."""
    assert both.lampctl("deploy", "HOST", "-p", playbook, "--set", "php.upload_limit=1M").code == 0
    both.sh(
        'echo \'<?php usleep(50000); echo "got " . strlen(file_get_contents("php://input"));\' > /var/www/lamp.test/size.php'
    )
    limit = 2 << 20
    below, above = _post(both.box.address, limit - 1), _post(both.box.address, limit + 1)
    assert below.startswith("HTTP/1.1 200")
    assert below.endswith(f"got {limit - 1}")
    assert above.split("\r\n")[0] == "HTTP/1.1 413 Request Entity Too Large", above[:200]
    answer = get(both.box.address, name="lamp.test")
    assert answer.count("X-Content-Type-Options: nosniff\r\n") == 1
    assert answer.count("Referrer-Policy: strict-origin-when-cross-origin\r\n") == 1
    assert "X-Powered-By" not in answer
    for server in {"lamp": ["apache2"], "lemp": ["nginx"], "front": ["apache2", "nginx"]}[playbook]:
        line = both.sh(f"grep 'POST /size.php.* 200 ' /var/log/{server}/lamp.test.access.log | tail -n1")
        total, upstream = (_seconds(line, word) for word in ("time=", "upstream="))
        assert 0.05 <= upstream <= total < 10, line


def _seconds(line: str, word: str) -> float:
    text = line.split(f" {word}")[1].split()[0]
    return float(text.removesuffix("us")) / 1e6 if text.endswith("us") else float(text.removesuffix("s"))
