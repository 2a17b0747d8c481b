"""What decides the in-betweens: where each shape lies at its time, and the flow that carries one into the next."""

from .blend import Blend
from .blend_settling import LatticeView, settle_blend, settled_blends
from .carried_blend import CarriedBlend
from .carried_mesh import CarriedMesh
from .exact_morph import ExactBlend, ExactMorph
from .frame_pose import Pose
from .gap_closing import shut_distances
from .motion import Arrangement, Motion, common_pose
from .pace import Pace
from .placed_surface import PlacedSurface
from .velocity_lattice import VelocityLattice

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
