"""What decides the in-betweens: where each shape lies at its time, and the flow that carries one into the next."""

from .motion import Motion, find_motion

__all__ = ["Motion", "find_motion"]
