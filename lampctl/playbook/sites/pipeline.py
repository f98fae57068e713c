"""What becomes of a source on the host: what outlives releases, what is built, and what runs around the switch."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import Field

from lampctl.playbook.fields import Options
from lampctl.playbook.sites.source import Folder
from lampctl.playbook.text import Text

SharedPath = Annotated[
    str,
    Text(
        "shared path",
        "is not a path below the release, such as storage or public/uploads/: letters, digits and . _ - @ +",
        "public/uploads/",
        r"(?!.*(^|/)\.\.?(/|$))[A-Za-z0-9.@_+][A-Za-z0-9.@_+-]*(/[A-Za-z0-9.@_+][A-Za-z0-9.@_+-]*)*/?",
    ),
]
LogFile = Annotated[
    str,
    Text(
        "log file",
        "is not a file below the release, such as storage/logs/laravel.log: letters, digits and . _ - @ +",
        "storage/logs/laravel.log",
        r"(?!.*(^|/)\.\.?(/|$))[A-Za-z0-9.@_+][A-Za-z0-9.@_+-]*(/[A-Za-z0-9.@_+][A-Za-z0-9.@_+-]*)*",
    ),
]
Line = Annotated[
    str,
    Text(
        "command line",
        "is not a command line for the shell: one line, without control characters",
        "composer install --no-dev",
        r"[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?",
    ),
]


class HookCommand(Options):
    """A command around the switch, and on which hosts it runs."""

    command: Line = Field(description="The command line, for `sh`.")
    each: bool = Field(False, description="It runs on every host of the site, not only on the first.")


class HookOptions(Options):
    """Commands around the switch to a new release, run in it as the site's user.

    With several hosts they run on one of them, the first that a run reaches, unless they say `each: true`.
    """

    before_switch: list[Line | HookCommand] = Field(
        [], description="When the new release is complete, and before it is served, such as migrations."
    )
    after_switch: list[Line | HookCommand] = Field(
        [], description="When the new release is served and proved to work, on all hosts that the run reaches."
    )

    @property
    def before(self) -> tuple[HookCommand, ...]:
        """`before_switch`, each as a mapping."""
        return tuple(map(_whole, self.before_switch))

    @property
    def after(self) -> tuple[HookCommand, ...]:
        """`after_switch`, each as a mapping."""
        return tuple(map(_whole, self.after_switch))


def _whole(hook: Line | HookCommand) -> HookCommand:
    return HookCommand(command=hook) if isinstance(hook, str) else hook


class Pipeline(Options):
    """The fields of a site's source that the host follows."""

    shared: list[SharedPath] = Field(
        [],
        description="Paths that outlive releases: a release has links to /var/www/NAME/shared, where the site's user "
        "writes. The first release's content is copied there. A slash at the end always means a folder.",
    )
    writable: list[Folder] = Field([], description="Folders of a release in which the site's user can write.")
    build: list[Line] = Field(
        [],
        description="Commands that make a release of the source, on the host, as the site's user in its sandbox. Their "
        "result belongs to root.",
    )
    logs: list[LogFile] = Field(
        [],
        max_length=20,
        description="Log files of the application itself, in the release or a shared path of it: `lampctl logs` shows "
        "them, and what they say of the request is evidence if the site's page fails.",
    )
    hooks: HookOptions = Field(HookOptions(), description="Commands around the switch to a new release.")

    def steps(self) -> str:
        """What a release is made of besides its files, as text; empty: nothing."""
        made = {"shared": self.shared, "writable": self.writable, "build": self.build}
        if not any(made.values()):
            return ""
        entries = getattr(self, "variables", {}) if self.build else {}
        given = {name: entry.value for name, entry in entries.items() if entry.build}
        return json.dumps({**made, "environment": given}, sort_keys=True)

    def check_paths(self, public: str) -> None:
        """ValueError if two of the paths are in each other. `public`: the document root, empty: the release itself."""
        paths = [path.rstrip("/") for path in (*self.shared, *self.writable)]
        for number, path in enumerate(paths):
            for other in paths[number + 1 :]:
                if f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/"):
                    raise ValueError(f"`shared` and `writable`: {path} and {other}: one is in the other")
        for path in paths[: len(self.shared)]:
            if public and f"{public}/".startswith(f"{path}/"):
                raise ValueError(f"`shared`: {path} has the document root {public} in it, which a release brings")
