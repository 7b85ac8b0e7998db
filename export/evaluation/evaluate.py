"""What a bundle scores on recordings: retrieval alone, and apart from it what the edge would have said.

Every figure by one definition. Labels are read here, to score, and nowhere before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.bundle.load import Bundle
from agent.errors import RecordingError
from agent.faults import ABNORMAL, parent_of
from agent.types import HEALTHY, INVALID, UNKNOWN
from export.calibration.reliability import Reliability, reliability_of
from export.evaluation.edge_replay import IDLE, Listened
from export.scoring.statistics import Interval, Rate, Share, auroc, bootstrap_balanced, rate_of, share_of, single_groups


class Alerts(msgspec.Struct, frozen=True):
    """Alerts on recordings of machines with a fault, where a baseline covered the speed."""

    recordings: int
    raised: int
    median_delay_s: float | None


class Gated(msgspec.Struct, frozen=True):
    """What the edge would say: with its limits of unknown, quality and running gates, and its alerts.

    A false alarm is a healthy window that was named a fault. `deviating_*` and `alerts_*` need a baseline of the speed.
    """

    unknown: Share | None
    invalid: Share | None
    idle: Share | None
    false_alarms: Share | None
    per_class: dict[str, dict[str, float]]  # label -> share right, parent, wrong_fault, ...
    said: dict[str, dict[str, float]]  # label -> what is said -> share of its windows
    asked: dict[str, dict[str, int]]  # label -> what is asked about a bearing -> its windows; no name stands in for it
    reliability: Reliability | None  # of the names given, each label weighing the same; None where there are none
    deviating_healthy: Share | None
    deviating_faults: Share | None
    alerts_on_healthy: Rate | None
    alerts_on_faults: Alerts | None


class Evaluation(msgspec.Struct, frozen=True):
    """The JSON document of `evaluate`; shares of 1, intervals of 95 %."""

    bundle: str
    balanced_accuracy: float  # recall averaged over the labels present; nearest of all faults, no unknown, no gate
    macro_auroc: float | None  # one label against the rest by probability, averaged over the labels present
    interval: Interval  # of the balanced accuracy, over groups
    per_class_recall: dict[str, float]
    per_group_recall: dict[str, float]
    confusion: dict[str, dict[str, float]]  # label -> nearest fault -> share
    similarity: dict[str, dict[str, float]]  # label -> fault -> mean cosine
    single_group_labels: tuple[str, ...]  # the interval knows nothing about their spread
    undescribed_labels: tuple[str, ...]  # no description: they cannot be right
    recordings: int
    windows: int
    windows_without_embedding: int  # not scored: samples that are no numbers
    window_s: float
    hop_s: float
    pieces: int  # of the windows, scored or not: pieces of recordings shorter than `window_s`
    gated: Gated
    skipped: tuple[str, ...]
    trained_on: tuple[str, ...] | None = None  # recordings among these that trained the bundle; None: it does not say
    trained: Evaluation | None = None  # the same figures of those alone; None where there are none
    unseen: Evaluation | None = None  # of the others


def evaluate(
    heard: Sequence[Listened], bundle: Bundle, *, skipped: Sequence[str] = (), trained_on: Sequence[str] | None = None
) -> Evaluation:
    """Score what was heard; RecordingError where no window can be scored.

    With names of recordings that the bundle was trained on, these and the others are scored apart, too.
    """
    whole = _evaluate(heard, bundle, skipped=skipped)
    if trained_on is None:
        return whole
    known = [one for one in heard if one.name in trained_on]
    others = [one for one in heard if one.name not in trained_on]
    return msgspec.structs.replace(
        whole,
        trained_on=tuple(one.name for one in known),
        trained=_part(known, bundle),
        unseen=_part(others, bundle) if known else None,
    )


def _part(heard: Sequence[Listened], bundle: Bundle) -> Evaluation | None:
    scored = any(np.isfinite(one.similarity).all(axis=1).any() for one in heard)
    return _evaluate(heard, bundle, skipped=()) if scored else None


def _evaluate(heard: Sequence[Listened], bundle: Bundle, *, skipped: Sequence[str]) -> Evaluation:
    similarity = np.concatenate([one.similarity for one in heard]) if heard else np.empty((0, 1), np.float32)
    scored = np.isfinite(similarity).all(axis=1)
    if not scored.any():
        raise RecordingError("no window could be scored:\n" + "\n".join(skipped))
    faults = np.array(bundle.descriptions.faults)
    labels = _spread(heard, [one.label for one in heard])
    groups = _spread(heard, [one.group for one in heard])
    kept = similarity[scored]
    nearest, true, group = faults[kept.argmax(axis=1)], labels[scored], groups[scored]
    present = [str(label) for label in np.unique(true)]
    recall = {label: float((nearest[true == label] == label).mean()) for label in present}
    return Evaluation(
        bundle=f"{bundle.manifest.name} {bundle.manifest.version}",
        balanced_accuracy=float(np.mean(list(recall.values()))),
        macro_auroc=_macro_auroc(kept / bundle.calibration.temperature, true, bundle.descriptions.faults),
        interval=bootstrap_balanced(nearest == true, true, group),
        per_class_recall=recall,
        per_group_recall={str(g): float((nearest == true)[group == g].mean()) for g in np.unique(group)},
        confusion={
            label: {fault: float((nearest[true == label] == fault).mean()) for fault in faults.tolist()}
            for label in present
        },
        similarity={
            label: dict(zip(faults.tolist(), kept[true == label].mean(axis=0).astype(float).tolist(), strict=True))
            for label in present
        },
        single_group_labels=tuple(single_groups(true, group)),
        undescribed_labels=tuple(label for label in present if label not in bundle.descriptions.faults),
        recordings=len(heard),
        windows=int(scored.sum()),
        windows_without_embedding=int((~scored).sum()),
        window_s=bundle.spec.window_s,
        hop_s=bundle.spec.hop_s,
        pieces=sum(one.pieces for one in heard),
        gated=_gated(heard, labels, overlap=bundle.spec.window_s / bundle.spec.hop_s),
        skipped=tuple(skipped),
    )


def _spread(heard: Sequence[Listened], values: Sequence[str]) -> NDArray[np.str_]:
    """One value per recording -> one per window."""
    return np.repeat(np.array(values), [len(one.called) for one in heard])


def _macro_auroc(scaled: NDArray[np.float32], true: NDArray[np.str_], faults: Sequence[str]) -> float | None:
    weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    probability = weights / weights.sum(axis=1, keepdims=True)
    areas = [auroc(probability[:, faults.index(label)], true == label) for label in set(true) if label in faults]
    found = [area for area in areas if area is not None]
    return float(np.mean(found)) if found else None


def _gated(
    heard: Sequence[Listened],
    labels: NDArray[np.str_],
    *,
    overlap: float,
) -> Gated:
    called = np.concatenate([np.array(one.called) for one in heard])
    deviation = np.concatenate([one.deviation for one in heard])
    asked = np.array([about for one in heard for about in one.asked], dtype=object)
    named = ~np.isin(called, (HEALTHY, ABNORMAL, UNKNOWN, INVALID, IDLE))
    healthy, covered = labels == HEALTHY, np.isfinite(deviation)
    return Gated(
        unknown=share_of(called == UNKNOWN, overlap=overlap),
        invalid=share_of(called == INVALID, overlap=overlap),
        idle=share_of(called == IDLE, overlap=overlap),
        false_alarms=share_of(named[healthy], overlap=overlap),
        per_class={str(label): _answers(called[labels == label], str(label)) for label in np.unique(labels)},
        said={str(label): _shares(called[labels == label]) for label in np.unique(labels)},
        asked={label: dict(Counter(filter(None, asked[labels == label]))) for label in map(str, np.unique(labels))},
        reliability=_reliability(heard, called, labels),
        deviating_healthy=share_of(deviation[healthy & covered] >= 1, overlap=overlap),
        deviating_faults=share_of(deviation[~healthy & covered] >= 1, overlap=overlap),
        alerts_on_healthy=_false_alerts(heard),
        alerts_on_faults=_alerts_on_faults(heard),
    )


def _reliability(heard: Sequence[Listened], called: NDArray[np.str_], labels: NDArray[np.str_]) -> Reliability | None:
    """A name is right where it is the label or its parent."""
    given = ~np.isin(called, (ABNORMAL, UNKNOWN, INVALID, IDLE))
    if not given.any():
        return None
    probability = np.concatenate([one.probability for one in heard]).astype(np.float64)
    parents = np.array([parent_of(label) or label for label in labels.tolist()])
    right = (called == labels) | (called == parents)
    weights = np.array([1 / (labels == label).sum() for label in labels])
    return reliability_of(probability[given], right[given], weights[given])


def _shares(called: NDArray[np.str_]) -> dict[str, float]:
    names, counts = np.unique(called, return_counts=True)
    return {str(name): float(count / len(called)) for name, count in zip(names, counts, strict=True)}


def _answers(called: NDArray[np.str_], label: str) -> dict[str, float]:
    hits = {
        "right": called == label,
        "parent": called == (parent_of(label) or label),
        "healthy": called == HEALTHY,
        "abnormal": called == ABNORMAL,
        "unknown": called == UNKNOWN,
        "unjudged": np.isin(called, (INVALID, IDLE)),
    }
    left = np.ones(len(called), np.bool_)
    shares = {}
    for name, rows in hits.items():
        shares[name] = float((rows & left).mean())
        left &= ~rows
    return {**shares, "wrong_fault": float(left.mean())}


def _watched(heard: Sequence[Listened]) -> list[Listened]:
    """Recordings at a speed that a baseline covers: elsewhere the edge raises nothing by itself.

    And none on a short recording alone, since it counts windows.
    """
    return [one for one in heard if np.isfinite(one.deviation).any() and one.pieces < len(one.called)]


def _false_alerts(heard: Sequence[Listened]) -> Rate | None:
    healthy = [one for one in _watched(heard) if one.label == HEALTHY]
    return rate_of(sum(len(one.alerts_s) for one in healthy), sum(one.seconds for one in healthy) / 3600)


def _alerts_on_faults(heard: Sequence[Listened]) -> Alerts | None:
    faulty = [one for one in _watched(heard) if one.label != HEALTHY]
    if not faulty:
        return None
    delays = [one.alerts_s[0] for one in faulty if one.alerts_s]
    return Alerts(len(faulty), len(delays), float(np.median(delays)) if delays else None)
