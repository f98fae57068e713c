"""Templates to text: Jinja2, strict about undefined variables, errors with file and line."""

from __future__ import annotations

from collections.abc import Callable
from posixpath import dirname
from traceback import extract_tb

from jinja2 import (
    Environment,
    FunctionLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)

from lampctl.errors import LampctlError, PlaybookError
from lampctl.playbook import in_bytes
from lampctl.quoting import FILTERS
from lampctl.resources import File
from lampctl.resources.file import MARK

# template path → (file name, text), or None if it does not exist
Source = Callable[[str], tuple[str, str] | None]


class Renderer:
    """Renders the files of one playbook. `source` finds templates; a project's own have priority."""

    def __init__(self, source: Source, playbook: str) -> None:
        self._source = source
        self._playbook = playbook
        self._environment = Environment(
            loader=FunctionLoader(self._load),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,  # noqa: S701 -- these are configuration files; HTML pages quote in PHP
        )
        self._environment.filters.update(FILTERS)
        self._environment.filters["dirname"] = dirname
        self._environment.filters["megabytes"] = lambda size: in_bytes(size) >> 20

    def text(self, file: File) -> str:
        """The content of `file`. Raises PlaybookError with the template's file and line."""
        header = Header(self._playbook, file.layer, file.template)
        try:
            return self._environment.get_template(file.template).render({**file.values, "managed": header})
        except LampctlError:
            raise
        except TemplateNotFound as error:
            message = f"{self._where(error, file)}: template {error.name} not found"
            raise PlaybookError(message, "check the name; it is a path below templates/") from None
        except TemplateSyntaxError as error:
            name = error.filename or error.name
            raise PlaybookError(f"{name}:{error.lineno}: {error.message}", "fix the template") from None
        except Exception as error:  # an expression in a template can raise anything
            allowed = ", ".join(sorted([*file.values, "managed"]))
            message = f"{self._where(error, file)}: {_said(error)}"
            raise PlaybookError(message, f"this template is given: {allowed}") from None

    def _load(self, path: str) -> tuple[str, str, Callable[[], bool]] | None:
        found = self._source(path)
        return (found[1], found[0], lambda: True) if found else None

    def _where(self, error: Exception, file: File) -> str:
        """The last frame of the traceback that is in a template: Jinja maps them to its lines."""
        names = {found[0] for path in (file.template,) if (found := self._source(path))}
        frames = [f for f in extract_tb(error.__traceback__) if f.filename in names or f.name.endswith("template code")]
        return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else file.template


def _said(error: Exception) -> str:
    """The error's message; for Python's own exceptions with the exception's name, without which many are unclear."""
    return str(error) if isinstance(error, TemplateError) else f"{type(error).__name__}: {error}".removesuffix(": ")


class Header:
    """`{{ managed() }}`: the comment at the top of a file that names its playbook, layer and template."""

    def __init__(self, playbook: str, layer: str, template: str) -> None:
        self._lines = (
            f"{MARK}: playbook {playbook}, layer {layer}, template {template}",
            "A change made here shows in `lampctl plan`, and the next deploy undoes it.",
        )

    def __call__(self, comment: str = "#") -> str:
        return "\n".join(f"{comment} {line}" for line in self._lines)
