"""Hostile sites of every type attack one host at the same time, while deploys, checks, undos and retirements run: in the
end only the sites' own files have changed, no secret was read, and every other site answers as before."""

from __future__ import annotations

import http.client
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

# `make attacks` sets ten minutes.
SECONDS = float(os.environ.get("LAMPCTL_ATTACK_SECONDS", "45"))
SERVE = """#!/usr/bin/env python3
import http.server, os
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"the program's own page")
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
"""
BOOK = """
extends: {base}
sites:
  lamp.test: {{default: true, database: true}}
  quiet.test: {{type: php, source: ./quiet, database: true}}
  files.test: {{type: static, source: ./files}}
  programs.test: {{type: cgi}}
  blog.test: {{type: wordpress}}
  process.test: {{type: process, source: ./process, command: python3 serve.py, port: 8000}}
  servlet.test: {{type: servlet, war: {servlet}}}
  proxy.test: {{type: proxy, upstreams: ["http://127.0.0.1:8000"]}}
"""
SERVLET = Path(__file__).parents[2] / "playbooks/files/servlet"
FEWER = "extends: ./base.yml\n"
MORE = FEWER + "sites:\n  extra.test: {type: php}\n  extra2.test: {type: cgi}\n"
# Everything that is not the sites' own, except counters and journals of lampctl, the system and the servers. A vhost has the path
# of its site's release.
INVENTORY = r"""
cd /; find /etc /usr /srv /root /boot /var/www /var/lib/lampctl /run/lampctl* -xdev \
    ! -path '/var/lib/lampctl/generation*' ! -path '/var/lib/lampctl/p*' ! -path '/var/lib/lampctl/runs/*' ! -path '/var/lib/lampctl/lock' ! -name '*.pyc' ! -path '*/__pycache__*' \
    ! -path '/var/www/blog.test/wp-content*' ! -path '/var/www/quiet.test/releases/*' ! -path /var/www/quiet.test/current ! -path '/etc/systemd/system/*.wants' \
    ! -path /var/www/quiet.test/releases ! -path '/var/lib/lampctl/releases/quiet.test/*' ! -path '/usr/share/man*' -printf '%p %y %u:%g %m %l\n' | sort
find /etc /usr/lib/systemd /srv /root -xdev -type f ! -path '*/__pycache__*' ! -path '/etc/apache2/sites-available/quiet.test.conf' -exec sha256sum {} + | sort -k2
"""
OWN = {
    "site-lamp-test": "/var/www/lamp.test",
    "site-quiet-test": "/var/www/quiet.test:/var/www/quiet.test/releases",
    "site-files-test": "/var/www/files.test",
    "site-programs-test": "/var/www/programs.test:/var/www/programs.test/cgi-bin",
    "site-blog-test": "/var/www/blog.test:/var/www/blog.test/wp-content:/var/www/blog.test/wp-content/uploads",
    "site-process-test": "/var/www/process.test:/var/lib/site-process-test",
    "site-servlet-test": "/var/www/servlet.test",
}
WANTED = (
    "/etc/shadow", "/etc/lampctl/secrets/lamp.test.conf", "/etc/lampctl/secrets/quiet.test.conf",
    "/etc/lampctl/secrets/admin@blog.test.conf", "/var/lib/lampctl/lock", "/var/www/quiet.test/current/config.php",
)  # fmt: skip


def page(host: Host, site: str, path: str = "/") -> tuple[int, str]:
    connection = http.client.HTTPConnection(host.box.address, timeout=20)
    connection.request("GET", path, headers={"Host": site})
    answer = connection.getresponse()
    return answer.status, answer.read().decode(errors="replace")


