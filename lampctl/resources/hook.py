"""Hooks: commands of a site around the switch to another release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from lampctl.answers import rows
from lampctl.resources.base import Action, Change, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.release import LONGEST
from lampctl.resources.shell import quote, script

BEFORE, AFTER = "before_switch", "after_switch"
RECORDS = "/var/lib/lampctl/hooks"  # which release the hook after the switch has run for, here or elsewhere


@dataclass(frozen=True)
class _Hook:
    """Shell commands that run as the site's user in its release `digest`.

    `php`: as in a release's Making. `elsewhere`: the host that runs those which are for one host, if it is another.
    """

    site: str
    layer: str
    digest: str
    commands: tuple[str, ...]
    user: str
    php: str = ""
    elsewhere: str = ""


@dataclass(frozen=True)
class HookBefore(_Hook):
    """Before that release is served, each time that it comes to be."""

    @property
    def key(self) -> str:
        return f"hook-before:{self.site}"


@dataclass(frozen=True)
class HookAfter(_Hook):
    """When that release is served and proved, once."""

    @property
    def key(self) -> str:
        return f"hook-after:{self.site}"


@dataclass(frozen=True)
class HookElsewhere:
    """All commands after the switch to that release run on another host: this one never runs them, also on its own."""

    site: str
    layer: str
    digest: str
    elsewhere: str
    early: ClassVar[bool] = True  # before the switch

    @property
    def key(self) -> str:
        return f"hook-after:{self.site}"


def _ask_nothing(hooks: Sequence[HookBefore]) -> str:  # noqa: ARG001
    return ":"


def _know_nothing(raw: str) -> dict[str, str]:  # noqa: ARG001
    return {}


def _compare_before(hook: HookBefore, state: str | None, view: HostView) -> Change | None:  # noqa: ARG001
    return _change(hook) if f"/var/www/{hook.site}/current" in view.changing else None


def _probe_after(hooks: Sequence[HookAfter | HookElsewhere]) -> str:
    tests = (f"printf '%s\\t%s\\n' {quote(h.site)} \"$(cat {RECORDS}/{quote(h.site)} 2>/dev/null)\"" for h in hooks)
    return "\n".join([*tests, ":"])


def _parse_after(raw: str) -> dict[str, str]:
    return {f"hook-after:{site}": record.partition(" ")[0] for site, record in rows(raw, 2)}


def _compare_after(hook: HookAfter | HookElsewhere, state: str | None, view: HostView) -> Change | None:  # noqa: ARG001
    return _change(hook) if state != hook.digest else None


def _change(hook: HookBefore | HookAfter | HookElsewhere) -> Change:
    if isinstance(hook, HookElsewhere):
        return Change(hook.key, hook.layer, Action.UPDATE, f"{AFTER} runs on {hook.elsewhere}\n")
    also = f"the others run on {hook.elsewhere}\n" if hook.elsewhere else ""
    return Change(hook.key, hook.layer, Action.RUN, "".join(f"{command}\n" for command in hook.commands) + also)


def _steps(changed: Sequence[Changed[HookBefore | HookAfter | HookElsewhere]], view: HostView) -> list[Step]:  # noqa: ARG001
    return [_step(hook) for hook, _ in changed]


def _step(hook: HookBefore | HookAfter | HookElsewhere) -> Step:
    if isinstance(hook, HookElsewhere):
        record = script("release/ran", "release/elsewhere", site=hook.site, digest=hook.digest)
        return Step(f"leave {AFTER} of {hook.site} to {hook.elsewhere}", hook.layer, record)
    return Step(f"{_when(hook)} of {hook.site}", hook.layer, _run(hook))


def _when(hook: HookBefore | HookAfter) -> str:
    return BEFORE if isinstance(hook, HookBefore) else AFTER


def _run(hook: HookBefore | HookAfter) -> str:
    return script(
        "site/task",
        "release/ran",
        "release/hook",
        site=hook.site,
        account=hook.user,
        digest=hook.digest,
        commands=hook.commands,
        when=_when(hook),
        php=hook.php,
        without="",
        elsewhere=hook.elsewhere,
        limit=LONGEST,
    )


HOOKS_BEFORE = Kind(
    "hooks-before", ("hook-before",), (HookBefore,), Phase.SWITCH, _ask_nothing, _know_nothing, _compare_before, _steps
)
HOOKS_AFTER: Kind[HookAfter | HookElsewhere, str] = Kind(
    "hooks-after",
    ("hook-after",),
    (HookAfter, HookElsewhere),
    Phase.PROVED,
    _probe_after,
    _parse_after,
    _compare_after,
    _steps,
)
