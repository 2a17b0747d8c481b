"""Warp kernels that light and draw a mesh; imported by ``stage`` alone, because importing Warp takes time."""

# No "from __future__ import annotations" here: Warp reads the annotations, and mypy cannot.
# mypy: ignore-errors
import warp as wp

GOLDEN_ANGLE = wp.constant(2.39996323)
GOLDEN_RATIO = wp.constant(0.61803399)


@wp.func
def around(axis: wp.vec3, local: wp.vec3) -> wp.vec3:
    """A direction given about the z axis, turned to be about another."""
    helper = wp.vec3(1.0, 0.0, 0.0)
    if wp.abs(axis[0]) > 0.7:
        helper = wp.vec3(0.0, 1.0, 0.0)
    side = wp.normalize(wp.cross(helper, axis))
    return side * local[0] + wp.cross(axis, side) * local[1] + axis * local[2]


@wp.kernel(enable_backward=False)
def gather_light(
    mesh: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    start: int,
    sky_rays: int,
    lamp_rays: int,
    lamp: wp.vec3,
    lamp_width: float,
    skin: float,
    reach: float,
    ground: float,
    sky: wp.array(dtype=float),
    key: wp.array(dtype=float),
) -> None:
    """Light that reaches each point: from the sky and the ground all around, and the seen share of a round lamp."""
    index = start + wp.tid()
    normal = normals[index]
    origin = points[index] + normal * skin
    # Each point turns the pattern of rays by its own angle, so that neighbours average out.
    turn = 6.2831853 * (float(index) * GOLDEN_RATIO - wp.floor(float(index) * GOLDEN_RATIO))

    light = wp.float32(0.0)
    for ray in range(sky_rays):
        share = (float(ray) + 0.5) / float(sky_rays)
        angle = float(ray) * GOLDEN_ANGLE + turn
        across = wp.sqrt(share)
        local = wp.vec3(across * wp.cos(angle), across * wp.sin(angle), wp.sqrt(1.0 - share))
        direction = around(normal, local)
        hit = wp.mesh_query_ray(mesh, origin, direction, reach)
        if hit.result:
            # Clay throws some light back, more from farther away.
            light += 0.18 * wp.min(hit.t / reach, 1.0)
        elif direction[2] >= 0.0:
            light += 0.62 + 0.38 * direction[2]
        else:
            far = wp.min((origin[2] - ground) / (reach * (0.05 - direction[2])), 1.0)
            light += 0.30 + 0.22 * wp.max(far, 0.0)
    sky[index] = light / float(sky_rays)

    seen = wp.float32(0.0)
    for ray in range(lamp_rays):
        angle = float(ray) * GOLDEN_ANGLE + turn
        across = lamp_width * wp.sqrt((float(ray) + 0.5) / float(lamp_rays))
        local = wp.normalize(wp.vec3(across * wp.cos(angle), across * wp.sin(angle), 1.0))
        direction = around(lamp, local)
        hit = wp.mesh_query_ray(mesh, origin, direction, 4.0 * reach)
        if not hit.result:
            seen += 1.0
    key[index] = seen / float(lamp_rays)


@wp.func
def ground_shade(shade: wp.array2d(dtype=float), corner: wp.vec3, cell: float, x: float, y: float) -> float:
    """How bright the ground is beside where nothing shades it, between the lattice's points."""
    rows, columns = shade.shape[0], shade.shape[1]
    u = (x - corner[0]) / cell
    v = (y - corner[1]) / cell
    if u < 0.0 or v < 0.0 or u >= float(columns - 1) or v >= float(rows - 1):
        return 1.0
    i, j = int(u), int(v)
    a, b = u - float(i), v - float(j)
    low = shade[j, i] * (1.0 - a) + shade[j, i + 1] * a
    high = shade[j + 1, i] * (1.0 - a) + shade[j + 1, i + 1] * a
    return low * (1.0 - b) + high * b


@wp.kernel(enable_backward=False)
def draw(
    mesh: wp.uint64,
    indices: wp.array(dtype=int),
    corner_normals: wp.array(dtype=wp.vec3),
    colors: wp.array(dtype=wp.vec3),
    sky: wp.array(dtype=float),
    key: wp.array(dtype=float),
    eye: wp.vec3,
    right: wp.vec3,
    above: wp.vec3,
    forward: wp.vec3,
    spread: float,
    lamp: wp.vec3,
    rim: wp.vec3,
    shade: wp.array2d(dtype=float),
    corner: wp.vec3,
    cell: float,
    paper: wp.vec3,
    width: int,
    height: int,
    finer: int,
    start: int,
    picture: wp.array(dtype=wp.vec3),
) -> None:
    """One pixel, averaged over finer × finer rays, in linear light."""
    index = start + wp.tid()
    row = index // width
    column = index - row * width
    total = wp.vec3(0.0, 0.0, 0.0)
    for sample in range(finer * finer):
        x = float(column) + (float(sample % finer) + 0.5) / float(finer)
        y = float(row) + (float(sample // finer) + 0.5) / float(finer)
        across = (2.0 * x / float(width) - 1.0) * spread * float(width) / float(height)
        upwards = (1.0 - 2.0 * y / float(height)) * spread
        direction = wp.normalize(forward + right * across + above * upwards)
        hit = wp.mesh_query_ray(mesh, eye, direction, 1.0e6)
        if hit.result:
            a, b, c = 3 * hit.face, 3 * hit.face + 1, 3 * hit.face + 2
            w = 1.0 - hit.u - hit.v
            normal = wp.normalize(corner_normals[a] * hit.u + corner_normals[b] * hit.v + corner_normals[c] * w)
            i, j, k = indices[a], indices[b], indices[c]
            color = colors[i] * hit.u + colors[j] * hit.v + colors[k] * w
            ambient = sky[i] * hit.u + sky[j] * hit.v + sky[k] * w
            seen = key[i] * hit.u + key[j] * hit.v + key[k] * w
            toward = wp.max((wp.dot(normal, lamp) + 0.12) / 1.12, 0.0) * seen
            edge = wp.pow(1.0 - wp.clamp(-wp.dot(normal, direction), 0.0, 1.0), 3.0)
            behind = wp.max(wp.dot(normal, rim), 0.0) * edge * ambient
            middle = wp.normalize(lamp - direction)
            gloss = wp.pow(wp.max(wp.dot(normal, middle), 0.0), 24.0) * seen
            lit = wp.vec3(1.50, 1.42, 1.32) * toward + wp.vec3(0.50, 0.53, 0.58) * ambient
            glow = wp.vec3(0.9, 0.95, 1.0) * (0.35 * behind) + wp.vec3(1.0, 0.97, 0.92) * (0.05 * gloss)
            light = wp.cw_mul(color, lit) + glow
            # Bright parts run softly into white instead of being cut off.
            total += wp.vec3(1.0 - wp.exp(-light[0]), 1.0 - wp.exp(-light[1]), 1.0 - wp.exp(-light[2])) * 1.06
        else:
            bright = wp.float32(1.0)
            if direction[2] < -1.0e-4:
                along = (corner[2] - eye[2]) / direction[2]
                bright = ground_shade(shade, corner, cell, eye[0] + along * direction[0], eye[1] + along * direction[1])
                # Shadows end before the picture does, so that pictures side by side make one sheet.
                border = wp.min(wp.min(x, float(width) - x), wp.min(y, float(height) - y)) / float(height)
                inside = wp.smoothstep(0.0, 0.09, border)
                bright = 1.0 - inside * (1.0 - bright)
            total += paper * bright
    picture[index] = total / float(finer * finer)
