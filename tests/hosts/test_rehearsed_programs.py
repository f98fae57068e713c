"""The new release of a program is tried at a spare port before it serves: one that fails there never meets a visitor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.leftovers import leftovers
from tests.hosts.visitor import visiting

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

BOOK = """
id: program-tried
web: {{server: {server}}}
sites:
  app.test:
    type: process
    source: app
    command: perl server.pl
    port: 8101
    instances: {instances}
    environment: {{GREETING: hello}}
    probe: [{{path: /, expect: hello}}, {{path: /basket, expect: Basket}}]
"""
PROGRAM = """use IO::Socket::INET;
BEFORE
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => PORT, Listen => 50, ReuseAddr => 1) or die "in use";
while (my $client = $server->accept) {
    my $request = <$client>;
    while (defined(my $line = <$client>)) { last if $line !~ /[^\\r\\n]/ }
    my $body = $request =~ m{ /basket } ? 'BASKET' : "$ENV{GREETING} RELEASE";
    print $client "HTTP/1.0 200 OK\\r\\nContent-Type: text/plain\\r\\n\\r\\n$body";
    close $client;
}
"""
LOCK = "open my $lock, '>', \"$ENV{STATE_DIRECTORY}/lock\" or die; flock $lock, 6 or die 'it runs already';"
ANSWER, BASKET = "site.answer@app.test", "site.answer2@app.test"


class Program:
    """A program on a host, which is deployed from a folder."""

    def __init__(self, host: Host, folder: Path, server: str) -> None:
        self.host, self.folder, self.server = host, folder, server
        (folder / "app").mkdir()

    def deploy(
        self, release: str, before: str = "", basket: str = "Basket", port: str = "$ENV{PORT}", instances: int = 2
    ) -> RunResult:
        (self.folder / "site.yml").write_text(BOOK.format(server=self.server, instances=instances))
        code = PROGRAM
        for name, text in {"BEFORE": before, "PORT": port, "BASKET": basket, "RELEASE": release}.items():
            code = (
                code.replace(f" {name}", f" {text}").replace(f"'{name}'", f"'{text}'").replace(f"\n{name}", f"\n{text}")
            )
        (self.folder / "app/server.pl").write_text(code)
        return self.host.lampctl("deploy", "HOST", "-p", str(self.folder / "site.yml"))

    def log(self) -> str:
        return self.host.sh("cat $(ls -d /var/lib/lampctl/runs/*/log | tail -n 1)")


@pytest.fixture
def program(host: Host, tmp_path: Path, server: str) -> Program:
    return Program(host, tmp_path, server)


def refused(ran: RunResult, check: str, evidence: str) -> None:
    assert (ran.code, ran.host["applied"], ran.host["undone"]) == (1, False, True), ran
    assert (ran.host["error"]["kind"], ran.host["culprit"]["id"]) == ("check", check), ran
    assert evidence in ran.host["error"]["evidence"]


@pytest.mark.parametrize("server", ["apache", "nginx"])
def test_release_that_fails_at_a_spare_port_is_never_served(program: Program) -> None:
    ran = program.deploy("one")
    assert ran.code == 0, ran
    with visiting(program.host.box.address, lambda text: text.endswith("hello one"), "app.test") as visits:
        dies = program.deploy("two", before="die 'no database';")
        refused(dies, ANSWER, "no database")
        refused(program.deploy("two", basket="empty"), BASKET, "/basket: 200, but without 'Basket'")
    assert visits.answered
    assert visits.failures == []
    assert leftovers(program.host) == ""

    ran = program.deploy("two")
    assert (ran.code, ran.host["applied"]) == (0, True), ran
    assert "not tried beside what serves" not in program.log()
    assert leftovers(program.host) == ""


@pytest.mark.parametrize("server", ["nginx"])
@pytest.mark.parametrize("alone", [{"before": LOCK}, {"port": "8101"}], ids=["a lock", "a port of its own"])
def test_program_that_cannot_run_twice_is_not_held_back(program: Program, alone: dict[str, str]) -> None:
    """The release that is served fails beside itself as well."""
    for release in ("one", "two"):
        ran = program.deploy(release, instances=1, **alone)
        assert (ran.code, ran.host["applied"]) == (0, True), ran
    assert "its programs do not run beside those that serve" in program.log()
    assert leftovers(program.host) == ""


@pytest.mark.parametrize("server", ["nginx"])
def test_instance_that_runs_but_does_not_answer_is_named_and_restarted(program: Program) -> None:
    hangs = "$SIG{USR1} = sub { sleep 1000000 };"
    assert program.deploy("one", before=hangs).code == 0
    unit = "lampctl-app.test@8102.service"
    program.host.sh(f"systemctl kill -s USR1 {unit}")
    ran = program.host.lampctl("check", "HOST", "-p", str(program.folder / "site.yml"))
    assert (ran.code, ran.host["culprit"]["id"]) == (1, "site.port@app.test"), ran
    failed = next(result for result in ran.host["results"] if result["id"] == "site.port@app.test")
    assert f"lampctl deploy restarts {unit}" in failed["hint"]
    healed = program.deploy("one", before=hangs)
    assert (healed.code, healed.changes) == (0, {f"service:{unit}": "restart"}), healed
