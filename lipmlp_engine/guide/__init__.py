"""What decides the in-betweens: where each shape lies at its time, and the flow that carries one into the next."""

from .blend import Blend, LatticeView, settle_blend
from .crevices import shut_distances
from .motion import Motion, Placement
from .pose import Pose

__all__ = ["Blend", "LatticeView", "Motion", "Placement", "Pose", "settle_blend", "shut_distances"]
