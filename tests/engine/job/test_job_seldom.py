"""Jobs beyond all measure, and values from files that are no numbers."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lipmlp_engine.job import description
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import JobError
from lipmlp_engine.job.hearsay import HearsayError, built, whole
from lipmlp_engine.job.sections import ShapeInput


@dataclass
class Named:
    """Values by name, as a report has them."""

    values: dict[str, float]


def test_more_landmarks_than_anybody_places_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(shapes=[ShapeInput("a"), ShapeInput("b")], landmarks=[[[0, 0, 0], [1, 1, 1]]] * 3)
    job.check()
    monkeypatch.setattr(description, "MOST_LANDMARKS", 2)
    with pytest.raises(JobError, match="at most 2 landmarks; this one has 3"):
        job.check()


@pytest.mark.parametrize(("value", "found"), [(3, 3), (9, 0), (-1, 0), (True, 0), (3.0, 0), ("3", 0), (None, 0)])
def test_only_a_whole_number_within_its_range_is_one(value: object, found: int) -> None:
    assert whole(value, 0, 8, 0) == found


def test_a_group_of_values_is_no_list() -> None:
    assert built(Named, {"values": {"a": 1.0}}) == Named({"a": 1.0})
    with pytest.raises(HearsayError, match="values is no group of named values"):
        built(Named, {"values": [1.0]})
