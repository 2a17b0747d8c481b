"""RESULTS.md from what has been run: every figure of every pair, and who wins by the rule stated in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .measures import MEASURES, Figures, compare

OURS = "ours"
TRUTH = "true motion"
RIVALS = ("linear blend", "plain MLP", "paper", "barycentre", "level set")
LEARNED = (OURS, "plain MLP", "paper")
"""Trained, and therefore run with several seeds."""
COLLAPSE = 0.9
"""Of the smaller end's volume, or of the true one where it is known."""
COLUMNS = {
    "least_volume": "least volume",
    "volume_departure": "volume off",
    "area_departure": "area off",
    "invented": "invented",
    "thin_loss": "thin lost",
    "path_length": "path",
    "speed_variation": "uneven",
    "jerk": "jerk",
    "ends": "ends %",
    "off_truth": "off truth %",
}


@dataclass(frozen=True)
class PairResult:
    """All runs of one pair."""

    name: str
    held_out: bool
    preset: str
    runs: list[dict[str, Any]]

    def of(self, method: str) -> list[Figures]:
        return [run["figures"] for run in self.runs if run["method"] == method]

    def mean(self, method: str) -> Figures:
        """Over the seeds; None where one of them has none."""
        runs = self.of(method)
        names = runs[0] if runs else {}
        return {name: _mean([run[name] for run in runs]) for name in names}

    def seconds(self, method: str) -> float:
        times = [run["seconds"] for run in self.runs if run["method"] == method]
        return float(sum(times) / len(times))

    def least(self) -> float:
        """Our least volume over the seeds, of the true one where that is known."""
        values = [run.get("least_of_truth", run["least_volume"]) for run in self.of(OURS)]
        return min(0.0 if value is None else value for value in values)

    def verdicts(self, rival: str) -> dict[str, int]:
        ours, theirs = self.mean(OURS), self.mean(rival)
        true = self.mean(TRUTH).get("path_length")
        if true is not None:
            for figures in (ours, theirs):
                length = figures["path_length"]
                figures["path_length"] = None if length is None else abs(length - true)
        return {name: compare(name, ours[name], theirs[name]) for name in MEASURES if name in ours and name in theirs}


def write_table(folder: Path) -> None:
    """Gather the results of a folder into its RESULTS.md."""
    results = [_read(path) for path in sorted((folder / "results").glob("*.json"))]
    results = [result for result in results if result.of(OURS)]
    if results:
        (folder / "RESULTS.md").write_text("\n".join(_lines(results)) + "\n", encoding="utf-8")


def _seeds(results: Sequence[PairResult], method: str) -> str:
    counts = [len(result.of(method)) for result in results]
    return f"{max(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


def _read(path: Path) -> PairResult:
    values = json.loads(path.read_text(encoding="utf-8"))
    return PairResult(values["pair"], values["held_out"], values["preset"], values["runs"])


def _lines(results: Sequence[PairResult]) -> Iterator[str]:
    presets = ", ".join(sorted({result.preset for result in results}))
    yield "# In-betweens beside their rivals"
    yield ""
    yield "Written by `python -m benchmarks.inbetweens`; `results/` holds the figures, `sheets/` the pictures."
    counted = [f"{_seeds(results, method)} of {method}" for method in LEARNED]
    yield f"{len(results)} pairs; seeds (their mean is shown): {', '.join(counted)}; preset {presets}."
    yield ""
    yield "The plain MLP has the sampling, loss, optimiser and steps of ours, but neither bound nor guide; the paper's"
    yield "recipe runs for a little longer than ours takes. The barycentre is told the volume, and the level set is"
    yield "shown at even steps of what it has left to do, which helps both."
    yield ""
    yield "A win or a loss is a difference beyond the tolerance; less is a tie, and so is nothing against nothing."
    yield "A figure that could not be taken, because a frame is empty, loses against any figure. Where the true motion"
    yield "is known, the better path is the one whose length is closer to the true one's: a turn is no straight line."
    yield ""
    yield "| measure | tolerance |"
    yield "|---|---|"
    for name, rule in MEASURES.items():
        yield f"| **{COLUMNS[name]}**: {rule.title} | {rule.tolerance:g} |"
    for held_out, title in ((False, "Pairs that may be worked on"), (True, "Pairs held out")):
        group = [result for result in results if result.held_out == held_out]
        if group:
            yield from _group(title, group)


