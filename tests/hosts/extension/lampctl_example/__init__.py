"""An extension of lampctl: a kind of resource, a layer and a site type."""
