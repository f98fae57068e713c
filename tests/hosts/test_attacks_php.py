"""What a hostile site's PHP can do to its host and its neighbours by running on: nothing beyond its own service.

a.test is the attacker; what it runs is asked of it as in test_isolation.
"""

from __future__ import annotations

import pytest

from tests.hosts.conftest import Host
from tests.hosts.neighbours import ASK, BOOK, PAGE, Sites, get
from tests.hosts.visitor import visiting

pytestmark = pytest.mark.hosts
UNIT = "lampctl-php$(ls /etc/php)-a.test.service"
CGROUP = f"/sys/fs/cgroup$(systemctl show --value -p ControlGroup {UNIT})"
# Starts programs that ignore what ends others, and answers at once: the request is over, and they are still there.
OUTLIVE = (
    'shell_exec(\'for n in $(seq %d); do setsid sh -c "trap \\"\\" TERM HUP INT QUIT; exec sleep 1009" >/dev/null 2>&1'
    " </dev/null & done')"
)


@pytest.fixture(scope="module")
def sites(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Sites:
    book = tmp_path_factory.mktemp("attacks") / "site.yml"
    book.write_text(BOOK)
    ran = host.lampctl("deploy", "HOST", "-p", str(book))
    assert ran.code == 0, ran.out
    for name, text in (("a.test/ask.php", ASK), ("b.test/page.php", f"<?php echo '{PAGE}';")):
        host.sh(
            f"cat > /var/www/{name} <<'EOF'\n{text}\nEOF\nchown --reference=/var/www/{name.split('/')[0]}/index.php /var/www/{name}"
        )
    return Sites(host, str(book))


def outlived(sites: Sites) -> list[str]:
    """The cgroups of programs that a.test left behind."""
    return sites.host.sh(
        "for p in $(pgrep -fx 'sleep 1009'); do sed -n 's/^0:://p' /proc/$p/cgroup 2>/dev/null; done", check=False
    ).split()


def test_what_outlives_its_request_stays_in_the_sites_cgroup_and_ends_with_its_service(sites: Sites) -> None:
    sites.php(OUTLIVE % 150)
    found = outlived(sites)
    assert len(found) >= 150
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


def test_each_site_has_limits_that_hold_for_it_alone(sites: Sites) -> None:
    """The kernel of these hosts has neither pids nor memory in its cgroups: that systemd was told is all there is to see."""
    show = "systemctl show -p TasksMax -p MemoryMax -p MemoryHigh -p CPUWeight -p IOWeight lampctl-{}.test.slice"
    for site in "ab":
        said = dict(line.split("=") for line in sites.host.sh(show.format(site)).splitlines())
        assert len(said) == 5
        assert not {"infinity", "[not set]"} & set(said.values()), said
    slices = sites.host.sh("systemctl show --value -p Slice 'lampctl-php*-?.test.service'").split()
    assert sorted(slices) == ["lampctl-a.test.slice", "lampctl-b.test.slice"]


def test_more_tasks_than_its_slice_may_have_are_refused(sites: Sites) -> None:
    if sites.host.sh(f"[ -e {CGROUP}/pids.max ] && echo there", check=False) == "":
        pytest.skip("no pids controller in this kernel's cgroups")
    most = int(sites.host.sh("systemctl show --value -p TasksMax lampctl-a.test.slice"))
    sites.php(OUTLIVE % (most + 500))
    assert len(outlived(sites)) <= most
    assert get(sites.host, "b.test", "/page.php") == (200, PAGE)
    sites.host.sh(f"systemctl restart {UNIT}")


def test_a_busy_site_keeps_no_other_from_answering(sites: Sites) -> None:
    """All of its processes sleep: its own visitors wait, b.test's do not."""
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


def test_no_secret_of_another_is_within_reach(sites: Sites) -> None:
    """Neither by credentials, nor by descriptors, nor by what systemd tells."""
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
    leads = sites.php("array_map('readlink', glob('/proc/[0-9]*/fd/*'))")
    assert [path for path in leads if path and "b.test" in path] == []
    assert sites.php("scandir('/var/www')") == [".", "..", "a.test"]


def test_the_service_can_make_no_socket_in_anothers_place(sites: Sites) -> None:
    """Sockets lie in a directory of root's, and are systemd's."""
    for path in sites.host.sh("ls /run/lampctl/*.sock").split():
        assert sites.php(f"[@unlink('{path}'), @rename('{path}', '{path}.x'), @chmod('{path}', 0666)]") == [False] * 3
    assert sites.php("@stream_socket_server('unix:///run/lampctl/php-9.9-b.test.sock') === false") is True
