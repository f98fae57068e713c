"""Sources of CGI programs, tarballs and commands; no host."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from lampctl.engine.archives import read_archive
from lampctl.engine.library import Files
from lampctl.errors import LampctlError, UsageError
from lampctl.facts import Facts, nominal
from lampctl.layers import Context, Desired, desired
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.playbook.sites import CgiSite
from lampctl.rendering import Renderer
from lampctl.resources import Command, Directory, File, Package, Secret, Service, command, select
from lampctl.resources.kind import HostView


def wanted(playbook: str, *settings: str, platform: str = "debian-13") -> tuple[Desired, dict[str, str]]:
    files = Files()
    loaded = load(playbook, settings, files)
    found = desired(Context.from_loaded(loaded, PLATFORMS[platform], Facts(platform)))
    render = Renderer(files.template, playbook).text
    return found, {file.path: render(file) for file in select(found.resources, File)}


@pytest.mark.parametrize(
    ("modes", "message"),
    [
        ({"index.html": 0o644, "cgi-bin/a.sh": 0o755}, None),
        ({"cgi-bin/a.sh": 0o755, "cgi-bin/b.sh": 0o644}, "site/cgi-bin/b.sh lacks the run bit"),
        ({"cgi-bin/a": 0o644, "cgi-bin/b/c": 0o644}, "site/cgi-bin/a lacks the run bit, and everything in cgi-bin/ is"
         " run as a program, and 1 more"),
        ({"index.html": 0o644}, "site has no programs in cgi-bin/"),
    ],
)  # fmt: skip
def test_cgi_programs_in_a_source_must_be_executable(modes: dict[str, int], message: str | None) -> None:
    found = CgiSite(type="cgi", source="site").unfit(modes)
    assert (found is None) if message is None else (found is not None and found[0].startswith(message))


def test_cgi_program_that_is_not_executable_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "site" / "cgi-bin").mkdir(parents=True)
    (tmp_path / "site" / "cgi-bin" / "hello.sh").write_text("#!/bin/sh\n")
    book = tmp_path / "book.yml"
    book.write_text("web: {}\nsites:\n  a.test:\n    type: cgi\n    source: site\n")
    with pytest.raises(LampctlError) as raised:
        load(str(book), (), Files())
    assert raised.value.message.startswith(f"{book}:5: sites → a.test → source: site/cgi-bin/hello.sh lacks")
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("server", ["apache", "nginx"])
def test_cgi_programs_run_in_the_sites_sandbox_behind_either_server_and_with_any_root(
    tmp_path: Path, server: str
) -> None:
    book = tmp_path / "book.yml"
    book.write_text("web: {}\nsites:\n  a.test: {type: cgi, root: /srv/a}\n")
    files = Files()
    found = desired(
        Context.from_loaded(
            load(str(book), (f"web.server={server}",), files), PLATFORMS["debian-13"], nominal("debian-13")
        )
    )
    texts = {f.path: Renderer(files.template, "book").text(f) for f in found.resources if isinstance(f, File)}
    unit = texts["/etc/systemd/system/lampctl-cgi-a.test.service"]
    for line in ("User=site-a-test", "Slice=lampctl-a.test.slice", "ReadWritePaths=-/srv/a", "SocketBindDeny=tcp"):
        assert f"{line}\n" in unit
    vhost = next(text for path, text in texts.items() if path.endswith("sites-available/a.test.conf"))
    assert "/run/lampctl-cgi-a.test.sock" in vhost
    owners = {r.path: r.owner for r in found.resources if isinstance(r, Directory)}
    assert owners["/srv/a/cgi-bin"] == "root:root"


def tarball(path: Path, *members: tuple[str, bytes, int]) -> str:
    """Write a tarball; returns its SHA-256."""
    with tarfile.open(path, "w:gz") as tar:
        for name, data, mode in members:
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(data), mode, 1
            tar.addfile(member, io.BytesIO(data))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_tarball_is_unpacked_without_its_top_folder(tmp_path: Path) -> None:
    path = tmp_path / "wordpress.tar.gz"
    checksum = tarball(path, ("wordpress/index.php", b"<?php", 0o664), ("./wordpress/run", b"#!", 0o775))
    assert read_archive(path, checksum).modes == {"index.php": 0o644, "run": 0o755}


@pytest.mark.parametrize("name", ["wordpress/../../etc/passwd", "a/../../b"])
def test_tarball_with_paths_outside_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "wordpress.tar.gz"
    checksum = tarball(path, (name, b"x", 0o644))
    with pytest.raises(UsageError, match="points outside it"):
        read_archive(path, checksum)


def test_invalid_tarball_or_wrong_checksum_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wordpress.tar.gz"
    path.write_bytes(b"no tarball")
    with pytest.raises(UsageError, match="is not a valid tarball"):
        read_archive(path, hashlib.sha256(b"no tarball").hexdigest())
    with pytest.raises(UsageError, match="its SHA-256 is"):
        read_archive(path, "0" * 64)


def test_command_runs_unless_its_result_exists() -> None:
    one = Command("make it", "site", "touch /x", "[ -e /x ]", "makes it")
    assert command.probe([one]) == "( [ -e /x ] ) >/dev/null 2>&1 && echo 'make it' &\nwait"
    change = command.compare(one, command.parse("").get(one.key), HostView())
    assert change is not None
    assert change.as_dict() == {"resource": "command:make it", "layer": "site", "action": "run", "diff": "makes it\n"}
    assert command.compare(one, command.parse("make it\n")[one.key], HostView()) is None


def test_only_wordpress_and_sshd_need_commands() -> None:
    """Commands are the last resort: each use needs a reason."""
    found = {
        c.name.rpartition(" ")[0] for name in Files().builtin() for c in select(wanted(name)[0].resources, Command)
    }
    assert found == {"install WordPress on", "activate the plugins and the theme of", "sshd reads its"}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_wordpress_installs_php_and_a_theme_but_no_second_apache(platform: str) -> None:
    found, contents = wanted("wordpress", platform=platform)
    packages = [package.name for package in select(found.resources, Package)]
    version = PLATFORMS[platform].php.version
    assert {"wordpress", "php", f"php{version}-gd", f"php{version}-mbstring"} <= set(packages)
    assert [name for name in packages if name.startswith("wordpress-theme-")]
    pool = contents[f"/etc/lampctl/php/{version}/wordpress.test.conf"]
    assert "env[WORDPRESS_CONFIG] = $WORDPRESS_CONFIG\n" in pool
    secrets = [secret for secret in select(found.resources, Secret) if secret.variable != "WP_PASSWORD"]
    composed = contents["/etc/lampctl/environment/wordpress.test"]
    assert all(f"secret {secret.variable} {secret.path};" in composed for secret in secrets)
    unit = contents[f"/etc/systemd/system/lampctl-php{version}-wordpress.test.service"]
    assert "\nEnvironmentFile=/run/lampctl-environment/wordpress.test\n" in unit
    assert "\nRequires=lampctl-environment-wordpress.test.service\n" in unit
    composing = contents["/etc/systemd/system/lampctl-environment-wordpress.test.service"]
    assert "\nExecStart=/bin/sh /etc/lampctl/environment/wordpress.test\n" in composing


def test_wordpress_finds_its_own_names_on_its_host_and_other_sites_do_not(tmp_path: Path) -> None:
    book = tmp_path / "book.yml"
    sites = "  a.test: {type: wordpress, aliases: [www.a.test]}\n  b.test: {type: php, database: true}\n"
    book.write_text(f"extends: lamp\nsites:\n{sites}")
    found, files = wanted(str(book))
    composed = files["/etc/lampctl/environment/a.test"]
    assert "127.0.0.1 %s\\n::1 %s' a.test a.test\n" in composed
    assert "127.0.0.1 %s\\n::1 %s' www.a.test www.a.test\n" in composed
    line = "BindReadOnlyPaths=-/run/lampctl-environment/a.test@hosts:/etc/hosts\n"
    units = [text for path, text in files.items() if path.endswith(".service") and "\nUser=site-a-test\n" in text]
    assert len(units) > 3
    assert all(line in unit for unit in units)
    assert not [path for path, text in files.items() if "b.test" in path and "@hosts" in text]
    restarted = [service.unit for service in select(found.resources, Service) if "/etc/hosts" in service.units]
    assert restarted == ["lampctl-php8.4-a.test.service"]


def test_commands_are_probed_with_each_php_version() -> None:
    looks = [Command("install", "site", ":", f"php{version} look", "") for version in ("8.2", "8.4", "8.4")]
    asked = command.probe(looks)
    assert asked.count("echo install") == 2
    assert all(f"( php{version} look )" in asked for version in ("8.2", "8.4"))
