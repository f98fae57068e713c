"""The new release of CGI programs or of a servlet is tried at a spare socket: one that fails there never meets a visitor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.leftovers import leftovers
from tests.hosts.visitor import get, visiting

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

CGI = "{type: cgi, source: app, environment: {GREETING: hello}, probe: {path: /cgi-bin/page, expect: hello}}"
SERVLET = "{type: servlet, war: app, heap: 64M, probe: {path: /, expect: hello}}"
PROGRAM = """#!/bin/sh
{before}
printf 'Content-Type: text/plain\\n\\n%s %s' "$GREETING" {release}
"""
DIES = "echo 'no database' >&2; exit 3"
# It ignores what would end it, has children that outlive it, fills its /tmp and its answer, and plants a link.
ATTACKS = """trap '' TERM HUP PIPE
ln -s /etc/shadow /tmp/link
setsid sh -c 'trap "" TERM; for _ in 1 2 3 4; do sleep 1000 & done; cat /dev/zero > /tmp/large' >/dev/null 2>&1 </dev/null &
printf 'Content-Type: text/plain\\n\\n'
yes | head -c 1000000000
sleep 1000
"""
THROWS = '<% if (true) throw new RuntimeException("no database"); %>'
ENDS = '<%! public void jspInit() { System.out.println("no database"); System.exit(3); } %>'
AT_START = """<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0"><servlet><servlet-name>page</servlet-name>
<jsp-file>/index.jsp</jsp-file><load-on-startup>1</load-on-startup></servlet></web-app>"""
ANSWER = "site.answer@app.test"


class Application:
    """A site on a host, which is deployed from a folder."""

    def __init__(self, host: Host, folder: Path, server: str, site: str) -> None:
        self.host, self.book = host, folder / "site.yml"
        self.book.write_text(f"id: socket-tried\nweb: {{server: {server}}}\nsites:\n  app.test: {site}\n")
        self.files = folder / "app"
        for path in ("cgi-bin", "WEB-INF"):
            (self.files / path).mkdir(parents=True)
        (self.files / "WEB-INF/web.xml").write_text(AT_START)

    def cgi(self, release: str, before: str = "") -> RunResult:
        program = self.files / "cgi-bin/page"
        program.write_text(PROGRAM.format(before=before, release=release))
        program.chmod(0o755)
        return self.deploy()

    def servlet(self, release: str, before: str = "") -> RunResult:
        (self.files / "index.jsp").write_text(f"{before}<p>hello {release}</p>")
        return self.deploy()

    def deploy(self) -> RunResult:
        return self.host.lampctl("deploy", "HOST", "-p", str(self.book))

    def rest(self) -> str:
        """What a rehearsal left, and whose processes serve."""
        return leftovers(self.host) + self.host.sh("pgrep -u site-app-test -l | grep -v -e fcgiwrap -e java || :")


def refused(ran: RunResult, actual: str, evidence: str) -> None:
    assert (ran.code, ran.host["applied"], ran.host["undone"]) == (1, False, True), ran
    assert (ran.host["error"]["kind"], ran.host["culprit"]["id"]) == ("check", ANSWER), ran
    assert "tried beside what serves; nothing was changed" in ran.host["error"]["message"]
    assert actual in json.dumps(ran.host)
    assert evidence in ran.host["error"]["evidence"]


def accepted(application: Application, ran: RunResult) -> None:
    assert (ran.code, ran.host["applied"], ran.results[ANSWER]) == (0, True, "pass"), ran
    assert "not tried beside what serves" not in application.host.sh(
        "cat $(ls -d /var/lib/lampctl/runs/*/log | tail -n 1)"
    )
    assert application.rest() == ""


@pytest.mark.parametrize("server", ["apache", "nginx"])
def test_cgi_program_that_fails_beside_what_serves_is_never_served(host: Host, tmp_path: Path, server: str) -> None:
    application = Application(host, tmp_path, server, CGI)
    assert application.cgi("one").code == 0
    with visiting(
        host.box.address, lambda text: text.endswith("hello one"), "app.test", path="/cgi-bin/page"
    ) as visits:
        refused(application.cgi("two", before=DIES), "500 for /cgi-bin/page", "no database")
        refused(application.cgi("two", before=ATTACKS), "200, but without 'hello'", "y\ny\n")
    assert visits.answered
    assert visits.failures == []
    assert application.rest() == ""
    either = ("hello one", "hello two")
    with visiting(host.box.address, lambda text: text.endswith(either), "app.test", path="/cgi-bin/page") as visits:
        accepted(application, application.cgi("two"))
    assert visits.failures == []


@pytest.mark.parametrize("server", ["nginx"])
def test_servlet_that_fails_beside_what_serves_is_never_served(host: Host, tmp_path: Path, server: str) -> None:
    application = Application(host, tmp_path, server, SERVLET)
    assert application.servlet("one").code == 0
    tomcat = "systemctl show --value -p MainPID lampctl-servlet-app.test"
    before = host.sh(tomcat)
    with visiting(host.box.address, lambda text: "hello one" in text, "app.test") as visits:
        refused(application.servlet("two", before=THROWS), "500 for /", "RuntimeException: no database")
        refused(application.servlet("two", before=ENDS), "its program ends before it answers", "no database")
    assert visits.answered
    assert visits.failures == []
    assert application.rest() == ""
    assert host.sh(tomcat) == before
    accepted(application, application.servlet("two"))
    assert "hello two" in get(host.box.address, name="app.test")
