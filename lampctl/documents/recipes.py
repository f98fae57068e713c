"""Recipes: fragments of a site's fields, by name, which a site builds on."""

from __future__ import annotations

from typing import Any, Protocol

from lampctl.documents.yamlfile import Document, Path, parse
from lampctl.errors import PlaybookError, UsageError

RECIPE, SITES = "recipe", "sites"


class Recipes(Protocol):
    """Where recipes are found."""

    def recipe(self, name: str) -> tuple[str, str]:
        """(file name, text) of a recipe. Raises UsageError, with the known names, if there is none."""
        ...


def below_sites(document: Document, library: Recipes) -> Document:
    """What the recipes give the sites of `document`: its own values are laid over this."""
    sites = document.data.get(SITES)
    found = Document({SITES: {}})
    for name, site in sites.items() if isinstance(sites, dict) else ():
        recipe = Document({})
        if isinstance(site, dict) and isinstance(site.get(RECIPE), str):
            recipe = _recipe(document, (SITES, name), site, library)
        found.data[SITES][name] = recipe.data  # of every site, in their order
        found.positions.update({(SITES, name, *path): at for path, at in recipe.positions.items() if path})
    return found


def _recipe(document: Document, site: Path, own: dict[str, Any], library: Recipes) -> Document:
    name, path = own[RECIPE], (*site, RECIPE)
    where = f"{document.position(path)}: {' → '.join(map(str, path))}"
    try:
        file, text = library.recipe(name)
    except UsageError as error:
        raise PlaybookError(f"{where}: {error.message}", error.hint) from None
    recipe = parse(text, file)
    if RECIPE in recipe.data:
        at = recipe.position((RECIPE,))
        raise PlaybookError(f"{at}: a recipe can't build on another recipe", "copy what it needs of that one into it")
    wanted = recipe.data.get("type")
    if wanted and own.get("type", wanted) != wanted:
        message = f"{where}: {name} is for sites of type {wanted}, and this one has type: {own['type']}"
        raise PlaybookError(message, "leave `type` out, or choose another recipe")
    return recipe
