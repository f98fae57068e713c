"""Which recipe fits a folder, for `lampctl init --from`: by the files that an application of its kind has."""

from __future__ import annotations

from lampctl.engine.detect import django, node, php, python
from lampctl.engine.detect.folder import Fit, Folder
from lampctl.engine.detect.procfile import procfile
from lampctl.errors import UsageError

__all__ = ["Fit", "Folder", "detect"]

# The first that fits is taken: frameworks before what says only how to start something, and that before plain files.
_KINDS = {
    "laravel": php.laravel,
    "symfony": php.symfony,
    "drupal": php.drupal,
    "wordpress-source": php.wordpress,
    "mediawiki": php.mediawiki,
    "dokuwiki": php.dokuwiki,
    "phpmyadmin": php.phpmyadmin,
    "procfile": procfile,
    "django": django.django,
    "flask": python.flask,
    "nextjs": node.nextjs,
    "express": node.express,
    "static-build": node.static_build,
    "plain-php": php.plain,
    "": php.static,
}
_LOOKED_FOR = (
    "composer.json, wp-content, mw-config, doku.php, libraries/vendor_config.php, Procfile, manage.py, "
    "requirements.txt with flask, package.json with next, express or a build script, index.php, index.html"
)


def detect(folder: Folder, recipe: str = "") -> Fit:
    """The recipe that fits; with `recipe`, that one, and what the folder says about it.

    Raises:
        UsageError: None fits, or a file of the folder is damaged.
    """
    if recipe:
        kind = _KINDS.get(recipe)
        return (kind(folder) if kind else None) or Fit(recipe, "chosen with --recipe")
    for kind in _KINDS.values():
        if found := kind(folder):
            return found
    raise UsageError(
        f"--from {folder.path}: no recipe fits; it has none of {_LOOKED_FOR}",
        "name the application's top folder, or choose a recipe with --recipe",
    )
