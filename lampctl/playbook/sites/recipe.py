"""What a site's application is, and what it needs on the host."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lampctl.playbook.fields import Options, PackageName
from lampctl.playbook.text import Text

RecipeName = Annotated[
    str,
    Text(
        "recipe",
        "is not the name of a recipe, such as laravel or flask: docs/recipes.md",
        "plain-php",
        r"[A-Za-z0-9][A-Za-z0-9_-]*",
    ),
]


class PreparedSite(Options):
    """A site that may say which kind of application it is."""

    recipe: RecipeName | None = Field(
        None,
        description="The recipe whose values the site has where it sets none of its own: `playbooks/recipes/NAME.yml` "
        "here, or a built-in one (docs/recipes.md). Mappings are merged, lists replaced.",
    )
    packages: list[PackageName] = Field(
        [], description="Packages of the distribution that the site needs, such as those that its build runs."
    )
