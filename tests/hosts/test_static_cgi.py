"""A single-page app and CGI programs in three languages, behind both servers on one host."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.servers import SETTLED

pytestmark = pytest.mark.hosts

PLAYBOOK = """
web: {server: apache}
sites:
  app.test: {type: static, fallback: true, cache: 600, source: app}
  cgi.test: {type: cgi, source: programs}
"""
SHELL = r"""#!/bin/sh
printf 'Content-Type: text/plain\n\nsh uid=%s query=%s\n' "$(id -u)" "$QUERY_STRING"
"""
PERL = r"""#!/usr/bin/perl
read(STDIN, my $body, $ENV{CONTENT_LENGTH} // 0);
print "Content-Type: text/plain\n\nperl uid=$< info=$ENV{PATH_INFO} body=$body\n";
"""
C = r"""
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(void) { printf("Content-Type: text/plain\n\nc uid=%d query=%s\n", getuid(), getenv("QUERY_STRING")); }
"""
FAILS = "#!/bin/sh\necho broken on purpose >&2\nexit 3\n"


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    bin = folder / "programs" / "cgi-bin"
    bin.mkdir(parents=True)
    (folder / "sites.yml").write_text(PLAYBOOK)
    (folder / "programs" / "index.html").write_text("<h1>programs</h1>")
    program(bin / "hello.sh", SHELL)
    program(bin / "form.pl", PERL)
    program(bin / "fails.sh", FAILS)
    (folder / "hello.c").write_text(C)
    subprocess.run(["cc", "-static", "-o", bin / "hello", folder / "hello.c"], check=True)
    (folder / "app" / "assets").mkdir(parents=True)
    (folder / "app" / "index.html").write_text("<title>app</title><script src=assets/main-1.js></script>")
    (folder / "app" / "assets" / "main-1.js").write_text("console.log('main');\n" * 200)
    return folder


@pytest.fixture(scope="module", params=["apache", "nginx"])
def served(host: Host, project: Path, request: pytest.FixtureRequest) -> tuple[Host, str, RunResult]:
    server = f"web.server={request.param}"
    ran = host.lampctl("deploy", "HOST", "-p", "sites.yml", "--set", server, cwd=project)
    host.sh(SETTLED)
    return host, server, ran


def ask(host: Host, name: str, path: str, body: str | None = None, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(host.box.address, timeout=10)
    method = "GET" if body is None else "POST"
    connection.request(method, path, body, {"Host": name, **{k.replace("_", "-"): v for k, v in headers.items()}})
    return connection.getresponse()


def test_every_hop_is_proved_and_a_second_plan_is_empty(served: tuple[Host, str, RunResult], project: Path) -> None:
    host, server, ran = served
    assert ran.code == 0, ran
    assert set(ran.results.values()) == {"pass"}
    hops = [hop for hop in ran.results if hop.endswith("@cgi.test")]
    assert hops == [f"{hop}@cgi.test" for hop in ("web.static", "site.runner", "site.runnable", "site.program",
                                                  "site.answer", "site.outside")]  # fmt: skip
    assert host.lampctl("plan", "HOST", "-p", "sites.yml", "--set", server, cwd=project).changes == {}


def test_programs_run_as_the_sites_user(served: tuple[Host, str, RunResult]) -> None:
    host, _, _ = served
    uid = host.sh("id -u site-cgi-test").strip()
    assert ask(host, "cgi.test", "/cgi-bin/hello.sh?a=1").read().decode() == f"sh uid={uid} query=a=1\n"
    assert ask(host, "cgi.test", "/cgi-bin/hello?b=%20c").read().decode() == f"c uid={uid} query=b=%20c\n"
    answer = ask(host, "cgi.test", "/cgi-bin/form.pl/more", "name=world").read().decode()
    assert answer == f"perl uid={uid} info=/more body=name=world\n"


def test_failing_program_gives_500_and_is_in_the_sites_log(served: tuple[Host, str, RunResult]) -> None:
    host, server, _ = served
    assert ask(host, "cgi.test", "/cgi-bin/fails.sh").status == 500
    folder = "/var/log/apache2" if server.endswith("apache") else "/var/log/nginx"
    assert "fails.sh" in host.sh(f"tail -n 2 {folder}/cgi.test.error.log")
    assert "broken on purpose" in host.sh(f"cat {folder}/cgi.test.error.log {folder}/error.log")


def test_source_of_programs_is_never_served(served: tuple[Host, str, RunResult]) -> None:
    host, _, _ = served
    for path in ("/cgi-bin/fails.sh", "//cgi-bin/hello.sh", "/./cgi-bin/form.pl", "/%63gi-bin/hello.sh"):
        assert "#!" not in ask(host, "cgi.test", path).read().decode(errors="replace"), path
    for path in ("/cgi-bin/none", "/cgi-bin/"):
        assert ask(host, "cgi.test", path).status in (403, 404)


def test_program_without_its_run_bit_is_named(served: tuple[Host, str, RunResult], project: Path) -> None:
    host, server, _ = served
    path = "/var/www/cgi.test/current/cgi-bin/form.pl"
    host.sh(f"chmod a-x {path}")
    ran = host.lampctl("check", "HOST", "-p", "sites.yml", "--set", server, cwd=project)
    host.sh(f"chmod a+x {path}")
    assert ran.code == 1, ran
    assert ran.host["culprit"]["id"] == "site.runnable@cgi.test"
    found = next(r for r in ran.host["results"] if r["id"] == "site.runnable@cgi.test")
    assert found["actual"] == f"{path} is not executable"
    assert ran.results["site.outside@cgi.test"] == "blocked"


def test_source_without_a_run_bit_is_refused_before_anything_changes(
    served: tuple[Host, str, RunResult], project: Path
) -> None:
    host, server, _ = served
    before = host.sh("cat /var/lib/lampctl/generation")
    path = project / "programs" / "cgi-bin" / "hello.sh"
    path.chmod(0o644)
    ran = host.lampctl("deploy", "HOST", "-p", "sites.yml", "--set", server, cwd=project)
    path.chmod(0o755)
    assert ran.code == 2, ran
    assert "cgi-bin/hello.sh lacks the run bit" in json.loads(ran.out)["error"]["message"]
    assert host.sh("cat /var/lib/lampctl/generation") == before


def test_single_page_app_answers_its_own_paths_compressed_and_cached(served: tuple[Host, str, RunResult]) -> None:
    host, _, _ = served
    page = ask(host, "app.test", "/some/page/of/the/app")
    assert (page.status, b"<title>app" in page.read()) == (200, True)
    assert page.headers["Cache-Control"] in ("max-age=0", "no-cache")
    script = ask(host, "app.test", "/assets/main-1.js", Accept_Encoding="gzip")
    assert script.headers["Content-Encoding"] == "gzip"
    assert script.headers["Cache-Control"] == "max-age=600"
    assert len(script.read()) < 1000


def test_new_release_is_served_and_the_old_one_kept(served: tuple[Host, str, RunResult], project: Path) -> None:
    """Of the same size, so that only the time distinguishes it from a browser's copy."""
    host, server, _ = served
    page = project / "app" / "index.html"
    old = ask(host, "app.test", "/")
    text, etag = old.read(), old.headers["ETag"]
    link = host.sh("readlink /var/www/app.test/current").strip()
    swapped = re.sub(rb"main-(\d)", lambda found: b"main-%d" % (int(found[1]) % 9 + 1), text)
    page.write_bytes(swapped)
    ran = host.lampctl("deploy", "HOST", "-p", "sites.yml", "--set", server, cwd=project)
    assert ran.code == 0, ran
    assert {key.split(":")[0] for key in ran.changes} == {"release", "symlink"}
    new = ask(host, "app.test", "/", If_None_Match=etag)
    assert (new.status, new.read()) == (200, swapped)
    assert host.sh(f"cat /var/www/app.test/{link}/index.html").encode() == text


@ON_ONE_RELEASE
def test_broken_release_is_rolled_back(served: tuple[Host, str, RunResult], project: Path) -> None:
    """A link to a file that is not a program: only the host can find that it does not run."""
    host, server, _ = served
    before = host.sh("readlink /var/www/cgi.test/current")
    link = project / "programs" / "cgi-bin" / "page"
    link.symlink_to("../index.html")
    ran = host.lampctl("deploy", "HOST", "-p", "sites.yml", "--set", server, cwd=project)
    link.unlink()
    assert ran.code == 1, ran
    assert ran.host["undone"] is True
    assert "site.runnable@cgi.test failed with the new files" in ran.host["error"]["message"]
    assert host.sh("readlink /var/www/cgi.test/current") == before
    assert ask(host, "cgi.test", "/cgi-bin/hello.sh").status == 200
