"""A results folder holds what is ours and what is not, and only what is ours is replaced or deleted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trimesh

from lipmlp_engine.commands import main
from lipmlp_engine.files.folder_lock import LOCK, FolderLock
from lipmlp_engine.files.manifest import MANIFEST, MANIFEST_FORMAT, Manifest
from lipmlp_engine.files.whole_file import draft_of
from lipmlp_engine.files.workplace import Workplace, manifest_of
from lipmlp_engine.job.errors import OutputError
from lipmlp_engine.running import pipeline
from tests.engine.small_jobs import SMALL_OPTIONS, command, surroundings, write_job, write_shapes

USERS_FILES = ["notes.part", "frames/render.part", "writable", "keys.npz", "frames/frame_0099.npz", "sequence/a.ply"]
"""What earlier versions deleted, among files that it left alone."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shapes, and one with results."""
    place = tmp_path_factory.mktemp("made")
    box, ball = write_shapes(place)
    assert main.main(["morph", str(box), str(ball), "--out", str(place / "out"), *SMALL_OPTIONS]) == 0
    return place / "out"


@pytest.fixture
def results(made: Path, tmp_path: Path) -> Path:
    """Results of one's own, to do what one likes with."""
    return Path(shutil.copytree(made, tmp_path / "out"))


def lay(folder: Path, *names: str) -> dict[str, bytes]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(f"the user's {name}".encode())
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() or path.is_symlink()
    }


def extract(folder: Path, *options: str) -> int:
    return main.main(["extract", str(folder / "model.safetensors"), "--out", str(folder), *options])


