"""Sphinx's configuration: `make docs`. The pages are the Markdown files that are read on GitHub, where they lie."""

project = "lampctl"
copyright = "the lampctl authors"
extensions = ["myst_parser", "sphinx_external_toc"]
include_patterns = ["*.md", "docs/**.md"]
external_toc_path = "docs/sphinx/toc.yml"
myst_heading_anchors = 4  # the same anchors as on GitHub
nitpicky = True
html_theme = "furo"
html_title = "lampctl"
html_copy_source = False  # the pages say where they come from, by their name
html_show_sphinx = False
