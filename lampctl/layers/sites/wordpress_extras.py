"""Plugins and themes of WordPress that the playbook delivers: their links, what activates them, and their check.

Their files are in the site's release, which belongs to root. Which are active is in the site's configuration: so both
are handed over and rolled back as one generation.
"""

from __future__ import annotations

from functools import partial

from lampctl.answers import rows
from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.facts import Facts
from lampctl.layers.base import Context, Preflight, Problem
from lampctl.layers.held import served
from lampctl.layers.sites.common import check
from lampctl.playbook import code_of, home_of, user_of
from lampctl.playbook.sites import WordpressSite
from lampctl.playbook.sites.extras import FOLDER, Extra, PluginOptions, extras
from lampctl.resources import Command
from lampctl.resources.shell import quote, script

_RECORDS = "/var/lib/lampctl/wordpress"  # what has been activated on each site


def delivered(context: Context, name: str) -> tuple[Extra, ...]:
    source = context.sources.get(name)
    return extras(source) if source else ()


def folder(context: Context, name: str) -> str:
    """Where they are; empty if the playbook delivers none."""
    return _folder(name) if delivered(context, name) else ""


def _folder(name: str) -> str:
    return f"{home_of(name)}/current/{FOLDER}"


def settings(context: Context, name: str, options: WordpressSite) -> dict[str, object]:
    """Values of its configuration: main file of each plugin → whether it is active; the theme, and its parent."""
    found = delivered(context, name)
    plugins = {f"{one.name}/{one.main}": _is_active(options, one) for one in found if one.kind == "plugins"}
    parents = {one.name: one.parent for one in found if one.kind == "themes"}
    theme = options.theme or ""
    return {"plugins": plugins, "theme": theme, "parent": parents.get(theme) or theme}


def _is_active(options: WordpressSite, extra: Extra) -> bool:
    given = options.plugins.get(extra.name)
    return not isinstance(given, PluginOptions) or given.active


def commands(context: Context, name: str, options: WordpressSite, unit: str) -> tuple[Command, ...]:
    """What makes the links before the switch; and what activates and deactivates after it, by `unit`."""
    found, record = delivered(context, name), f"{_RECORDS}/{name}"
    given = {**_places(name, options), "account": user_of(name)}
    kept = {**given, "prune": "yes", "record": record}
    new = f"{home_of(name)}/releases/{served(context, name)}/{FOLDER}" if found else ""
    undo = script("wordpress/links", "wordpress/deactivated", release=_folder(name), **kept)
    wanted = _wanted(context, name, options)
    after = script("wordpress/links", "wordpress/activated", release=new, wanted=wanted, **kept)
    activate = Command(
        f"activate the plugins and the theme of {name}",
        "site",
        script("wordpress/install", unit=f"{unit}.service") + after,
        f'[ "$(cat {quote(record)} 2>/dev/null)" = {quote(wanted)} ]',
        f"{_said(options, found)}; what leaves is deactivated, its data stays in the database",
        undo,
    )
    make = script("wordpress/links", release=new, prune="", **given)
    return (_link(name, options, found, make, undo), activate) if found else (activate,)


def _link(name: str, options: WordpressSite, found: tuple[Extra, ...], make: str, undo: str) -> Command:
    paths = [one.path for one in found]
    return Command(
        f"link the plugins and themes of {name}",
        "site",
        make,
        script("wordpress/linked", extras=paths, **_places(name, options)),
        f"{', '.join(paths)}: links in wp-content to the release, which belongs to root",
        undo,
        early=True,
    )


def _places(name: str, options: WordpressSite) -> dict[str, str]:
    return {"folder": code_of(name, options)[0], "delivered": _folder(name)}


def _wanted(context: Context, name: str, options: WordpressSite) -> str:
    """What has been activated, as the host records it; empty if there is nothing."""
    values = settings(context, name, options)
    if not (found := delivered(context, name)) and not options.theme:
        return ""
    active = [one.name for one in found if one.kind == "plugins" and _is_active(options, one)]
    source = context.sources.get(name)  # not what a rollback holds: an observation does not know that yet
    return " ".join([source.digest if source else "-", str(values["theme"]) or "-", *active])


