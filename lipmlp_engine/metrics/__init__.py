"""What a morph is worth, in numbers: pure functions over shapes and frames that never train, draw or write frames."""

from .brief_summary import brief_summary
from .full_summary import summary
from .measure import measure_morph
from .quality_report import Bound, Report

__all__ = ["Bound", "Report", "brief_summary", "measure_morph", "summary"]
