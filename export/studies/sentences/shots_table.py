"""What a few windows of a fault added to its words, and what they cost: chosen apart from what is scored, then told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, pstdev

import msgspec

from export.studies.sentences.lent import RIG_OF
from export.studies.sentences.shots import HEAD_STARTS, WORDS_WEIGH, HeadStart, Shot, ShotsCell


class Choice(msgspec.Struct, frozen=True, order=True):
    """How examples and words share a description; `score` is the mean of recall and of the rest's balanced accuracy."""

    score: float
    words_weigh: float
    head_start: HeadStart


class Row(msgspec.Struct, frozen=True):
    """Means over the faults of one place and all draws; `spread` is that of the recall over draws."""

    place: str
    source: str
    shots: int
    faults: int
    words_weigh: float
    head_start: HeadStart
    recall: float
    spread: float
    called_in_error: float
    rest: float
    undescribed: float  # the rest's balanced accuracy while the fault has no description


def choice_for(cells: Sequence[ShotsCell], place: str | None) -> Choice | None:
    """The best by cells that lack the place's rig (None: by all that choose); None where there are none of them."""
    rig = None if place is None else RIG_OF.get(place, place)
    choosing = [cell for cell in cells if cell.without is not None and rig in (None, cell.without)]
    shots = [shot for cell in choosing for shot in cell.shots if shot.shots]
    if not shots:
        return None
    return max(
        Choice(
            fmean((one.said.recall + one.said.rest) / 2 for one in shots if _is_by(one, weigh, head_start)),
            weigh,
            head_start,
        )
        for weigh in WORDS_WEIGH
        for head_start in HEAD_STARTS
    )


def rows_of(cells: Sequence[ShotsCell]) -> list[Row]:
    """A row for every place, source and number of examples; a place without cells that choose for it uses all."""
    rows = []
    scored = [cell for cell in cells if cell.without is None]
    for place in dict.fromkeys(cell.place for cell in scored):
        chosen = choice_for(cells, place) or choice_for(cells, None)
        own = [cell for cell in scored if cell.place == place]
        if chosen is None:
            continue
        for source in dict.fromkeys(shot.source for cell in own for shot in cell.shots):
            counts = sorted({shot.shots for cell in own for shot in cell.shots})
            rows += [_row(place, source, count, own, chosen) for count in counts]
    return rows


def as_table(rows: Sequence[Row]) -> Iterator[str]:
    """A line for each row, under a header."""
    yield (
        f"{'place':<10}{'examples from':<14}{'examples':>9}{'recall':>8}{'spread':>8}{'others so':>11}{'rest':>7}"
        f"{'before':>8}  faults  words weigh, head start"
    )
    for row in rows:
        how = f"{row.words_weigh:g}, {row.head_start}" if row.shots else "words alone"
        yield (
            f"{row.place:<10}{row.source:<14}{row.shots:>9}{row.recall:>8.2f}{row.spread:>8.2f}"
            f"{row.called_in_error:>11.2f}{row.rest:>7.2f}{row.undescribed:>8.2f}{row.faults:>8}  {how}"
        )


def draw(path: Path, rows: Sequence[Row]) -> None:
    """Recall over examples, a line for every place and source, the rest's balanced accuracy beside it."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharex=True)
    for place, source in dict.fromkeys((row.place, row.source) for row in rows):
        own = [row for row in rows if (row.place, row.source) == (place, source)]
        ticks = range(len(own))
        line = "-" if source == "own rig" else "--"
        recalls, spreads = [row.recall for row in own], [row.spread for row in own]
        axes[0].errorbar(ticks, recalls, yerr=spreads, linestyle=line, marker="o", label=f"{place}, {source}")
        axes[1].plot(ticks, [row.rest for row in own], linestyle=line, marker="o")
        axes[0].set_xticks(list(ticks), [str(row.shots) for row in own])
    for one, title in zip(axes, ("recall of the fault", "balanced accuracy of the rest"), strict=True):
        one.set(title=title, xlabel="examples beside the words", ylim=(0, 1))
    axes[0].legend(fontsize=7)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)


def _row(place: str, source: str, count: int, cells: Sequence[ShotsCell], chosen: Choice) -> Row:
    found = [
        (cell, shot)
        for cell in cells
        for shot in cell.shots
        if (shot.source, shot.shots) == (source, count)
        and (not count or _is_by(shot, chosen.words_weigh, chosen.head_start))
    ]
    draws = [fmean(shot.said.recall for _, shot in found if shot.draw == n) for n in {shot.draw for _, shot in found}]
    return Row(
        place=place,
        source=source,
        shots=count,
        faults=len({cell.fault for cell, _ in found}),
        words_weigh=chosen.words_weigh,
        head_start=chosen.head_start,
        recall=fmean(shot.said.recall for _, shot in found),
        spread=pstdev(draws),
        called_in_error=fmean(shot.said.called_in_error for _, shot in found),
        rest=fmean(shot.said.rest for _, shot in found),
        undescribed=fmean(cell.undescribed for cell, _ in found),
    )


def _is_by(shot: Shot, words_weigh: float, head_start: HeadStart) -> bool:
    return (shot.words_weigh, shot.head_start) == (words_weigh, head_start)
