"""Throwaway test hosts on this machine: real Debian with systemd and sshd, in a second or two.

systemd-nspawn boots an overlay over a base that mmdebstrap builds once for each release. A box that was stopped
can be kept as a snapshot: the lower layer of the next ones.
"""

from lampctl.box.boxes import Boxes
from lampctl.box.guest import Box
from lampctl.box.image import RELEASES
from lampctl.box.network import SUBNET
from lampctl.box.tools import available, missing_for_boxes

__all__ = ["RELEASES", "SUBNET", "Box", "Boxes", "available", "missing_for_boxes"]