def _group(title: str, results: Sequence[PairResult]) -> Iterator[str]:
    yield from ("", f"## {title}", "")
    steady = [result for result in results if result.least() >= COLLAPSE]
    yield (
        f"Least volume of ours, over all seeds, at least {COLLAPSE:g} of the smaller end's (of the true one where that "
        f"is known): {len(steady)} of {len(results)} pairs."
    )
    for result in sorted(results, key=PairResult.least):
        if result.least() < COLLAPSE:
            yield f"- {result.name}: {result.least():.2f}"
    yield from _overall(results)
    yield from _tally(results)
    for result in results:
        yield from _pair(result)


def _overall(results: Sequence[PairResult]) -> Iterator[str]:
    """Mean and worst of every method."""
    yield from (
        "",
        "Mean (worst) over pairs and seeds; runs without a figure are left out of both and counted after +:",
        "",
    )
    yield "| method | " + " | ".join(COLUMNS[name] for name in MEASURES) + " |"
    yield "|---" * (len(MEASURES) + 1) + "|"
    for method in (OURS, *RIVALS):
        runs = [run for result in results for run in result.of(method)]
        if runs:
            cells = [_spread(name, [run[name] for run in runs if name in run]) for name in MEASURES]
            yield f"| {method} | " + " | ".join(cells) + " |"


def _spread(name: str, values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    lacking = len(values) - len(known)
    figures = f"{sum(known) / len(known):.2f} ({_worst(name, known):.2f})" if known else "–"
    return figures + (f" +{lacking}" if lacking else "")


def _tally(results: Sequence[PairResult]) -> Iterator[str]:
    """Wins, ties and losses of ours, by rival and measure."""
    yield from ("", "Ours against each rival, pairs won / tied / lost:", "")
    yield "| against | " + " | ".join(COLUMNS[name] for name in MEASURES) + " | all measures won or tied |"
    yield "|---" * (len(MEASURES) + 2) + "|"
    for rival in RIVALS:
        verdicts = [result.verdicts(rival) for result in results if result.of(rival)]
        if verdicts:
            cells = [_counts([verdict[name] for verdict in verdicts if name in verdict]) for name in MEASURES]
            clean = sum(min(verdict.values()) >= 0 for verdict in verdicts)
            yield f"| {rival} | " + " | ".join(cells) + f" | {clean} of {len(verdicts)} pairs |"


def _pair(result: PairResult) -> Iterator[str]:
    ours = result.of(OURS)
    yield from ("", f"### {result.name}", "")
    yield f"Seeds: {len(ours)}. A star marks what beats the mean of ours beyond the tolerance."
    yield ""
    names = [name for name in MEASURES if name in ours[0]]
    yield "| method | " + " | ".join(COLUMNS[name] for name in names) + " | seconds |"
    yield "|---" * (len(names) + 2) + "|"
    yield _row("**ours**", result.mean(OURS), names, {}, result.seconds(OURS))
    if len(ours) > 1:
        worst = {name: _worst(name, [run[name] for run in ours]) for name in names}
        yield _row("ours, worst seed", worst, names, {}, None)
    for rival in RIVALS:
        if result.of(rival):
            yield _row(rival, result.mean(rival), names, result.verdicts(rival), result.seconds(rival))
    if result.of(TRUTH):
        yield _row(TRUTH, result.mean(TRUTH), names, {}, None)


def _row(label: str, figures: Figures, names: Sequence[str], verdicts: Mapping[str, int], seconds: float | None) -> str:
    cells = []
    for name in names:
        value = figures.get(name)
        cells.append(("–" if value is None else f"{value:.2f}") + (" *" if verdicts.get(name) == -1 else ""))
    return f"| {label} | " + " | ".join(cells) + f" | {'' if seconds is None else f'{seconds:.0f}'} |"


def _counts(verdicts: Sequence[int]) -> str:
    return " / ".join(str(verdicts.count(value)) for value in (1, 0, -1)) if verdicts else "–"


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


def _worst(name: str, values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return min(known) if MEASURES[name].more_is_better else max(known)
