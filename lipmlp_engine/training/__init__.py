"""Fitting the network: what it is shown, what it loses by, and how it steps."""

from .checkpoint import finished_in
from .train import train

__all__ = ["finished_in", "train"]
