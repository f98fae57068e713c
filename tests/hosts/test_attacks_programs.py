"""What a site's own code can reach wherever it runs: as a CGI program, a process, a servlet, WordPress's cron and its
installer. Each looks around like an attacker, on a host with another site that has secrets and files worth stealing."""

from __future__ import annotations

import http.client
import json
import shlex
from pathlib import Path

import pytest

from tests.hosts.conftest import Host

pytestmark = pytest.mark.hosts

SITES = """
extends: lamp
sites:
  cgi.test: {type: cgi, source: cgi}
  proc.test: {type: process, source: proc, command: perl server.pl, port: 8000}
  servlet.test: {type: servlet, war: app, heap: 64M}
  wp.test: {type: wordpress}
  victim.test: {type: process, source: victim, command: perl server.pl --password=hunter2, port: 8010}
"""
# What an attacker sees, one fact per line. It must not depend on tools that a minimal host lacks.
LOOK = r"""
echo "id $(id -u) $(id -G)"
sed -n 's/^\(CapEff\|CapBnd\|NoNewPrivs\|Seccomp\):[[:space:]]*/\1 /p' /proc/self/status
cut -d: -f3 < /proc/self/cgroup | sed -n 's/.*\(lampctl-.*\.slice\).*/slice \1/p'
for d in /proc/[0-9]*; do [ -O "$d" ] || echo "process $(tr '\0' ' ' < "$d/cmdline")"; done
for p in VICTIM 1; do kill -0 "$p" 2>/dev/null && echo "signal $p"; done
echo "homes $(ls /var/www | tr '\n' ' ')"
echo "shm $(ls /dev/shm | tr '\n' ' ')"
for f in /run/dbus/system_bus_socket /run/systemd/private /run/systemd/journal/io.systemd.journal /run/lampctl-*.sock; do
    perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new($ARGV[0])' "$f" && echo "socket $f"
done
for f in /etc/shadow /etc/lampctl/secrets/wp.test.conf /etc/lampctl/environment/wp_wp.test /var/lib/lampctl/lock \
    /var/lib/site-victim-test/secret /var/www/victim.test/current/server.pl; do [ -r "$f" ] && echo "reads $f"; done
for f in /etc /usr/bin /run /run/lock /var/tmp/../lib /var/www; do touch "$f/lampctl-attack" 2>/dev/null && echo "writes $f"; done
perl -e 'opendir D, "/proc/self/fd"; for (readdir D) { print "fd ", readlink("/proc/self/fd/$_"), "\n" if /\d/ && $_ > 2 }' |
    grep -v '^fd /proc/\|^fd $\|\.php$' # what this very command, and PHP, have open
env | grep -E '^(SSH|SUDO|LAMPCTL|OWNER|PLAYBOOK|GENERATION|kept)' | sed 's/^/environ /'
echo end
"""
SERVER = r"""
use IO::Socket::INET;
my $l = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $ENV{PORT}, Listen => 64, ReuseAddr => 1) or die "bind: $!\n";
while (my $c = $l->accept) { while (<$c>) { last if /^\r?$/ } my $b = WHAT; print $c "HTTP/1.0 200 OK\r\n\r\n$b"; close $c }
"""
SERVLET = """<%@ page contentType="text/plain" %><% Process p = new ProcessBuilder("/bin/sh", application.getRealPath("/WEB-INF/look.sh")).redirectErrorStream(true).start();
out.print(new String(p.getInputStream().readAllBytes())); %>"""
# WordPress's database drop-in: loaded before anything else by whatever loads WordPress.
DROP_IN = r"""<?php
$mode = PHP_SAPI === 'cli' ? (getenv('WP_TITLE') === false ? 'cron' : 'install') : 'web';
if ($mode !== 'web') {
    $fds = '';
    foreach (scandir('/proc/self/fd') as $n) { $to = @readlink("/proc/self/fd/$n"); if ($n > 2 && $to && !preg_match('#wp-|^/proc|\.php$#', $to)) $fds .= "fd $to\n"; }
    $out = __DIR__ . "/uploads/$mode";
    @unlink($out);
    file_put_contents($out, $fds . shell_exec('sh ' . __DIR__ . '/uploads/look.sh 2>/dev/null'));
    chmod($out, 0644);
    shell_exec('setsid sleep 987 >/dev/null 2>&1 </dev/null &');
}
"""


