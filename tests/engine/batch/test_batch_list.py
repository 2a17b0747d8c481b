"""A list of morphs: what it may say, what becomes of it, and one sentence for each entry that cannot be done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lipmlp_engine.batch.batch_errors import ListError
from lipmlp_engine.batch.handshake import Greeting, code_digest, greeting, refusal_of, token_in
from lipmlp_engine.batch.listing import Listing, read_list
from lipmlp_engine.batch.orders import mark_of
from tests.engine.small_jobs import write_job


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("cat", "dog", "fish", "walk/pose_2", "walk/pose_10", "walk/pose_1"):
        path = tmp_path / f"{name}.stl"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


def listed(place: Path, values: Any, **defaults: Any) -> Listing:
    path = place / "morphs.json"
    path.write_text(json.dumps(values))
    return read_list(path, **defaults)


def names(listing: Listing) -> list[str]:
    return [order.name for order in listing.orders]


def test_every_way_to_say_which_shapes(place: Path) -> None:
    listing = listed(
        place,
        [
            {"shapes": ["cat.stl", "dog.stl"]},
            {"chain": "walk/*.stl", "name": "walk"},
            {"pairs": ["cat.stl", "dog.stl", "fish.stl"], "folder": "all"},
            {"pairs": [["fish.stl", "cat.stl"]]},
            {"from": "dog.stl", "to": ["cat.stl", "fish.stl", "dog.stl"]},
        ],
    )
    assert listing.refused == []
    assert names(listing) == [
        "cat_to_dog", "walk", "cat_to_dog", "cat_to_fish", "dog_to_fish", "fish_to_cat", "dog_to_cat", "dog_to_fish",
    ]  # fmt: skip
    walk = listing.orders[1]
    assert [Path(path).name for path in walk.shapes] == ["pose_1.stl", "pose_2.stl", "pose_10.stl"]
    assert walk.folder == str(place / "morphs_morphs" / "walk")
    assert listing.orders[2].folder == str(place / "all" / "cat_to_dog")


def test_seeds_presets_settings_and_folders(place: Path) -> None:
    listing = listed(
        place,
        {
            "out": "results",
            "preset": "draft",
            "settings": {"training": {"steps": 7, "rate": 1e-3}},
            "morphs": [
                {"shapes": ["cat.stl", "dog.stl"], "seeds": [3, 4], "settings": {"training.steps": 9}},
                {"shapes": ["dog.stl", "cat.stl"], "preset": "final", "folder": "kept/here", "threads": 2},
            ],
        },
    )
    first, second, third = (order.job() for order in listing.orders)
    assert names(listing)[:2] == ["cat_to_dog_seed3", "cat_to_dog_seed4"]
    assert (first.training.seed, second.training.seed) == (3, 4)
    assert (first.training.steps, first.training.rate, first.sampling.points) == (9, 1e-3, 30_000)
    assert third.network.width == 256 and third.training.steps == 7 and third.training.threads == 2
    assert third.output.folder == str(place / "kept" / "here")
    assert listing.folder == place / "results"


def test_job_files_keep_what_they_say(place: Path) -> None:
    write_job(place / "a")
    write_job(place / "b", training={"steps": 5})
    listing = listed(place, [{"job": "*/job.json", "settings": {"extraction.frames": 4}}])
    assert names(listing) == ["a", "b"] and listing.refused == []
    job = listing.orders[1].job()
    assert job.training.steps == 5 and job.extraction.frames == 4
    assert job.shapes[0].path == str(place / "b" / "box.stl") and job.output.folder == str(listing.folder / "b")


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"shapes": ["cat.stl"]}, "a morph takes 2 to 16 shapes, and its shapes are 1 files"),
        ({"shapes": "nothing*.stl"}, "there is no file 'nothing"),
        ({"shapes": ["cat.stl", "dog.stl"], "preset": "splendid"}, "no preset 'splendid'"),
        ({"shapes": ["cat.stl", "dog.stl"], "settings": {"training.steps": -1}}, "training.steps is -1"),
        ({"shapes": ["cat.stl", "dog.stl"], "settings": {"training.stops": 1}}, "no setting called 'stops'"),
        ({"shapes": ["cat.stl", "dog.stl"], "settings": {"steps": 1}}, "no setting 'steps'"),
        ({"shapes": ["cat.stl", "dog.stl"], "seeds": ["x"]}, "seeds must be a list of whole numbers"),
        ({"shapes": ["cat.stl", "dog.stl"], "name": "../up"}, "cannot be a folder's"),
        ({"shapes": ["cat.stl", "dog.stl"], "split": 0}, "split is 0"),
        ({"shapes": ["cat.stl", "dog.stl"], "up": "y,z,y"}, "up names 3 axes"),
        ({"shapes": ["cat.stl", "dog.stl"], "colour": 1}, "no entry 'colour'"),
        ({"from": "cat.stl"}, "it must have one of"),
        ({"job": "cat.stl"}, "not valid JSON"),
        (7, "it is no group of named values"),
        ({"shapes": ["fish.stl", "dog.stl"], "folder": "morphs_morphs/good"}, "as those of another good do"),
    ],
)
def test_a_bad_entry_is_a_sentence_and_the_others_stay(place: Path, entry: Any, sentence: str) -> None:
    good = {"shapes": ["cat.stl", "fish.stl"], "name": "good"}
    listing = listed(place, [good, entry, {**good, "name": "as good"}])
    assert names(listing) == ["good", "as good"]
    ((who, why),) = listing.refused
    assert who.startswith("morph 2") and sentence in why, listing.refused


@pytest.mark.parametrize("values", [{}, [], {"morphs": []}, {"morphs": [1], "colour": 2}, "text"])
def test_what_is_no_list_is_refused(place: Path, values: Any) -> None:
    with pytest.raises(ListError, match="holds no morphs|unknown entry"):
        listed(place, values)
    with pytest.raises(ListError, match="cannot be read"):
        read_list(place / "missing.json")


def test_a_mark_follows_content_and_settings_but_not_the_machine(place: Path) -> None:
    entry = {"shapes": ["cat.stl", "dog.stl"]}
    plain = mark_of(listed(place, [entry]).orders[0].job())
    assert plain == mark_of(listed(place, [{**entry, "folder": "elsewhere", "threads": 7}]).orders[0].job())
    assert plain != mark_of(listed(place, [{**entry, "seeds": [1]}]).orders[0].job())
    (place / "dog.stl").write_bytes(b"another dog")
    assert plain != mark_of(listed(place, [entry]).orders[0].job())


def test_workers_are_held_against_our_own_engine_and_folder(tmp_path: Path) -> None:
    with token_in(tmp_path) as token:
        here, blind = greeting(str(tmp_path), token), greeting(str(tmp_path / "elsewhere"), token)
    assert list(tmp_path.iterdir()) == []
    assert refusal_of({"tcp://a": here}) == ""
    assert "no access to" in refusal_of({"tcp://a": here, "tcp://b": blind}) and code_digest() == here.code
    other = Greeting("9.9.9", "0123", 4)
    sentence = refusal_of({"tcp://a": here, "tcp://b": other})
    assert sentence.startswith("The worker tcp://b has another engine, 9.9.9 (0123)") and sentence.count(".\n") == 0
