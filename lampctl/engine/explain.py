"""`lampctl explain WORD`: the manual page of a check, a layer or an option, from the objects that do the work."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from lampctl.checks import Check, Status, Where
from lampctl.engine.catalogue import Row, catalogue
from lampctl.errors import UsageError
from lampctl.layers import Layer, layers
from lampctl.layers.model import playbook_model
from lampctl.layers.sites import site_types
from lampctl.playbook import reference
from lampctl.playbook.examples import example
from lampctl.playbook.kinds import literal, refined, texts, words

_WHERE = {
    Where.HOST: "on the host",
    Where.TUNNEL: "through an SSH tunnel to the host, with the site's own login",
    Where.OUTSIDE: "from outside: from the machine that lampctl runs on",
}

Item = tuple[str, str]  # (label, text)


@dataclass(frozen=True)
class Page:
    """One manual page. `kind`: check, layer or option; `items`: (label, text), a label may come several times."""

    kind: str
    name: str
    title: str
    items: tuple[Item, ...]


class Manual:
    """All the pages."""

    def page(self, word: str) -> Page:
        """The page of a word. UsageError with similar words if there is none."""
        check, _, site = word.partition("@")
        second = f"{check.rstrip('0123456789')}2"  # of several pages, all but the first are explained as the second
        if found := next((name for name in (check, second) if name in self.checks), ""):
            return self._check(found, site)
        if word in self.layers:
            return self._layer(word)
        path = self._path(word)
        if path in self.options:
            return self._option(path)
        known = [*self.checks, *self.layers, *self.options]
        close = get_close_matches(check, known, 3) or [name for name in known if check and name.endswith(f".{check}")]
        hint = f"did you mean {' or '.join(close[:3])}?" if close else "a check, a layer or an option of a playbook"
        raise UsageError(f"explain {word}: not found", hint)

    @cached_property
    def checks(self) -> dict[str, list[Row]]:
        """Check, without its site → its rows in the catalogue."""
        found: dict[str, list[Row]] = {}
        for row in catalogue():
            found.setdefault(row.check.id.partition("@")[0], []).append(row)
        return found

    @cached_property
    def layers(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in layers()}

    @cached_property
    def options(self) -> dict[str, list[reference.Field]]:
        """Dotted path → the field in each kind of site that has it."""
        found: dict[str, list[reference.Field]] = {}
        for field in reference.fields(playbook_model()):
            found.setdefault(field.path, []).append(field)
        return found

    def words(self) -> dict[str, dict[str, str]]:
        """Kind → word → a line on it, to complete: what has a page, checks that a site may follow, types of sites."""
        checks = {name: rows[0].check for name, rows in self.checks.items()}
        return {
            "check": {name: check.title for name, check in checks.items()},
            "check of a site": {name: check.title for name, check in checks.items() if check.id.endswith("@SITE")},
            "layer": {name: self._layer(name).title for name in self.layers},
            "option": {path: found[0].info.description or "" for path, found in self.options.items()},
            "type": {name: inspect.getdoc(kind.options) or "" for name, kind in site_types().items()},
        }

    def _path(self, word: str) -> str:
        """`sites.*.tls`, `sites.shop.example.com.tls` → `sites.NAME.tls`: what is known decides where a name ends."""
        path = word.replace("*", "NAME")
        head, _, rest = path.partition(".")
        if path in self.options or not rest:
            return path
        parts = rest.split(".")
        tails = (".".join([head, "NAME", *parts[length:]]) for length in range(1, len(parts)))
        return next((tail for tail in tails if tail in self.options), path)

    def _check(self, name: str, site: str) -> Page:
        rows = self.checks[name]
        check = rows[0].check
        needs = list(dict.fromkeys(need for row in rows for need in row.check.needs))
        items = [
            *(("asks", text) for text in _of_each(rows, lambda check: check.expected)),
            *(("runs", text) for text in _of_each(rows, lambda check: _WHERE[check.where])),
            ("needs", ", ".join(needs) or "nothing"),
            ("if it fails", _meaning(rows, needs, self._blocked_by(check.id))),
            *(("it can say", text) for text in map(_verdict, rows) if text),
            ("what to do", "lampctl check HOST names the culprit, with its evidence and a hint"),
        ]
        shown = dict.fromkeys((label, text.replace("SITE", site or "SITE")) for label, text in items)
        return Page("check", f"{name}@{site}" if site else check.id, check.title, tuple(shown))

    def _blocked_by(self, id: str) -> list[str]:
        return [name for name, rows in self.checks.items() if any(id in row.check.needs for row in rows)]

    def _layer(self, name: str) -> Page:
        layer = self.layers[name]
        path = layer.path or name
        models = [section.model for section in reference.sections(playbook_model()) if section.path == path]
        title = layer.title or (inspect.getdoc(models[0]) if models else "") or name
        options = [option for option in self.options if option.rpartition(".")[0] == path]
        checks = [(check, rows[0].check) for check, rows in self.checks.items()]
        shown = [("checks", f"{known}: {check.title}") for known, check in checks if check.layer == name]
        return Page("layer", name, title.splitlines()[0], (("options", ", ".join(options)), *shown))

    def _option(self, path: str) -> Page:
        found = self.options[path]
        title = found[0].info.description or ""
        kinds: dict[tuple[Item, ...], list[str]] = {}  # description of the option → the site types that have it
        for field in found:
            kinds.setdefault(_described(field, title), []).append(field.section.title.partition(" of type: ")[2])
        items: list[Item] = []
        for described, types in kinds.items():
            items += [*described, *([("for sites", ", ".join(types))] if all(types) else [])]
        shown = example(path, found[0].info)
        items += [("in a playbook", shown.yaml), ("or", f"--set '{shown.setting}'")]
        below = [option for option in self.options if option.startswith(f"{path}.")]
        items += [("options in it", ", ".join(below))] if below else []
        return Page("option", path, title, tuple(items))


def _described(field: reference.Field, title: str) -> tuple[Item, ...]:
    info = field.info
    what = info.description or ""
    default = "none: it is required" if info.is_required() else literal(info.get_default(call_default_factory=True))
    rules = dict.fromkeys(text.rule for text in texts(info.annotation, info.metadata))
    return (
        *([("what", what)] if what != title else []),
        ("holds", refined(words(info.annotation, lambda _: "a mapping"), info.metadata)),
        ("default", default),
        *(("refused", f"what {text}") for text in rules),
    )


def _of_each(rows: list[Row], what: Callable[[Check], str]) -> list[str]:
    """The rows' texts, each once; if they differ, with the playbooks that have it."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(what(row.check), []).extend(row.playbooks)
    return [text if len(found) == 1 else f"{text} (playbooks: {', '.join(books)})" for text, books in found.items()]


def _meaning(rows: list[Row], needs: list[str], blocked: list[str]) -> str:
    passed = ", ".join(needs)
    first = f"this hop itself is broken, because what it needs passed ({passed})" if needs else "nothing can work"
    then = f"; blocked by it: {', '.join(blocked)}" if blocked else ""
    undo = {
        (True,): "a deploy that breaks it is rolled back",
        (False,): "no file of lampctl fixes it",
        (False, True): "a deploy that breaks it is rolled back, if the previous files can fix it",
    }
    return f"{first}{then}; {undo[tuple(sorted({row.check.undoable for row in rows}))]}"


def _verdict(row: Row) -> str:
    """The verdict and hint of the check's own judge about a host on which nothing works."""
    try:
        verdict = row.whole.judge(row.dead)
    except Exception:  # it reads output that a real probe always has
        return ""
    if verdict.status is not Status.FAIL:
        return ""
    site = row.whole.id.partition("@")[2]
    text = f"{verdict.actual} → {verdict.hint}" if verdict.hint else verdict.actual
    return text.replace(site, row.check.id.partition("@")[2]) if site else text