@pytest.fixture(scope="module", params=["lamp", "lemp"])
def project(request: pytest.FixtureRequest, host: Host, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    for name, files in {
        "quiet": {"index.php": "<?php echo 'quiet ' . getenv('DB_NAME');", "config.php": "<?php // secret of quiet"},
        "files": {"index.html": "files of files.test"},
        "process": {"serve.py": SERVE},
    }.items():
        (folder / name).mkdir()
        for file, text in files.items():
            (folder / name / file).write_text(text)
    (folder / "base.yml").write_text(BOOK.format(base=request.param, servlet=SERVLET))
    (folder / "site.yml").write_text(FEWER)
    host.sh(
        "apt-get -qq install -y --no-install-recommends python3-minimal python3 >/dev/null 2>&1; mkdir -p /srv/bait/a/b; rm -f /run/over"
    )
    for sites in (MORE, FEWER):
        (folder / "site.yml").write_text(sites)
        ran = host.lampctl("deploy", "HOST", "-p", str(folder / "site.yml"))
        assert ran.code == 0, ran
    host.sh(f"cat > /usr/local/share/attacker.py <<'EOF'\n{Path(__file__).with_name('attacker.py').read_text()}EOF\n")
    return folder


def attackers(host: Host) -> list[subprocess.Popen[bytes]]:
    found = []
    for user, folders in OWN.items():
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        wanted = [path for path in WANTED if "quiet" not in path or user != "site-quiet-test"]
        argv = [
            *host.enter("-a"),
            *as_user,
            "python3",
            "/usr/local/share/attacker.py",
            str(SECONDS * 3),
            folders,
            *wanted,
        ]
        found.append(subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
    return found


@dataclass(frozen=True)
class Runs:
    """Runs of lampctl during the attacks: the exit codes of ordinary runs, and of runs that had to be rolled back."""

    host: Host
    book: Path
    codes: set[int] = field(default_factory=set)
    undone: set[int] = field(default_factory=set)

    def lampctl(self, command: str, *more: str) -> RunResult:
        return self.host.lampctl(command, "HOST", "-p", str(self.book), *more)

    def plan(self, sites: str) -> set[str]:
        self.book.write_text(sites)
        ran = self.lampctl("plan")
        assert ran.code == 0, ran
        return set(ran.changes)

    def run_round(self, number: int) -> None:
        """Deploy a new release; add sites, check them, break them, and retire them."""
        (self.book.parent / "quiet/new.txt").write_text(f"{number}")
        self.book.write_text(MORE)
        self.codes.add(self.lampctl("deploy").code)
        self.codes.add(self.lampctl("check").code)
        self.undone.add(
            self.lampctl("deploy", "--set", "php.ini.auto_prepend_file=/nowhere").code
        )  # no page works with this
        self.book.write_text(FEWER)
        self.codes.add(self.lampctl("deploy").code)
        assert page(self.host, "quiet.test") == (200, "quiet quiet_test")
        assert page(self.host, "files.test") == (200, "files of files.test")


def test_hostile_sites_change_nothing_but_their_own_files(host: Host, project: Path) -> None:
    runs = Runs(host, project / "site.yml")
    before, coming = host.sh(INVENTORY), runs.plan(MORE)
    running = attackers(host)
    end, number = time.monotonic() + SECONDS, 0
    try:
        while time.monotonic() < end:
            runs.run_round(number := number + 1)
    finally:
        output = _stop_attackers(host, running)
    assert output == [""] * len(running)
    # A hostile site can make its own checks fail, and so end a run; but it has changed nothing.
    assert (runs.codes - {0, 1}, runs.undone) == (set(), {1})
    assert runs.plan(FEWER) <= coming
    ran = runs.lampctl("deploy")
    assert ran.code == 0, ran
    assert _changed(before, host.sh(INVENTORY)) == set()


def _stop_attackers(host: Host, running: list[subprocess.Popen[bytes]]) -> list[str]:
    """Stop the attackers; returns what each of them could read."""
    host.sh("touch /run/over")
    output = [(stream.read() if (stream := a.stdout) else b"").decode(errors="replace") for a in running]
    for attacker in running:
        attacker.wait(30)
    host.sh(
        "rm -f /run/over; find /var/www/blog.test/wp-content -name '*.mine' -delete -o -type l ! -path '*/themes/*' -delete"
    )
    return output


def _changed(before: str, after: str) -> set[str]:
    return set(before.splitlines()) ^ set(after.splitlines())
