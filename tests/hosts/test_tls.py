"""HTTPS on real hosts: bad certificates are refused; good ones are served, audited by sslyze, and renewed in time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import Host
from tests.hosts.servers import SETTLED

pytestmark = pytest.mark.hosts

BOOK = """
web: {server: %s}
sites:
  files.test:
    type: static
    aliases: [www.files.test]
    default: true
    tls: {mode: files, certificate: /srv/tls/chain.pem, key: /srv/tls/key.pem, hsts: 300}
  self.test:
    type: static
    tls: self-signed
"""


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CA's root.pem and certificates of files.test: good, expired, and of another name."""
    folder = tmp_path_factory.mktemp("authority")
    script = """
key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl req $key -x509 -days 30 -subj '/CN=a root' -addext keyUsage=critical,keyCertSign -keyout root.key -out root.pem
leaf() {
    printf 'subjectAltName=%s\\nauthorityKeyIdentifier=keyid\\nsubjectKeyIdentifier=hash\\nkeyUsage=critical,digitalSignature\\nextendedKeyUsage=serverAuth\\n' "$3" > extensions
    openssl req $key -subj "/CN=files.test" -keyout "$1.key" -out request
    openssl x509 -req -in request -CA root.pem -CAkey root.key -days "$2" -extfile extensions -out "$1.pem"
}
leaf good 60 DNS:files.test,DNS:www.files.test
leaf old 0 DNS:files.test,DNS:www.files.test
leaf short 60 DNS:files.test
"""
    subprocess.run(["sh", "-eu", "-c", script], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def site(boxes: Boxes, release: str) -> Iterator[Host]:
    yield Host(boxes.up(f"tls-{release}", release), boxes)
    boxes.down(f"tls-{release}")


def put(host: Host, folder: Path, certificate: str, key: str) -> None:
    texts = [(folder / f"{certificate}.pem").read_text(), (folder / f"{key}.key").read_text()]
    host.sh(
        f"mkdir -p /srv/tls; cat > /srv/tls/chain.pem <<'END'\n{texts[0]}END\ncat > /srv/tls/key.pem <<'END'\n{texts[1]}END"
    )


def book(folder: Path, server: str, more: str = "") -> str:
    (folder / "site.yml").write_text(BOOK % server + more)
    return str(folder / "site.yml")


@pytest.mark.parametrize(
    ("certificate", "key", "kind", "message"),
    [
        ("", "", "certificate", "/srv/tls/chain.pem does not exist"),
        ("good", "old", "certificate-key", "the key /srv/tls/key.pem belongs to another certificate"),
        ("old", "old", "certificate-expired", "/srv/tls/chain.pem expired at 20"),
        ("short", "short", "certificate-names", "/srv/tls/chain.pem does not cover www.files.test"),
    ],
)
def test_bad_certificate_files_are_refused(
    site: Host, authority: Path, tmp_path: Path, certificate: str, key: str, kind: str, message: str
) -> None:
    if certificate:
        put(site, authority, certificate, key)
    ran = site.lampctl("deploy", "HOST", "-p", book(tmp_path, "nginx"))
    assert (ran.code, ran.host["error"]["kind"]) == (1, kind), ran
    assert message in ran.host["error"]["message"]
    assert site.sh("ls -d /etc/lampctl /etc/nginx 2>/dev/null || :") == ""


@pytest.mark.parametrize("server", ["nginx", "apache"])
def test_certificates_are_served_pass_an_audit_and_need_no_change(
    site: Host, authority: Path, tmp_path: Path, server: str
) -> None:
    put(site, authority, "good", "good")
    root = authority / "root.pem"
    ran = site.lampctl("deploy", "HOST", "-p", book(tmp_path, server), trust=root)
    assert ran.code == 0, ran
    hops = ["certificate", "chain", "protocol", "redirect"]
    assert {f"tls.{hop}@{name}" for hop in hops for name in ("files.test", "self.test")} <= set(ran.results)
    assert set(ran.results.values()) == {"pass"}
    site.sh(SETTLED)
    again = site.lampctl("deploy", "HOST", "-p", book(tmp_path, server), trust=root)
    assert (again.code, again.changes) == (0, {}), again
    assert again.host["round_trips"] <= 4
    where = f"files.test:443{{{site.box.address}}}"
    argv = [str(Path(sys.executable).parent / "sslyze"), "--mozilla_config", "intermediate"]
    audit = subprocess.run([*argv, "--certinfo_ca_file", str(root), where], capture_output=True, text=True, check=False)
    assert "files.test:443: OK - Compliant" in audit.stdout, audit.stdout[-2000:]
    answer = site.sh(
        "printf 'GET / HTTP/1.0\\r\\nHost: files.test\\r\\n\\r\\n' | openssl s_client -quiet -connect 127.0.0.1:443 -servername files.test"
    )
    assert "Strict-Transport-Security: max-age=300" in answer


def test_certificate_of_an_unknown_ca_is_the_culprit(site: Host, authority: Path, tmp_path: Path) -> None:  # noqa: ARG001
    ran = site.lampctl("check", "HOST", "-p", book(tmp_path, "apache"))
    assert (ran.code, ran.host["culprit"]["id"]) == (1, "tls.chain@files.test"), ran
    assert ran.results["tls.chain@self.test"] == ran.results["site.outside@files.test"] == "pass"


def test_self_signed_certificate_is_recreated_for_new_names(site: Host, authority: Path, tmp_path: Path) -> None:
    playbook = book(tmp_path, "apache", "    aliases: [www.self.test]\n")
    ran = site.lampctl("deploy", "HOST", "-p", playbook, trust=authority / "root.pem")
    assert ran.code == 0, ran
    assert ran.changes["certificate:/etc/lampctl/tls/self.test/certificate.pem"] == "update"
    assert ran.results["tls.chain@self.test"] == "pass"
    assert site.sh("stat -c '%a %U' /etc/lampctl/tls/self.test /etc/lampctl/tls/self.test/key.pem").split() == [
        "700",
        "root",
        "600",
        "root",
    ]


def test_server_that_has_another_certificate_loaded_is_the_culprit(site: Host, authority: Path, tmp_path: Path) -> None:
    """A certificate and key that were replaced by hand and not loaded; then a deleted key."""
    playbook = book(tmp_path, "apache", "    aliases: [www.self.test]\n")
    site.sh(
        "cd /etc/lampctl/tls/self.test; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        " -days 20 -subj /CN=x -addext subjectAltName=DNS:self.test,DNS:www.self.test -keyout key.pem -out certificate.pem"
    )
    ran = site.lampctl("check", "HOST", "-p", playbook, trust=authority / "root.pem")
    assert (ran.code, ran.host["culprit"]["id"]) == (1, "web.service"), ran
    site.sh("rm /etc/lampctl/tls/self.test/key.pem")
    ran = site.lampctl("check", "HOST", "-p", playbook, trust=authority / "root.pem")
    assert (ran.code, ran.host["culprit"]["id"]) == (1, "tls.certificate@self.test"), ran
    ran = site.lampctl("deploy", "HOST", "-p", playbook, trust=authority / "root.pem")
    assert ran.code == 0, ran
