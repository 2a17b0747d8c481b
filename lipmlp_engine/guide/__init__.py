"""What decides the in-betweens: where each shape lies at its time, and the flow that carries one into the next."""

from .blend import Blend, settle_blend
from .crevices import shut_distances
from .motion import Motion, find_motion
from .pose import Pose

__all__ = ["Blend", "Motion", "Pose", "find_motion", "settle_blend", "shut_distances"]
