"""A plot of the layers' singular values over a training, as a PNG. Measures nothing; needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..files.whole_file import moved_when_whole

Spectra = Sequence[tuple[float, Sequence[tuple[float, float]]]]
"""(share of the training done, largest and smallest singular value of each layer), in the order of time."""
SMALLEST = 1e-9
"""Where the logarithmic axis begins: single precision tells nothing less from one."""


def plot_spectra(spectra: Spectra, path: Path) -> None:
    """Draw how far each layer's largest and smallest singular value are from one."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    done = 100 * np.array([share for share, _ in spectra])
    values = np.maximum(np.abs(np.array([layers for _, layers in spectra]) - 1), SMALLEST)
    figure = Figure(figsize=(7.0, 3.6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for layer in range(values.shape[1]):
        (line,) = axes.semilogy(done, values[:, layer, 0], linewidth=1.6, label=f"layer {layer + 1}")
        axes.semilogy(done, values[:, layer, 1], linewidth=1.6, linestyle=":", color=line.get_color())
    axes.set(title="Singular values, their distance from one: largest, smallest dotted", xlabel="% of the training")
    axes.legend(frameon=False, fontsize=8, ncols=2)
    with moved_when_whole(path) as draft:
        figure.savefig(draft, format="png")
