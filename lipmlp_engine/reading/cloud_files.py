"""Reads clouds of points from files made of nothing else: XYZ, PWN, PTS, PCD, LAS and LAZ; tidies nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..job.errors import ShapeError
from ..shapes.cloud import Cloud

Array = NDArray[np.float64]

TEXT_FILES = (".xyz", ".xyzn", ".xyzrgb", ".pwn", ".pts", ".txt", ".asc", ".csv")
POINT_FILES = (*TEXT_FILES, ".pcd", ".las", ".laz")

_PCD_KINDS = {"F4": "<f4", "F8": "<f8", "U1": "u1", "U2": "<u2", "U4": "<u4", "I1": "i1", "I2": "<i2", "I4": "<i4"}


def read_cloud(path: Path) -> Cloud:
    """Read a file whose ending is one of ``POINT_FILES``; raises ShapeError where it holds no points."""
    ending = path.suffix.lower()
    try:
        cloud = _read_text(path) if ending in TEXT_FILES else _read_pcd(path) if ending == ".pcd" else _read_las(path)
    except OSError as error:
        raise ShapeError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, IndexError, KeyError, OverflowError) as error:
        reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise ShapeError(f"{path} is no sound file of points ({reason}); export it again.") from error
    if len(cloud) == 0:
        raise ShapeError(f"{path} holds no points; choose another file.")
    return cloud


def cloud_of_columns(columns: dict[str, NDArray[Any]]) -> Cloud:
    """A cloud of named columns, one number a point, as PLY and PCD have them."""
    points = _side_by_side(columns, "x", "y", "z")
    if points is None:
        raise ValueError("it has no columns x, y and z")
    normals = _side_by_side(columns, "nx", "ny", "nz")
    if normals is None:
        normals = _side_by_side(columns, "normal_x", "normal_y", "normal_z")
    radii = next((columns[name] for name in ("radius", "pscale", "width") if name in columns), None)
    return Cloud(points, normals, _colors_of(columns), None if radii is None else np.asarray(radii, np.float64))


def _side_by_side(columns: dict[str, NDArray[Any]], *names: str) -> Array | None:
    if any(name not in columns for name in names):
        return None
    return np.stack([np.asarray(columns[name], np.float64) for name in names], axis=1)


def _colors_of(columns: dict[str, NDArray[Any]]) -> NDArray[np.float32] | None:
    if "rgb" in columns or "rgba" in columns:
        packed = columns["rgb" if "rgb" in columns else "rgba"]
        bits = packed.astype("<f4").view("<u4") if packed.dtype.kind == "f" else packed.astype("<u4")
        channels = np.stack([bits >> 16 & 255, bits >> 8 & 255, bits & 255], axis=1)
        return _rgba(channels, 255)
    found = [columns[name] for name in ("red", "green", "blue") if name in columns]
    if len(found) < 3:
        return None
    largest = float(np.iinfo(found[0].dtype).max) if found[0].dtype.kind in "iu" else 1.0
    return _rgba(np.stack(found, axis=1), largest)


def _rgba(channels: NDArray[Any], largest: float) -> NDArray[np.float32]:
    colors = np.ones((len(channels), 4), np.float32)
    colors[:, :3] = np.clip(channels.astype(np.float64) / largest, 0, 1)
    return colors


def _read_text(path: Path) -> Cloud:
    """Lines of numbers, with or without headings: x y z, then three for the normal, three for the colour, or both.

    Seven columns are a scanner's: x y z, intensity, red green blue. Twice as many lines of three as the first line says
    are the points and then their normals.
    """
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    lines = [line for line in re.split(r"[\r\n]+", text) if line.strip() and line.lstrip()[0] not in "#/;"]
    rows = [line.replace(",", " ").replace(";", " ").split() for line in lines]
    while rows and not _is_numeric(rows[0]):
        del rows[0]
    told = 0.0
    if rows and len(rows[0]) == 1:
        told = float(rows.pop(0)[0])  # a PTS file begins with the number of its points
    if not rows:
        return Cloud(np.zeros((0, 3)))
    width = len(rows[0])
    if width < 3:
        raise ValueError(f"its lines hold {width} numbers instead of three or more")
    bad = next((number for number, row in enumerate(rows, 1) if len(row) != width), None)
    if bad is not None:
        raise ValueError(f"point {bad} has {len(rows[bad - 1])} numbers, others have {width}")
    numbers = np.array(rows, np.float64)
    if width == 3 and len(numbers) == 2 * told:
        return Cloud(numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :])
    return _of_numbers(numbers)


def _of_numbers(numbers: Array) -> Cloud:
    points, width = numbers[:, :3], numbers.shape[1]
    if width == 7:
        return Cloud(points, colors=_bytes_or_shares(numbers[:, 4:7]))
    if width >= 9:
        first, second = numbers[:, 3:6], numbers[:, 6:9]
        normals, colors = (second, first) if _are_normals(second) and not _are_normals(first) else (first, second)
        return Cloud(points, normals, _bytes_or_shares(colors))
    if width >= 6:
        extra = numbers[:, 3:6]
        if not extra.any():
            return Cloud(points)
        if _are_normals(extra):
            return Cloud(points, extra)
        return Cloud(points, colors=_bytes_or_shares(extra))
    return Cloud(points)


def _are_normals(values: Array) -> bool:
    """Whether most rows are one long, or some are negative as no colour is."""
    return bool((values < 0).any() or (np.abs(np.linalg.norm(values, axis=1) - 1) < 0.05).mean() > 0.9)


def _bytes_or_shares(values: Array) -> NDArray[np.float32]:
    largest = float(np.nanmax(values, initial=0.0))
    return _rgba(np.nan_to_num(values), 65535.0 if largest > 255 else 255.0 if largest > 1 else 1.0)


def _is_numeric(row: list[str]) -> bool:
    try:
        [float(word) for word in row]
    except ValueError:
        return False
    return True


def _read_pcd(path: Path) -> Cloud:
    data = path.read_bytes()
    start = re.search(rb"^DATA[ \t]+(\w+)[ \t]*\r?\n", data[: 1 << 16], re.MULTILINE)
    if start is None:
        raise ValueError("it has no header")
    header: dict[str, list[str]] = {}
    for line in data[: start.start()].decode("ascii", "replace").splitlines():
        words = line.split()
        if words and not words[0].startswith("#"):
            header[words[0].upper()] = words[1:]
    names, sizes, kinds = header["FIELDS"], header["SIZE"], header["TYPE"]
    counts = [int(count) for count in header.get("COUNT", ["1"] * len(names))]
    total = int(header["POINTS"][0]) if "POINTS" in header else int(header["WIDTH"][0]) * int(header["HEIGHT"][0])
    layout = [
        (f"{name}.{index}", _PCD_KINDS[kind + size], (count,) if count > 1 else ())
        for index, (name, kind, size, count) in enumerate(zip(names, kinds, sizes, counts, strict=True))
    ]
    body, form = data[start.end() :], start[1].decode()
    record = np.dtype(layout)
    if form == "binary":
        if len(body) < total * record.itemsize:
            raise ValueError("it is cut short")
        table = np.frombuffer(body, record, total)
        columns = {name: table[key] for name, (key, *_) in zip(names, layout, strict=True)}
    elif form == "ascii":
        rows = np.array([line.split() for line in body.decode("ascii", "replace").splitlines() if line.strip()])
        starts = np.cumsum([0, *counts])
        columns = {
            name: rows[:, begin].astype(np.float64 if kind == "F" else np.int64).astype(code)
            for name, begin, kind, (_, code, _) in zip(names, starts, kinds, layout, strict=False)
        }
    else:
        raise ValueError(f"its data are {form}, of which ascii and binary can be read")
    return cloud_of_columns(columns)


def _read_las(path: Path) -> Cloud:
    try:
        import laspy
    except ImportError as error:
        raise ShapeError(
            f"{path.name} needs the package laspy: install laspy[lazrs] where the engine is, or save it as PLY."
        ) from error
    try:
        las = laspy.read(str(path))
    except OSError:
        raise
    except Exception as error:
        # What laspy and what unpacks LAZ for it raise on damaged bytes is no closed list: LazrsError, struct.error …
        raise ShapeError(f"{path} cannot be read ({error}); export it again, or save it as PLY.") from error
    points = np.stack([np.asarray(las.x), np.asarray(las.y), np.asarray(las.z)], axis=1).astype(np.float64)
    dimensions = set(las.point_format.dimension_names)
    if not {"red", "green", "blue"} <= dimensions:
        return Cloud(points)
    channels = np.stack([np.asarray(las.red), np.asarray(las.green), np.asarray(las.blue)], axis=1)
    return Cloud(points, colors=_rgba(channels, 65535.0 if channels.max(initial=0) > 255 else 255.0))
