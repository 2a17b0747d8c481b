"""One chart alone: fitted step by step to a noisy patch, it comes closer to the truth than the points are, and then
follows their noise: python -m benchmarks.points.patch --out patch.png"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from lipmlp_engine.points.charts import Charts, Transport

POINTS = 160
NOISE = 0.03
STEPS = 2000
EVERY = 20


def height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The truth: a smooth saddle with a swell."""
    return np.asarray(0.35 * (x**2 - y**2) + 0.1 * np.sin(3 * x))


def experiment(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Steps, the chart's mean distance from the truth and from the points, and that of the points from the truth."""
    rng = np.random.default_rng(seed)
    plane = rng.uniform(-1, 1, (POINTS, 2))
    lift = rng.standard_normal(POINTS) * NOISE
    points = np.column_stack([plane, height(*plane.T) + lift]).astype(np.float32)
    own = torch.from_numpy(points)[None]
    base = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]])
    charts = Charts(base, own.mean(1), seed)
    transport = Transport(torch.full((1, POINTS), 1 / POINTS))
    square = torch.rand(POINTS, 2, generator=torch.Generator().manual_seed(seed))
    weights, free = torch.full((1, POINTS), 1 / POINTS), torch.ones(1, dtype=torch.bool)
    steps, errors, residuals = [], [], []
    for step in range(STEPS + 1):
        if step % 5 == 0:
            blur = torch.tensor([max(0.03, 0.3 * (1 - step / 300))])
            targets = torch.bmm(transport.plan(charts(square), own, blur), own)
        if step % EVERY == 0:
            places = charts(square)[0].numpy()
            steps.append(step)
            errors.append(float(np.abs(places[:, 2] - height(places[:, 0], places[:, 1])).mean()))
            residuals.append(float(torch.cdist(charts(square)[0], own[0]).min(1).values.mean()))
        charts.step(square, targets, weights, free)
    return np.array(steps), np.array(errors), np.array(residuals), float(np.abs(lift).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("patch.png"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panel = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for seed in range(3):
        steps, errors, _, points = experiment(seed)
        best = int(errors.argmin())
        panel.plot(steps[1:], errors[1:], color=f"C{seed}", label=f"chart, seed {seed}")
        panel.axhline(points, color=f"C{seed}", linestyle=":", linewidth=1)
        print(f"seed {seed}: points {points:.4f}, chart at best {errors[best]:.4f} after {steps[best]} steps, "
              f"after {steps[-1]} steps {errors[-1]:.4f}")  # fmt: skip
    panel.set(xscale="log", yscale="log", xlabel="steps", ylabel="mean distance from the truth")
    panel.legend(title="dotted: the points themselves", fontsize=8)
    figure.savefig(given.out, dpi=130)


if __name__ == "__main__":
    main()