def get(host: Host, site: str, path: str) -> str:
    connection = http.client.HTTPConnection(host.box.address, 80, timeout=30)
    connection.request("GET", path, headers={"Host": site})
    return connection.getresponse().read().decode(errors="replace")


@pytest.fixture(scope="module", params=["apache", "nginx"])
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("attacks")
    (path / "site.yml").write_text(SITES)
    for name in ("cgi/cgi-bin", "proc", "victim", "app/WEB-INF"):
        (path / name).mkdir(parents=True)
    (path / "cgi/index.html").write_text("cgi")
    (path / "victim/server.pl").write_text(SERVER.replace("WHAT", "'victim'"))
    (path / "proc/server.pl").write_text(SERVER.replace("WHAT", "`sh look.sh 2>/dev/null`"))
    (path / "app/index.jsp").write_text(SERVLET)
    (path / "app/WEB-INF/web.xml").write_text("<web-app/>")
    install_attacker(path, "1")
    return path


def install_attacker(folder: Path, victim: str) -> None:
    """Write the attacker's script into each site; it tries to signal the process `victim`."""
    script = LOOK.replace("VICTIM", victim)
    for name in ("proc/look.sh", "app/WEB-INF/look.sh"):
        (folder / name).write_text(script)
    program = folder / "cgi/cgi-bin/look"
    program.write_text(f"#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n{script}")
    program.chmod(0o755)


@pytest.fixture(scope="module")
def sites(host: Host, folder: Path, server: str) -> Host:
    first = deploy(host, folder, server)
    assert first[0] == 0, first[1]
    victim = host.sh("systemctl show --value -p MainPID lampctl-victim.test@8010").strip()
    install_attacker(folder, victim)
    host.sh("echo secret > /dev/shm/handed; chmod 644 /dev/shm/handed")
    host.sh("echo s > /var/lib/site-victim-test/secret; chmod 644 /var/lib/site-victim-test/secret")
    content = "/var/www/wp.test/wp-content"
    for path, text in ((f"{content}/db.php", DROP_IN), (f"{content}/uploads/look.sh", LOOK.replace("VICTIM", victim))):
        host.sh(f"cat > {path} <<'EOF'\n{text}\nEOF\nchown site-wp-test: {path}; chmod 644 {path}")
    again = deploy(host, folder, server)
    assert again[0] == 0, again[1]
    return host


def deploy(host: Host, folder: Path, server: str, command: str = "deploy") -> tuple[int, str]:
    ran = host.lampctl(command, "HOST", "-p", str(folder / "site.yml"), "--set", f"web.server={server}")
    failures = [result for result in ran.host["results"] if result["status"] == "fail"]
    return ran.code, json.dumps([ran.host.get("error"), failures, sorted(ran.changes)], ensure_ascii=False)


def assert_harmless(report: str, host: Host, site: str) -> None:
    """Assert that an attacker found nothing but what belongs to the site anyway."""
    lines = report.strip().splitlines()
    assert lines, "the attacker's script did not run"
    assert lines[-1] == "end", report
    uid = host.sh(f"id -u site-{site.replace('.', '-')}").strip()
    pairs = [line.split(" ", 1) for line in lines]
    found = {key: [rest for k, rest in ((w[0], w[-1]) for w in pairs) if k == key] for key, *_ in pairs}
    gid = host.sh(f"id -g site-{site.replace('.', '-')}").strip()
    assert found["id"] == [f"{uid} {gid}"]
    assert found["CapEff"] == found["CapBnd"] == ["0000000000000000"]
    assert found["NoNewPrivs"] == ["1"]
    assert found["Seccomp"] == ["2"]
    assert found["slice"] == [f"lampctl-{site}.slice"]
    assert found["homes"] == [f"{site} "]
    assert found["shm"] == [""]
    if site == "cgi.test":  # fcgiwrap leaves the connection of this request open
        found["fd"] = [path for path in found.get("fd", []) if not path.startswith("socket:")]
    nothing = ("process", "signal", "socket", "reads", "writes", "fd", "environ")
    assert {key: found[key] for key in nothing if found.get(key)} == {}