@pytest.mark.parametrize("name", [*USERS_FILES, "model.safetensors", "job.json", "report.json", "engine.log"])
def test_a_folder_that_is_not_ours_is_refused_untouched(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    before = lay(out, name)
    assert main.main(["morph", *map(str, write_shapes(tmp_path)), "--out", str(out), *SMALL_OPTIONS]) == 4
    said = capfd.readouterr().err
    assert said.count("\n") == 1 and "not empty, and Lipschitz Morph did not make it" in said and "--force" in said
    assert contents(out) == before


def test_what_is_not_ours_outlives_another_run_in_our_folder(results: Path) -> None:
    users = lay(results, *USERS_FILES)
    assert extract(results, "--frames", "2", "--resolution", "40") == 0
    after = contents(results)
    assert {name: after.get(name) for name in USERS_FILES} == {name: users[name] for name in USERS_FILES}
    assert "frames/frame_0001.npz" in after and "frames/frame_0002.npz" not in after


def test_a_file_in_the_way_in_our_folder_is_refused_and_replaced_only_by_force(
    results: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = lay(results, "frames/frame_0003.npz")
    assert extract(results, "--frames", "4", "--resolution", "40") == 4
    said = capfd.readouterr().err
    assert "did not write frames/frame_0003.npz" in said and contents(results) == before
    assert extract(results, "--frames", "4", "--resolution", "40", "--force") == 0
    assert "did not write what is replaced here: frames/frame_0003.npz" in capfd.readouterr().err
    assert contents(results)["frames/frame_0003.npz"] != before["frames/frame_0003.npz"]


def test_inputs_are_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not even by force: a job whose shapes are gone cannot be repeated."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sequence").mkdir()
    shapes = [f"sequence/frame_{index:04d}.ply" for index in (0, 1)]
    for size, shape in enumerate(shapes, start=1):
        trimesh.creation.box((size, 1, 1)).export(shape)
    before = contents(tmp_path)
    for options in ([], ["--force"]):
        assert main.main(["morph", *shapes, "--sequence", "ply", "--out", ".", *options, *SMALL_OPTIONS]) == 4
        assert "which the job reads" in capfd.readouterr().err and contents(tmp_path) == before


def test_a_job_file_gets_its_results_beside_it_and_stays(tmp_path: Path) -> None:
    path = write_job(tmp_path)
    before = lay(tmp_path, "notes.txt")
    assert main.main(["run", str(path)]) == 0
    assert contents(tmp_path).items() >= before.items()
    assert "job.json" not in json.loads((tmp_path / MANIFEST).read_text())["files"]


def test_results_of_an_earlier_version_are_known_by_their_model(results: Path) -> None:
    (results / MANIFEST).unlink()
    users = lay(results, "frames/frame_0099.npz", "frames/frame_0001.npz", "notes.txt")
    manifest = manifest_of(results)
    assert manifest is not None
    assert manifest.names == {
        *("model.safetensors", "job.json", "report.json", "engine.log"),
        *("frames/frame_0000.npz", "frames/frame_0002.npz"),
    }
    assert main.main(["report", str(results)]) == 0
    assert extract(results, "--frames", "2", "--resolution", "40") == 4
    (results / "frames" / "frame_0001.npz").unlink()
    assert extract(results, "--frames", "2", "--resolution", "40") == 0
    after = contents(results)
    assert after["notes.txt"] == users["notes.txt"] and after["frames/frame_0099.npz"] == users["frames/frame_0099.npz"]
    assert "frames/frame_0002.npz" not in after and (results / MANIFEST).is_file()


def test_another_model_vouches_for_nothing(results: Path) -> None:
    (results / MANIFEST).unlink()
    (results / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    assert manifest_of(results) is None


@pytest.mark.parametrize(
    "name",
    [
        "../a",
        "/etc/passwd",
        "a/../../b",
        "C:\\a",
        "a\\..\\b",
        "a//b",
        ".",
        "",
        "a\nb",
        "x" * 400,
        7,
        None,
        ["a"],
        "a:b",
    ],
)
def test_a_list_that_names_what_is_outside_is_refused(name: object, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(json.dumps({"format": MANIFEST_FORMAT, "files": ["job.json", name]}))
    with pytest.raises(OutputError, match="is damaged"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "other", "files": []}', "[" * 100_000, '{"files": 3}'])
def test_a_list_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(OutputError, match="is damaged"):
        manifest_of(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
@pytest.mark.parametrize("name", ["frames", "engine.log", "report.json"])
def test_links_are_not_followed(name: str, results: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A stranger's folder may list a file of ours, and a link lie in its place."""
    elsewhere = tmp_path / "elsewhere"
    if name == "frames":
        shutil.move(results / name, elsewhere)
    else:
        elsewhere.write_text("the user's")
        (results / name).unlink()
    (results / name).symlink_to(elsewhere)
    before = contents(elsewhere) if elsewhere.is_dir() else elsewhere.read_bytes()
    assert extract(results, "--frames", "2", "--resolution", "40") == 4
    assert name in capfd.readouterr().err
    assert before == (contents(elsewhere) if elsewhere.is_dir() else elsewhere.read_bytes())


def test_two_runs_do_not_share_a_folder(results: Path, capfd: pytest.CaptureFixture[str]) -> None:
    holding = (
        "import sys, time; from pathlib import Path; from lipmlp_engine.files.folder_lock import FolderLock\n"
        "lock = FolderLock(Path(sys.argv[1])); lock.take(); lock.sign(); print('taken', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", holding, str(results)], env=surroundings(), stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None and other.stdout.readline() == "taken\n"
        before = contents(results)
        assert extract(results, "--frames", "2", "--resolution", "40") == 4
        said = capfd.readouterr().err.splitlines()[-1]
        assert f"process {other.pid}, since {time.strftime('%Y-')}" in said and f"lipmorph {results}" in said
        assert contents(results) == before
    finally:
        other.kill()
        other.communicate()
    assert (results / LOCK).exists() and extract(results, "--frames", "2", "--resolution", "40") == 0
    assert not (results / LOCK).exists()


@pytest.mark.parametrize("junk", [b"", b"junk", b"[" * 5000, b'{"pid": 1, "run": "../.."}', b"\xff\xfe"])
def test_no_junk_in_the_lock_blocks_a_run(junk: bytes, tmp_path: Path) -> None:
    Manifest(tmp_path).write()
    (tmp_path / LOCK).write_bytes(junk)
    with FolderLock(tmp_path) as lock:
        assert lock.earlier_run == ""
    assert not (tmp_path / LOCK).exists()


def test_drafts_of_a_killed_run_go_and_those_of_others_stay(results: Path) -> None:
    killed = "12345-0123abcd"
    (results / LOCK).write_text(json.dumps({"pid": 12345, "run": killed}))
    model = results / "model.safetensors"
    left = draft_of(model, killed)
    others = [draft_of(model, "12345-ffffffff"), draft_of(results / "not_ours", killed)]
    for path in (left, *others):
        path.write_bytes(b"half")
    assert extract(results, "--frames", "2", "--resolution", "40") == 0
    assert not left.exists() and all(path.read_bytes() == b"half" for path in others)


def test_what_a_run_killed_at_its_very_beginning_leaves_is_no_strangers(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_bytes(b"")
    draft_of(tmp_path / MANIFEST, "12345-0123abcd").write_text("{")
    place = Workplace(tmp_path, [], beside=False, force=False)
    assert place.open([tmp_path / "model.safetensors"]) == []
    place.close(failed=False)


def test_a_run_that_fails_leaves_no_folder_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What nobody foresaw is in a log elsewhere."""
    box, ball = write_shapes(tmp_path)
    out = tmp_path / "a" / "b" / "out"
    ball.write_text("no mesh at all")
    assert main.main(["morph", str(box), str(ball), "--out", str(out), *SMALL_OPTIONS]) == 3
    assert not (tmp_path / "a").exists()

    def stumble(run: pipeline._Run, _shapes: object) -> None:
        assert run.results.log.is_file() and run.results.job.is_file()
        raise RuntimeError("matrix is singular")

    monkeypatch.setattr(pipeline._Run, "train", stumble)
    ball = write_shapes(tmp_path)[1]
    assert main.main(["morph", str(box), str(ball), "--out", str(out), *SMALL_OPTIONS]) == 1
    said = capfd.readouterr().err.splitlines()[-1]
    assert "matrix is singular" in said and not (tmp_path / "a").exists()
    log = Path(said.removesuffix(".").split("details are in ")[1])
    assert "Traceback" in log.read_text()
    log.unlink()


@pytest.mark.skipif(sys.platform == "win32", reason="the shell is POSIX's")
@pytest.mark.parametrize("ending", ["<&- >&- 2>&-", "2>&1 | head -n 1"])
def test_nobody_need_read_along(ending: str, tmp_path: Path) -> None:
    """cron and services close the streams; `head` has seen enough after a line."""
    box, ball = write_shapes(tmp_path)
    words = " ".join(f"'{word}'" for word in command("morph", box, ball, "--out", tmp_path / "out", *SMALL_OPTIONS))
    script = f"( {words}; echo $? > {tmp_path}/code ) {ending}"
    subprocess.run(["sh", "-c", script], env=surroundings(), capture_output=True, timeout=120, check=False)
    assert (tmp_path / "code").read_text() == "0\n"
    assert (tmp_path / "out" / "report.json").is_file()
    assert not os.path.exists(tmp_path / "out" / LOCK)
