"""What needs no host: rendering a playbook's files, and finding errors in templates before a host is contacted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lampctl.engine.library import Files
from lampctl.errors import UsageError, guess
from lampctl.facts import nominal
from lampctl.layers import Context, desired
from lampctl.platforms import PLATFORMS
from lampctl.playbook import Loaded, load
from lampctl.playbook.fleet import database_hosts, of_sites


def rendered(
    playbook: str, settings: Sequence[str], platform: str, files: Files, environment: str = ""
) -> dict[str, str]:
    """Path on the host → content, for one platform."""
    if platform not in PLATFORMS:
        raise UsageError(
            f"--platform {platform}: is not in the table", f"{guess(platform, PLATFORMS)}Known: {', '.join(PLATFORMS)}"
        )
    return _render(load(playbook, settings, files, environment), platform, files)


def _render(loaded: Loaded, platform: str, files: Files) -> dict[str, str]:
    from lampctl.rendering import Renderer

    loaded = of_sites(loaded, {host: host for host in database_hosts(loaded)})
    renderer = Renderer(files.template, loaded.name)
    wanted = desired(Context.from_loaded(loaded, PLATFORMS[platform], nominal(platform, loaded.playbook.sites)))
    return {file.path: renderer.text(file) for file in wanted.files}


def validate_templates(loaded: Loaded, files: Files) -> None:
    """A project's own templates are tried before a host is contacted; the built-in ones have their tests."""
    if files.overrides():
        for platform in PLATFORMS:
            _render(loaded, platform, files)


def write(contents: Mapping[str, str], out: Path) -> list[Path]:
    """Writes each file below `out` at its path on the host."""
    written = []
    for path, text in contents.items():
        target = out / path.lstrip("/")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"--out {out}: can't write {target}: {error.strerror}", "name a folder that is yours"
            ) from None
        written.append(target)
    return written
