"""Writes frames as files that other programs read: PLY, OBJ and GLB, with normals, colours and a map; trains nothing.

Coordinates are written as they are, in the units and axes of the shapes that went in; a GLB says which axis is up.
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..job.errors import OutputError
from .mesh_frame import MeshFrame
from .ply_writing import TINTS, Block, write_ply
from .whole_file import written_whole


def write_mesh(frame: MeshFrame, path: Path, up: str = "y") -> None:
    """Write one frame; the ending of the path says in which format, ``up`` which axis of the world is up."""
    with written_whole(path) as stream:
        match path.suffix.lower():
            case ".ply":
                _write_ply(frame, stream)
            case ".obj":
                _write_obj(frame, stream)
            case ".glb":
                _write_glb(frame, stream, up)
            case ending:
                raise OutputError(f"Frames cannot be written as '{ending}'; choose .ply, .obj or .glb.")


def blended_colors(frame: MeshFrame) -> NDArray[np.float32] | None:
    """The colours of a frame, (n, 4): those of its two shapes, mixed by how far it is from one to the other."""
    source = frame.vertex_attributes.get("source_color")
    target = frame.vertex_attributes.get("target_color")
    if source is None or target is None:
        return source if target is None else target
    mix = np.float32(min(max(frame.time - frame.segment, 0.0), 1.0))
    return np.asarray(source * (1 - mix) + target * mix, np.float32)


def nearer_map(frame: MeshFrame) -> NDArray[np.float32] | None:
    """The first map, (m, k, 2), of the shape that the frame is closer to, or of the other one."""
    maps = {layer.end: layer.values for layer in reversed(frame.layers) if layer.kind == "uv"}
    ends = ("source", "target") if frame.time - frame.segment <= 0.5 else ("target", "source")
    return next((maps[end] for end in ends if end in maps), None)


def shown_normals(frame: MeshFrame) -> NDArray[np.float32] | None:
    """What it is shaded with: of the vertices (n, 3), or of the faces' corners (m, k, 3) where it has sharp edges."""
    return frame.normals if frame.shading is None else np.asarray(frame.shading, np.float32)


def _one_a_vertex(normals: NDArray[np.float32], frame: MeshFrame) -> NDArray[np.float32]:
    """The mean of the corners' normals, for a format that has one a vertex."""
    if normals.ndim == 2:
        return normals
    flat, corners = normals.reshape(-1, 3), frame.faces.ravel()
    total = np.stack([np.bincount(corners, column, len(frame.vertices)) for column in flat.T], 1)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12), np.float32)


def _write_ply(frame: MeshFrame, stream: IO[bytes]) -> None:
    blocks: list[Block] = [("xyz", "float", frame.vertices)]
    normals = shown_normals(frame)
    if normals is not None:
        blocks.append((("nx", "ny", "nz"), "float", _one_a_vertex(normals, frame)))
    colors = blended_colors(frame)
    if colors is not None:
        blocks.append((TINTS, "uchar", _bytes_of(colors)))
    write_ply(stream, blocks, frame.faces, f"Lipschitz Morph, t = {frame.time:g}")


def _write_obj(frame: MeshFrame, stream: IO[bytes]) -> None:
    colors = blended_colors(frame)
    rows = frame.vertices if colors is None else np.hstack([frame.vertices, colors[:, :3]])
    stream.write(f"# Lipschitz Morph, t = {frame.time:g}\n".encode())
    stream.write(_lines("v" + " %.7g" * rows.shape[1], rows))
    corner, columns = " %d", [np.asarray(frame.faces + 1, np.int64)]
    uv = nearer_map(frame)
    if uv is not None:
        stream.write(_lines("vt %.6f %.6f", uv.reshape(-1, 2)))
        corner += "/%d"
        columns.append(np.arange(1, frame.faces.size + 1, dtype=np.int64).reshape(frame.faces.shape))
    normals = shown_normals(frame)
    if normals is not None:
        corner += "/%d" if uv is not None else "//%d"
        number = frame.faces.astype(np.int64)
        if normals.ndim == 3:
            normals, rows = np.unique(np.round(normals.reshape(-1, 3), 4), axis=0, return_inverse=True)
            number = rows.reshape(frame.faces.shape)
        stream.write(_lines("vn %.4f %.4f %.4f", normals))
        columns.append(number + 1)
    rows = np.stack(columns, axis=-1).reshape(len(frame.faces), len(columns) * frame.faces.shape[1])
    stream.write(_lines("f" + corner * frame.faces.shape[1], rows))


