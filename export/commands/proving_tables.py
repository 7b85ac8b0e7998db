"""What `protocols` and `select` found, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from export.scoring.answers import Levels
    from export.scoring.statistics import Interval
    from export.studies.columns.selection import Choice
    from export.studies.columns.summary import Summary
    from export.studies.columns.tryouts import Tryouts

WIDTH = 24  # of a row's name
LEVEL = 52  # of a level's


def columns_as_text(summary: Summary) -> str:
    """The table of columns, what each bearing was called, and what it took."""
    columns = summary.columns
    mean = _mean_cell(summary.mean_balanced_accuracy)

    def row(name: str, cells: list[float], mean: float | None) -> str:
        return _row(name, cells) + _mean_cell(mean)

    rows = [f"{'':<{WIDTH}}" + "".join(f"{name:>8}" for name in columns) + f"{'mean*':>8}"]
    rows.append(_row("int8, with baseline", [c.balanced_accuracy for c in columns.values()]) + mean)
    rows.append(_row("  spread over seeds", [c.spread for c in columns.values()]))
    low = "".join(_bound(c.interval, "low") for c in columns.values()) + _bound(summary.mean_interval, "low")
    high = "".join(_bound(c.interval, "high") for c in columns.values()) + _bound(summary.mean_interval, "high")
    rows += [f"{'  95 % over bearings':<{WIDTH}}{low}", f"{'':<{WIDTH}}{high}"]
    rows.append(row("int8, no baseline", [c.without_baseline for c in columns.values()], summary.mean_without_baseline))
    exact = [c.float_balanced_accuracy for c in columns.values()]
    rows.append(row("float, with baseline", exact, summary.mean_float_balanced_accuracy))
    rows += [row(name, [c.recipes[name] for c in columns.values()], m) for name, m in summary.mean_recipes.items()]
    found = [c.cnn for c in columns.values() if c.cnn is not None]
    if found and summary.cnn is not None:
        rows.append(row(f"CNN, {summary.cnn.steps} steps", found, summary.mean_cnn))
    rows.append(f"balanced accuracy, {summary.seeds} seeds; * these columns but 014")
    rows.append("- : one bearing per label, so that resampling bearings says nothing")
    rows.append(f"selected inside: {summary.experts.chosen}, of {len(summary.experts.tried)} sets of experts")
    rows.append("selected apart: each column by those inner folds alone that touch no window of its scored side")
    rows += ["", "recall per bearing"]
    for name, column in columns.items():
        recalls = ", ".join(f"{group} {recall:.3f}" for group, recall in column.per_group_recall.items())
        rows.append(f"{name:>8}  {recalls}")
    rows += ["", "took " + ", ".join(f"{part} {seconds:.0f} s" for part, seconds in summary.seconds.items())]
    return "\n".join(rows)


def levels_as_text(summary: Summary) -> str:
    """What the agent's own rule says of the windows of each column, by what is known of their machine."""
    from export.scoring.answers import answers_as_text

    named = {
        f"{name}: {level}": said for name, column in summary.columns.items() for level, said in column.levels.items()
    }
    return "\n".join(answers_as_text(named, heading="column: known", width=LEVEL))


def machines_as_text(machines: Levels) -> str:
    """What a finished bundle says of machines that are in no column."""
    from export.scoring.answers import answers_as_text

    return "\n".join(answers_as_text(machines, heading="heard by a finished bundle: known", width=LEVEL))


def tryouts_as_text(tryouts: Tryouts) -> str:
    """All that was tried, best first, and what was chosen."""
    names = list(tryouts.choice.tried[0].columns)
    rows = [f"{'score':>8}{'spread':>8}{'no base':>8}{'float':>8}" + "".join(f"{name:>8}" for name in names)]
    for tried in tryouts.choice.tried:
        own = (tried.score, *(of[tried.name] for of in (tryouts.spread, tryouts.without_baseline, tryouts.float_score)))
        rows.append("".join(f"{value:>8.3f}" for value in (*own, *tried.columns.values())) + f"  {tried.name}")
    rows += [_chosen(tryouts.choice, "recipes"), ""]
    rows.append(f"{'score':>8}{'':>24}" + "".join(f"{name:>8}" for name in names))
    for tried in tryouts.experts.tried:
        cells = "".join(f"{value:>8.3f}" for value in tried.columns.values())
        rows.append(f"{tried.score:>8.3f}{'':>24}{cells}  {tried.name}")
    rows += [_chosen(tryouts.experts, "sets of experts"), ""]
    rows.append(
        f"balanced accuracy of windows inside the training sides, {tryouts.choice.folds} folds, {tryouts.seeds} seeds; "
        f"took {tryouts.seconds:.0f} s"
    )
    return "\n".join(rows)


def _chosen(choice: Choice, what: str) -> str:
    others = [f"{column} {name}" for column, name in choice.apart.items() if name != choice.chosen]
    apart = f"for {'; '.join(others)}" if others else "the same for every column"
    return (
        f"chosen: {choice.chosen}, of {len(choice.tried)} {what} tried\n"
        f"by folds that touch no window of a column's scored side: {apart}"
    )


def _row(name: str, cells: list[float]) -> str:
    return f"{name:<{WIDTH}}" + "".join(f"{cell:>8.3f}" for cell in cells)


def _mean_cell(mean: float | None) -> str:
    return "" if mean is None else f"{mean:>8.3f}"


def _bound(interval: Interval | None, side: str) -> str:
    return f"{'-':>8}" if interval is None else f"{getattr(interval, side):>8.3f}"
