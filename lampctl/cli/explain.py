"""lampctl explain: the manual page of a check, a layer or an option."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from lampctl.cli import words
from lampctl.cli.options import Common, Format, grouped

if TYPE_CHECKING:
    from lampctl.engine.explain import Page

Word = Annotated[
    str,
    typer.Argument(
        metavar="CHECK|LAYER|OPTION",
        help="php.fastcgi, also php.fastcgi@SITE; web; php.memory_limit, sites.*.tls.",
        autocompletion=words.explained,
    ),
]


@grouped
def explain(common: Common, word: Word) -> None:
    """Explain what a check asks and what to do when it fails, or which values an option of a playbook takes."""
    from lampctl.engine.explain import Manual

    page = Manual().page(word)
    if common.format is Format.JSON:
        import json

        items = [{"label": label, "text": text} for label, text in page.items]
        shown = {"kind": page.kind, "name": page.name, "title": page.title, "items": items}
        print(json.dumps({"command": "explain", "ok": True, "page": shown}, indent=2))
    else:
        print(_text(page, min(shutil.get_terminal_size().columns, 100)))


def _text(page: Page, width: int) -> str:
    labels = max(len(label) for label, _ in page.items)
    lines = [f"{page.name}: {page.title}", ""]
    last = ""
    for label, text in page.items:
        first = f"  {label if label != last else '':<{labels}}  "
        last = label
        for paragraph in text.splitlines():
            # A paragraph that is indented itself is YAML, which stays as it is.
            wrapped = textwrap.wrap(paragraph, width - len(first), break_on_hyphens=False, break_long_words=False)
            lines += [f"{first}{line}" for line in ([paragraph] if paragraph.startswith(" ") else wrapped)[:1]]
            first = " " * len(first)
            lines += [f"{first}{line}" for line in ([] if paragraph.startswith(" ") else wrapped)[1:]]
    return "\n".join(lines)
