"""lampctl: takes a bare Linux host to a web stack that is proved to work, layer by layer."""

__version__ = "0.1.0"
