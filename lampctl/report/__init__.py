"""Reporters: interchangeable ways to show a run. None of them decides anything.

`text` is written during the run. Each other format is a module here with one pure function, `render`, from a Report to
a string: to add a format, add such a module, and its name to FORMATS.
"""

from __future__ import annotations

from lampctl.report.composite import Composite
from lampctl.report.document import Document, Report, renderer

FORMATS = ("text", "json", "junit", "tap", "github", "prometheus", "nagios", "html")

__all__ = ["FORMATS", "Composite", "Document", "Report", "renderer"]