def _lines(form: str, rows: NDArray[Any]) -> bytes:
    """A line for every row; one big format is several times faster than one a row."""
    return ((form + "\n") * len(rows) % tuple(rows.ravel().tolist())).encode()


def _write_glb(frame: MeshFrame, stream: IO[bytes], up: str) -> None:
    node: dict[str, Any] = {"name": "Morph", "extras": {"time": frame.time}}
    if up == "z":
        node["rotation"] = [-math.sqrt(0.5), 0.0, 0.0, math.sqrt(0.5)]
    scene: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "Lipschitz Morph"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [node],
    }
    data = b""
    if len(frame.faces):  # the format knows no mesh without vertices
        node["mesh"] = 0
        data = _add_glb_mesh(frame, scene)
    text = json.dumps(scene, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    if data:
        chunks += struct.pack("<I4s", len(data), b"BIN\0") + data
    stream.write(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)


def _add_glb_mesh(frame: MeshFrame, scene: dict[str, Any]) -> bytes:
    """Describe the frame's mesh in the scene; returns the bytes that the description speaks of."""
    kept, faces, uv, normals = _parted(frame)
    attributes = {"POSITION": frame.vertices[kept]}
    if normals is not None:
        attributes["NORMAL"] = normals
    colors = blended_colors(frame)
    if colors is not None:
        attributes["COLOR_0"] = colors[kept]
    if uv is not None:
        attributes["TEXCOORD_0"] = uv
    triangles = faces if faces.shape[1] == 3 else faces[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)
    indices = len(attributes)
    blocks = [np.ascontiguousarray(values, "<f4").tobytes() for values in attributes.values()]
    blocks.append(np.ascontiguousarray(triangles, "<u4").tobytes())
    starts = np.cumsum([0] + [len(block) for block in blocks])
    scene["buffers"] = [{"byteLength": int(starts[-1])}]
    scene["bufferViews"] = [
        {
            "buffer": 0,
            "byteOffset": int(start),
            "byteLength": len(block),
            "target": _ELEMENT_BUFFER if view == indices else _ARRAY_BUFFER,
        }
        for view, (start, block) in enumerate(zip(starts[:-1], blocks, strict=True))
    ]
    accessors: list[dict[str, Any]] = [
        {"bufferView": view, "componentType": _FLOAT, "count": len(values), "type": f"VEC{values.shape[1]}"}
        for view, values in enumerate(attributes.values())
    ]
    places = attributes["POSITION"]
    accessors[0].update(min=places.min(0).tolist(), max=places.max(0).tolist())
    accessors.append(
        {"bufferView": indices, "componentType": _UNSIGNED, "count": int(triangles.size), "type": "SCALAR"}
    )
    scene["accessors"] = accessors
    primitive = {"attributes": {name: view for view, name in enumerate(attributes)}, "indices": indices}
    scene["meshes"] = [{"primitives": [primitive]}]
    return b"".join(blocks)


def _parted(
    frame: MeshFrame,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float32] | None, NDArray[np.float32] | None]:
    """Which vertex each of the file's is, the faces of those, their map and their normals.

    A vertex on a seam or a sharp edge is there for each side. The format has a map's origin at the top.
    """
    uv, normals = nearer_map(frame), shown_normals(frame)
    corners = [frame.faces.reshape(-1, 1).astype(np.float64)]
    if uv is not None:
        corners.append(np.rint(uv.reshape(-1, 2) * 1e5))
    if normals is not None and normals.ndim == 3:
        corners.append(np.rint(normals.reshape(-1, 3) * 1e3))
    if len(corners) == 1:
        return np.arange(len(frame.vertices)), frame.faces, None, normals
    _, first, number = np.unique(np.column_stack(corners), axis=0, return_index=True, return_inverse=True)
    kept = frame.faces.ravel()[first]
    mapped = None if uv is None else np.asarray(uv.reshape(-1, 2)[first] * [1, -1] + [0, 1], np.float32)
    if normals is not None:
        normals = normals[kept] if normals.ndim == 2 else normals.reshape(-1, 3)[first]
    return kept, np.reshape(number, frame.faces.shape), mapped, normals


_ARRAY_BUFFER, _ELEMENT_BUFFER, _FLOAT, _UNSIGNED = 34962, 34963, 5126, 5125
"""Numbers of the glTF standard."""


def _bytes_of(colors: NDArray[np.float32]) -> NDArray[np.uint8]:
    return (np.clip(colors, 0, 1) * 255 + 0.5).astype(np.uint8)
