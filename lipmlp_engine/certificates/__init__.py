"""Certificates: what is proved about a trained morph, and what was only sampled; knows nothing of training."""

from .certificate import Certificate, Figure
from .proofs import brief, certified_bound, certify, clearance, lipschitz_bounds

__all__ = ["Certificate", "Figure", "brief", "certified_bound", "certify", "clearance", "lipschitz_bounds"]
