"""The sandbox of a site's own code and the limits of its slice; no host."""

from __future__ import annotations

from pathlib import Path

import pytest

from lampctl.engine.library import Files
from lampctl.facts import MIB, Facts, nominal
from lampctl.layers import Context, desired, sizing
from lampctl.layers.tenant import tenant
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load, slice_of
from lampctl.resources import File


def context(folder: Path, site: str) -> Context:
    path = folder / "site.yml"
    path.write_text(f"web: {{server: nginx}}\nphp: {{}}\nsites:\n  a.test: {site}\n")
    return Context.from_loaded(load(str(path), (), Files(folder)), PLATFORMS["debian-13"], nominal("debian-13"))


def test_slice_names_are_distinct_and_have_one_parent() -> None:
    names = ["shop.example.test", "shop-example.test", "a-b.test", "a.b.test", "x" * 250 + ".a", "x" * 250 + ".b"]
    slices = [slice_of(name) for name in names]
    assert len(set(slices)) == len(names)
    for found in slices:
        assert found.count("-") == 1, "a further hyphen would make another site's slice its parent"
        assert len(found) <= 255


@pytest.mark.parametrize(
    ("root", "folders", "outer"),
    [
        ("", ("/var/www/a.test",), ""),
        ("/var/www/a.test/public", ("/var/www/a.test",), ""),
        ("/var/www/shared/a/current", ("/var/www/a.test", "/var/www/shared"), ""),
        ("/srv/a", ("/var/www/a.test",), "/srv/a"),
    ],
)
def test_code_of_a_site_sees_only_the_sites_folders(
    tmp_path: Path, root: str, folders: tuple[str, ...], outer: str
) -> None:
    found = tenant(context(tmp_path, f"{{root: {root}}}" if root else "{}"), "a.test")
    assert (found.folders, found.outer) == (folders, outer)


@pytest.mark.parametrize("memory", [256, 512, 1024, 2048, 65536])
def test_site_limit_leaves_memory_to_the_system(memory: int) -> None:
    limits = sizing.site_limits(Facts("debian-13", memory=memory * MIB))
    high, most = int(limits.memory_high.value[:-1]), int(limits.memory_max.value[:-1])
    assert memory // 2 <= most <= memory * 3 // 4
    assert 0 < high < most


def test_site_without_code_has_no_slice(tmp_path: Path) -> None:
    def has(site: str) -> bool:
        found = desired(context(tmp_path, site)).resources
        return any(isinstance(r, File) and r.path == f"/etc/systemd/system/{slice_of('a.test')}" for r in found)

    assert has("{}")
    assert not has("{type: static}")
