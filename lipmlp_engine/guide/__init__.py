"""What decides the in-betweens: where each shape lies at its time, and the flow that carries one into the next."""

from .blend import Blend, LatticeView, settle_blend
from .crevices import shut_distances
from .motion import Arrangement, Motion, common_pose
from .pose import Pose

__all__ = ["Arrangement", "Blend", "LatticeView", "Motion", "Pose", "common_pose", "settle_blend", "shut_distances"]