@pytest.mark.parametrize(
    ("site", "path"), [("cgi.test", "/cgi-bin/look"), ("proc.test", "/"), ("servlet.test", "/index.jsp")]
)
def test_program_sees_nothing_of_others(sites: Host, site: str, path: str) -> None:
    assert_harmless(get(sites, site, path), sites, site)


def left_running(sites: Host) -> str:
    """Programs that the site's code started and that outlived it. Its timer may run it just now, so wait for that run."""
    ended = "until systemctl show -P ActiveState lampctl-wp-cron-wp.test.service | grep -qx 'inactive\\|failed'; do sleep 0.1; done"
    return sites.sh(f"timeout 60 sh -c {shlex.quote(ended)}; pgrep -xf 'sleep 987' || :")


def test_wordpress_cron_sees_nothing_of_others_and_leaves_nothing_running(sites: Host) -> None:
    sites.sh("systemctl start lampctl-wp-cron-wp.test.service")
    assert_harmless(sites.sh("cat /var/www/wp.test/wp-content/uploads/cron"), sites, "wp.test")
    assert left_running(sites) == ""


def test_wordpress_installer_runs_the_sites_code_without_root_privileges(
    sites: Host, folder: Path, server: str
) -> None:
    sites.sh(
        "mariadb -e 'DROP DATABASE wp_test; CREATE DATABASE wp_test'"
    )  # so that the next deploy runs the installer again
    code, output = deploy(sites, folder, server)
    assert "install WordPress on wp.test" in output
    assert_harmless(sites.sh("cat /var/www/wp.test/wp-content/uploads/install"), sites, "wp.test")
    assert left_running(sites) == ""
    # The drop-in could not keep the lock.
    code, output = deploy(sites, folder, server)
    assert code == 0, output


def test_another_sites_listener_is_never_mistaken_for_the_program(sites: Host, folder: Path, server: str) -> None:
    """A loop binds victim.test's port as soon as it is free. If the kernel supports SocketBindDeny it never succeeds;
    otherwise the deploy fails, and names the process that holds the port."""
    loop = (
        "use IO::Socket::INET; for (;;) { my $l = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 8010, "
        "Listen => 9, ReuseAddr => 1) or next; while (my $c = $l->accept) { print $c qq(HTTP/1.0 200 OK\\r\\n\\r\\nstolen); close $c } }"
    )
    sites.sh(
        f'systemd-run --quiet --unit=thief -p User=site-cgi-test -p Slice=lampctl-cgi.test.slice perl -e "{loop.replace("$", chr(92) + "$")}"'
    )
    (folder / "victim/server.pl").write_text((folder / "victim/server.pl").read_text() + "# again\n")
    code, output = deploy(sites, folder, server)
    sites.sh("systemctl stop thief")
    assert code == 1, output
    assert "127.0.0.1:8010 is held by site-cgi-test (perl, pid " in output
    code, output = deploy(sites, folder, server)
    assert code == 0, output
    assert get(sites, "victim.test", "/") == "victim"


UNITS = ("lampctl-cgi-cgi.test", "lampctl-proc.test@8000", "lampctl-servlet-servlet.test", "lampctl-wp-cron-wp.test",
         "lampctl-wp_install-wp.test", "lampctl-wp_look-wp.test@1")  # fmt: skip


def test_units_are_sandboxed(sites: Host) -> None:
    for unit in UNITS:
        exposure = sites.sh(f"systemd-analyze security --no-pager {unit}.service | tail -n 1")
        assert float(exposure.split(":")[1].split()[0]) <= 2, (unit, exposure)