def _said(options: WordpressSite, found: tuple[Extra, ...]) -> str:
    active = [one.name for one in found if one.kind == "plugins" and _is_active(options, one)]
    theme = f", theme {options.theme}" if options.theme else ""
    return f"active plugins of the playbook: {', '.join(active) or 'none'}{theme}"


def preflights(context: Context, name: str, options: WordpressSite, core: str) -> tuple[Preflight, ...]:
    """What is in the way of a name; and whether the theme exists."""
    found = [one.path for one in delivered(context, name)]
    if not found and not options.theme:
        return ()
    look = script("wordpress/before", extras=found, core="" if options.tarball else core, **_places(name, options))
    return (Preflight(f"site.plugins@{name}", look, partial(_judge_before, context, name, options)),)


def _judge_before(
    context: Context,
    name: str,
    options: WordpressSite,
    answer: str,
    facts: Facts,  # noqa: ARG001
    changing: frozenset[str],  # noqa: ARG001
) -> list[Problem]:
    found, problems = list(rows(answer, 2)), []
    for kind, path in found:
        if kind == "core":
            problems.append(Problem("plugins", f"{name}: WordPress itself has {path}", "give yours another name"))
        elif kind == "other":
            hint = "it was left alone: delete it in wp-admin, or take it out of the playbook"
            problems.append(Problem("plugins", f"{name}: {path} exists, and lampctl did not make it", hint))
    themes = _themes(context, name) | {path for kind, path in found if kind == "theme"}
    wanted = {options.theme, str(settings(context, name, options)["parent"])} if options.theme else set()
    for theme in sorted(str(theme) for theme in wanted - themes):
        message = f"{name}: there is no theme {theme}, in the playbook or of WordPress's own"
        problems.append(Problem("plugins", message, f"there are: {', '.join(sorted(themes))}"))
    return problems


def _themes(context: Context, name: str) -> set[str]:
    """Those of the playbook, and those that a package or a tarball of the playbook brings."""
    source = context.sources.get(name)
    packaged = {p.removeprefix("wordpress-theme-") for p in context.platform.wordpress.packages if "-theme-" in p}
    inside = {path.split("/")[2] for path in (source.modes if source else ()) if path.startswith("wp-content/themes/")}
    return {one.name for one in delivered(context, name) if one.kind == "themes"} | (inside or packaged)


def chain(context: Context, name: str, options: WordpressSite) -> tuple[Check, ...]:
    """Each plugin and theme of the playbook is active, with the files that were delivered."""
    found = delivered(context, name)
    if not found:
        return ()
    record = f"{_RECORDS}/{name}"
    look = script("wordpress/extras", extras=[one.path for one in found], record=record, **_places(name, options))
    probe = HostProbe(look)
    judge = partial(_judge, context, name, options)
    return (check(name, "plugins", Where.HOST, "the playbook's plugins and themes are active, as delivered",
                  f"{len(found)} with their links and files", judge, (f"site.database@{name}",), probe),)  # fmt: skip


def _judge(context: Context, name: str, options: WordpressSite, seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    answers = {path: (target, digest) for path, target, digest in rows(seen.raw, 3)}
    found, (record, release) = delivered(context, name), answers.get("record", ("", ""))
    own = release == f"releases/{context.sources[name].digest}"  # else a rollback or an undo went to another one
    wrong = [text for one in found if (text := _differs(name, one, answers.get(one.path, ("", "")), own=own))]
    if wrong:
        hint = f"lampctl deploy links it; for other files: rm -r {home_of(name)}/releases/{served(context, name)} first"
        return failed("; ".join(wrong[:5]), hint=hint)
    if own and record != _wanted(context, name, options):
        return failed("they have not been activated as the playbook says", hint="lampctl deploy does it")
    return passed(", ".join(f"{one.name}{'' if _in_use(options, one) else ' (not active)'}" for one in found))


def _in_use(options: WordpressSite, one: Extra) -> bool:
    return _is_active(options, one) if one.kind == "plugins" else options.theme == one.name


def _differs(name: str, one: Extra, seen: tuple[str, str], *, own: bool) -> str:
    target, digest = seen
    kind = one.kind.removesuffix("s")
    if target != f"{_folder(name)}/{one.path}":
        return f"{kind} {one.name}: wp-content/{one.path} is not the playbook's"
    if digest != one.digest and own:
        return f"{kind} {one.name}: its files are not those that were delivered"
    return ""
