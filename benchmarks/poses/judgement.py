"""Which hard pairs are matched rightly, and which wrong matches are taken: python -m benchmarks.poses.judgement"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
from scipy.spatial import KDTree

from lipmlp_engine.poses.pairing import Pairing
from lipmlp_engine.poses.recognition import judged

from .lookalikes import RECIPES, Pair
from .measures import on_pose

MEASURED = 400
RIGHT = 3.0
"""Mean error along the surface, in % of the diameter, up to which a match is right."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.poses.judgement", description=__doc__)
    parser.add_argument("names", nargs="*", help="names of pairs; those worked on where none is named")
    parser.add_argument("--kept-aside", action="store_true", help="those kept aside instead")
    given = parser.parse_args(arguments)
    names = given.names or [name for name, recipe in RECIPES.items() if recipe.kept_aside == given.kept_aside]
    errors, right, taken, spent, wrong = [], 0, 0, [], []
    for name in names:
        pair = RECIPES[name].made(name)
        began = time.process_time()
        verdict = judged(pair.source, pair.target)
        spent.append(time.process_time() - began)
        error = off(verdict.pairing, pair) if verdict.pairing is not None else None
        fits = error is not None and error <= RIGHT
        right += fits
        if error is not None and not verdict.objection:
            errors.append(error)
            taken += fits
            wrong += [] if fits else [name]
        said = verdict.objection or "taken"
        shown = "no match" if error is None else f"match {error:.2f} % of the diameter"
        doubt = "" if verdict.pairing is None else f", doubt {verdict.pairing.doubt:.2f}"
        print(f"{name}: {shown}{doubt}, {spent[-1]:.1f} CPU-s: {said}", flush=True)
    print(
        f"{len(names)} pairs: {len(errors)} taken, {np.mean(errors):.2f} % in the mean, wrong ones: "
        f"{', '.join(wrong) or 'none'}; of {right} right matches {taken} taken; CPU-s: median {np.median(spent):.1f}, "
        f"most {np.max(spent):.1f}"
    )


def off(found: Pairing, pair: Pair) -> float:
    """The mean distance along the second surface from where places belong, in % of its diameter."""
    chosen = np.linspace(0, len(found.first.vertices) - 1, MEASURED).astype(int)
    tree = KDTree(found.second.vertices)
    laid = tree.query(found.fit.places[chosen])[1]
    errors = []
    for truth in pair.truths:
        rightly = tree.query(on_pose(found.first.vertices[chosen], pair.places, truth, pair.faces))[1]
        distances = found.second.distances(rightly)
        errors.append(float(100 * distances[np.arange(MEASURED), laid].mean() / distances.max()))
    return min(errors)


if __name__ == "__main__":
    main()
