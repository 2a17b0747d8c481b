"""What decides the in-betweens: where each shape lies at its time, and the flow that carries one into the next."""

from .blend import Blend
from .carried_blend import CarriedBlend
from .carried_mesh import CarriedMesh
from .crevices import shut_distances
from .exact import ExactBlend, ExactMorph
from .lattice import VelocityLattice
from .motion import Arrangement, Motion, common_pose
from .pace import Pace
from .placed import PlacedSurface
from .pose import Pose
from .settling import LatticeView, settle_blend, settled_blends

__all__ = [
    "Arrangement",
    "Blend",
    "CarriedBlend",
    "CarriedMesh",
    "ExactBlend",
    "ExactMorph",
    "LatticeView",
    "Motion",
    "Pace",
    "PlacedSurface",
    "Pose",
    "VelocityLattice",
    "common_pose",
    "settle_blend",
    "settled_blends",
    "shut_distances",
]
