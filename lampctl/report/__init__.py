"""Reporters: interchangeable ways to show a run. None of them decides anything.

`text` is written while the run goes on. Each other format is a module here with one pure function, `render`, from a
Report to a text: a new format is one such file, and its name in FORMATS.
"""

from __future__ import annotations

from lampctl.report.composite import Composite
from lampctl.report.document import Document, Report, renderer

FORMATS = ("text", "json", "junit", "tap", "github", "prometheus", "nagios", "html")

__all__ = ["FORMATS", "Composite", "Document", "Report", "renderer"]
