"""What a morph is worth, in numbers: pure functions over shapes and frames that never train, draw or write frames."""

from .measure import measure_morph
from .quality_report import Bound, Report, summary

__all__ = ["Bound", "Report", "measure_morph", "summary"]
