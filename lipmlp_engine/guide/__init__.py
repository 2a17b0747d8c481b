"""What decides the in-betweens: where each shape lies at its time, and the flow that carries one into the next."""

from .blend import Blend, settle_blend
from .motion import Motion, find_motion

__all__ = ["Blend", "Motion", "find_motion", "settle_blend"]
