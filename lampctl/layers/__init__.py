"""Layers: pure functions from a playbook and a host's facts to resources and checks.

A layer is one module here, its options in lampctl/playbook, its templates in templates/NAME/, and its rows in
lampctl/platforms. It is registered in lampctl/layers/registry.py.
"""

from lampctl.layers.base import Context, Desired, Layer
from lampctl.layers.registry import LAYERS, desired, layers

__all__ = ["LAYERS", "Context", "Desired", "Layer", "desired", "layers"]
