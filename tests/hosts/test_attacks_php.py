"""A hostile site's PHP that keeps running affects nothing beyond its own service.

a.test is the attacker; it evaluates expressions as in test_isolation.
"""

from __future__ import annotations

import pytest

from tests.hosts.conftest import Host
from tests.hosts.neighbours import ASK, BOOK, PAGE, Sites, get
from tests.hosts.visitor import visiting

pytestmark = pytest.mark.hosts
UNIT = "lampctl-php$(ls /etc/php)-a.test.service"
CGROUP = f"/sys/fs/cgroup$(systemctl show --value -p ControlGroup {UNIT})"
# Starts programs that ignore signals, and answers immediately: the request is over, and they still run.
OUTLIVE = (
    'shell_exec(\'for n in $(seq %d); do setsid sh -c "trap \\"\\" TERM HUP INT QUIT; exec sleep 1009" >/dev/null 2>&1'
    " </dev/null & done')"
)


@pytest.fixture(scope="module")
def sites(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Sites:
    book = tmp_path_factory.mktemp("attacks") / "site.yml"
    book.write_text(BOOK)
    ran = host.lampctl("deploy", "HOST", "-p", str(book))
    assert ran.code == 0, ran
    for name, text in (("a.test/ask.php", ASK), ("b.test/page.php", f"<?php echo '{PAGE}';")):
        host.sh(
            f"cat > /var/www/{name} <<'EOF'\n{text}\nEOF\nchown --reference=/var/www/{name.split('/')[0]}/index.php /var/www/{name}"
        )
    return Sites(host, str(book))


def outlived(sites: Sites, least: int = 0) -> list[str]:
    """The cgroups of programs that a.test left running; the shell that starts them does not wait for their `exec`."""
    return sites.host.sh(
        f"timeout 20 sh -c \"until [ \\$(pgrep -cfx 'sleep 1009') -ge {least} ]; do sleep 0.1; done\"\n"
        "for p in $(pgrep -fx 'sleep 1009'); do sed -n 's/^0:://p' /proc/$p/cgroup 2>/dev/null; done",
        check=False,
    ).split()


def test_process_that_outlives_its_request_stays_in_the_sites_cgroup_and_ends_with_its_service(sites: Sites) -> None:
    sites.php(OUTLIVE % 150)
    found = outlived(sites, least=150)
    assert len(found) == 150
    assert set(found) == {sites.host.sh(f"systemctl show --value -p ControlGroup {UNIT}").strip()}
    with visiting(sites.host.box.address, _page, "b.test", visitors=2, least=200) as visits:
        pass
    assert visits.failures == []
    with visiting(sites.host.box.address, _page, "b.test", visitors=2, least=200) as visits:
        sites.host.sh(f"systemctl restart {UNIT}")
    assert visits.failures == []
    assert outlived(sites) == []


def _page(answer: str) -> bool:
    return answer.startswith("HTTP/1.1 200") and "database b_test on" in answer


def test_each_site_has_its_own_limits(sites: Sites) -> None:
    """The boxes have no pids and memory controllers, so only the properties in systemd can be checked."""
    show = "systemctl show -p TasksMax -p MemoryMax -p MemoryHigh -p CPUWeight -p IOWeight lampctl-{}.test.slice"
    for site in "ab":
        properties = dict(line.split("=") for line in sites.host.sh(show.format(site)).splitlines())
        assert len(properties) == 5
        assert not {"infinity", "[not set]"} & set(properties.values()), properties
    slices = sites.host.sh("systemctl show --value -p Slice 'lampctl-php*-?.test.service'").split()
    assert sorted(slices) == ["lampctl-a.test.slice", "lampctl-b.test.slice"]


def test_tasks_beyond_the_limit_of_the_slice_are_refused(sites: Sites) -> None:
    if sites.host.sh(f"[ -e {CGROUP}/pids.max ] && echo there", check=False) == "":
        pytest.skip("no pids controller in this kernel's cgroups")
    most = int(sites.host.sh("systemctl show --value -p TasksMax lampctl-a.test.slice"))
    sites.php(OUTLIVE % (most + 500))
    assert len(outlived(sites)) <= most
    assert get(sites.host, "b.test", "/page.php") == (200, PAGE)
    sites.host.sh(f"systemctl restart {UNIT}")


def test_busy_site_does_not_block_the_others(sites: Sites) -> None:
    """All PHP processes of a.test sleep: its own visitors wait, those of b.test do not."""
    children = int(sites.host.sh("sed -n 's/^pm.max_children = //p' /etc/lampctl/php/*/a.test.conf"))
    sites.php("file_put_contents('/var/www/a.test/sleep.php', '<?php sleep(3);')")
    request = r"GET /sleep.php HTTP/1.0\r\nHost: a.test\r\n\r\n"
    sites.host.sh(
        f"for n in $(seq {children + 3}); do bash -c 'exec 3<>/dev/tcp/127.0.0.1/80; printf \"{request}\" >&3; cat <&3'"
        " >/dev/null 2>&1 & done"
    )
    with visiting(sites.host.box.address, _page, "b.test", visitors=2, least=200) as visits:
        pass
    assert visits.failures == []


def test_no_secret_of_another_site_can_be_read(sites: Sites) -> None:
    """Neither in credentials nor in descriptors nor through systemd."""
    version = sites.php("PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION")
    for folder in (
        "/run/credentials",
        f"/run/credentials/lampctl-php{version}-b.test.service",
        "/run/credentials/@system",
    ):
        seen = set(sites.php(f"scandir('{folder}')") or []) - {".", ".."}
        assert [name for name in seen if "a.test" not in name] == [], folder
    assert sites.php(f"@file_get_contents('/run/credentials/lampctl-php{version}-b.test.service/b.test.conf')") is False
    assert sites.host.sh("ls /run/credentials | grep -c b.test").strip() == "1"
    targets = sites.php("array_map('readlink', glob('/proc/[0-9]*/fd/*'))")
    assert [path for path in targets if path and "b.test" in path] == []
    assert sites.php("scandir('/var/www')") == [".", "..", "a.test"]


def test_site_cannot_create_a_socket_in_place_of_another(sites: Sites) -> None:
    """Sockets are created by systemd, in a directory of root."""
    for path in sites.host.sh("ls /run/lampctl/*.sock").split():
        assert sites.php(f"[@unlink('{path}'), @rename('{path}', '{path}.x'), @chmod('{path}', 0666)]") == [False] * 3
    assert sites.php("@stream_socket_server('unix:///run/lampctl/php-9.9-b.test.sock') === false") is True
