"""Evaluation scores what the edge computes: retrieval apart from the gate, baselines taught, nothing guessed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import wavfile

import simulator
from agent.bundle.encoder import load_encoder
from agent.bundle.load import DEFAULT, Bundle, load_bundle
from agent.errors import RecordingError
from agent.types import FAULTS
from export.cli import main
from export.data import trained_files
from export.data.manifest import COLUMNS, read_manifest
from export.evaluation.edge_replay import IDLE, Listened, learn_baselines, listen
from export.evaluation.evaluate import evaluate
from export.scoring.statistics import auroc, bootstrap_balanced, rate_of, share_of, single_groups, wilson

RATE_HZ = 12_000


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle("default")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of one simulated motor as .npy files: two healthy ones, one with a fault, one damaged."""
    folder = tmp_path_factory.mktemp("judged")
    for name, fault, seconds in (("base", "healthy", 6), ("healthy", "healthy", 6), ("inner", "inner_race", 4)):
        samples = simulator.signal(fault, seconds=seconds, rpm=1800, rate_hz=RATE_HZ, seed=len(name))
        np.save(folder / f"{name}.npy", samples[:, :1])
    (folder / "damaged.npy").write_bytes(b"\x93NUMPY broken")
    return folder


def manifest(folder: Path, *lines: str) -> Path:
    path = folder / f"set{len(list(folder.glob('*.csv')))}.csv"
    path.write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")
    return path


def line(name: str, label: str, role: str = "") -> str:
    return f"{name}.npy,,{RATE_HZ},1800,6205,motor,{name},{label},{role}"


def test_the_last_line_is_one_document(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = manifest(
        folder,
        line("base", "healthy", "baseline"),
        line("healthy", "healthy"),
        line("inner", "inner_race"),
        line("damaged", "ball"),
    )
    assert main(["evaluate", "--manifest", str(path), "--json", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out.splitlines()[-1])
    assert document["windows"] == 9 + 5
    assert document["balanced_accuracy"] == pytest.approx(np.mean(list(document["per_class_recall"].values())))
    assert set(document["per_class_recall"]) == {"healthy", "inner_race"}
    assert set(document["per_group_recall"]) == {"healthy", "inner"}
    assert 0 <= document["interval"]["low"] <= document["balanced_accuracy"] <= document["interval"]["high"] <= 1
    assert 0 <= document["macro_auroc"] <= 1
    assert document["single_group_labels"] == ["healthy", "inner_race"]
    assert any("damaged.npy" in note for note in document["skipped"])
    assert "damaged.npy" in printed.err
    gated = document["gated"]
    assert gated["false_alarms"]["windows"] == 9
    assert gated["deviating_healthy"]["windows"] == 9
    assert gated["alerts_on_faults"]["recordings"] == 1
    assert sum(gated["per_class"]["healthy"].values()) == pytest.approx(1)
    for name in ("confusion.png", "similarity.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_without_json_it_is_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--manifest", str(manifest(folder, line("inner", "inner_race")))]) == 0
    out = capsys.readouterr().out
    assert "balanced accuracy" in out
    assert "inner_race" in out
    assert "healthy windows that deviate    none" in out


def test_bad_rows_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = manifest(folder, line("healthy", "healthy"), line("healthy", "broken"), line("absent", "ball"))
    assert main(["evaluate", "--manifest", str(path)]) == 65
    err = capsys.readouterr().err
    assert f"{path}:3: column label" in err
    assert f"{path}:4: column path" in err


def test_nothing_readable_is_an_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--manifest", str(manifest(folder, line("damaged", "ball")))]) == 65
    assert "damaged.npy" in capsys.readouterr().err


def test_the_label_changes_no_answer(folder: Path, bundle: Bundle) -> None:
    _, encoder = load_encoder(bundle)
    rows = read_manifest(manifest(folder, line("inner", "inner_race"), line("healthy", "healthy")))
    heard, _ = listen(rows, bundle, encoder)
    lied, _ = listen([replace(row, label="ball") for row in rows], bundle, encoder)
    for one, other in zip(heard, lied, strict=True):
        assert np.array_equal(one.similarity, other.similarity)
        assert one.called == other.called


def test_a_baseline_teaches_its_own_machine_only(folder: Path, bundle: Bundle) -> None:
    _, encoder = load_encoder(bundle)
    taught = manifest(folder, line("base", "healthy", "baseline"), line("inner", "inner_race"))
    (known,), notes = listen(read_manifest(taught), bundle, encoder)
    assert notes == []
    assert np.isfinite(known.deviation).all()
    rows = [replace(row, machine=row.machine + row.role) for row in read_manifest(taught)]
    (stranger,), _ = listen(rows, bundle, encoder)
    assert np.isnan(stranger.deviation).all()
    assert not np.array_equal(known.similarity, stranger.similarity)


def test_a_slow_quiet_speed_teaches_beside_a_loud_one(folder: Path, bundle: Bundle) -> None:
    """Commissioned together, the quiet windows would look like standing still."""
    quiet = simulator.signal("healthy", seconds=6, rpm=900, rate_hz=RATE_HZ, seed=5)[:, :1] * np.float32(0.01)
    np.save(folder / "slow.npy", quiet)
    slow = f"slow.npy,,{RATE_HZ},900,6205,motor,slow,healthy,baseline"
    rows = read_manifest(manifest(folder, line("base", "healthy", "baseline"), slow, line("inner", "inner_race")))
    baselines, notes = learn_baselines(rows, bundle)
    assert notes == []
    assert baselines["motor", "6205"].covers(1800)
    assert baselines["motor", "6205"].covers(900)


def test_every_bearing_of_a_machine_learns(folder: Path, bundle: Bundle) -> None:
    other = f"inner.npy,,{RATE_HZ},1800,8/7.94/33.5,motor,other,inner_race,"
    rows = read_manifest(manifest(folder, line("base", "healthy", "baseline"), other))
    baselines, _ = learn_baselines(rows, bundle)
    first, second = baselines["motor", "6205"].reference(1800), baselines["motor", "8/7.94/33.5"].reference(1800)
    assert first is not None
    assert second is not None
    assert not np.array_equal(first.values, second.values)


def test_too_few_windows_teach_nothing_and_it_is_said(folder: Path, bundle: Bundle) -> None:
    _, encoder = load_encoder(bundle)
    short = np.load(folder / "base.npy")[: 3 * RATE_HZ]
    np.save(folder / "short.npy", short)
    rows = read_manifest(manifest(folder, line("short", "healthy", "baseline"), line("inner", "inner_race")))
    (heard,), notes = listen(rows, bundle, encoder)
    assert np.isnan(heard.deviation).all()
    assert any("motor: 3 baseline windows at 1800 rpm" in note for note in notes)


def test_windows_that_the_edge_does_not_judge_are_still_retrieved(folder: Path, bundle: Bundle) -> None:
    """Retrieval knows no gate: a clipped window and one too quiet to run are scored; one of no numbers is not."""
    _, encoder = load_encoder(bundle)
    samples = np.load(folder / "inner.npy")
    limit = np.quantile(np.abs(samples), 0.98)
    np.save(folder / "clipped.npy", np.clip(samples, -limit, limit))
    np.save(folder / "quiet.npy", samples * np.float32(0.01))
    broken = samples.copy()
    broken[-10:] = np.nan
    wavfile.write(folder / "broken.wav", RATE_HZ, broken)  # of a table the rows would be left out
    names = ("clipped", "quiet", "broken")
    told = [line(name, "inner_race").replace("broken.npy", "broken.wav") for name in names]
    lines = [line("base", "healthy", "baseline"), *told]
    heard, _ = listen(read_manifest(manifest(folder, *lines)), bundle, encoder)
    clipped, quiet, broken_one = heard
    assert set(clipped.called) == {"invalid"}
    assert np.isfinite(clipped.similarity).all()
    assert set(quiet.called) == {IDLE}
    assert np.isfinite(quiet.similarity).all()
    assert broken_one.called[-1] == "invalid"
    assert np.isnan(broken_one.similarity[-1]).all()
    found = evaluate(heard, bundle)
    assert found.windows == 14
    assert found.windows_without_embedding == 1
    assert found.gated.per_class["inner_race"]["unjudged"] == pytest.approx(11 / 15)


# ------------------------------------------------------------------------------------------------ figures by hand


def said(label: str, group: str, nearest: list[str], gated: list[str]) -> Listened:
    """A recording whose nearest faults and gated names are given."""
    similarity = np.zeros((len(nearest), len(FAULTS)), np.float32)
    for row, fault in enumerate(nearest):
        similarity[row, FAULTS.index(fault)] = 1
    nan = np.full(len(nearest), np.nan, np.float32)
    certain, asked = np.ones(len(nearest), np.float32), (None,) * len(nearest)
    return Listened(group, label, group, similarity, certain, tuple(gated), asked, nan, (), 2.0)


def test_what_is_asked_about_bearings_is_counted_per_label(bundle: Bundle) -> None:
    one = said("ball", "a", ["ball"] * 3, ["bearing", "bearing", "unknown"])
    heard = [
        replace(one, asked=("geometry_told", None, "geometry_unknown")),
        said("healthy", "b", ["healthy"], ["healthy"]),
    ]
    assert evaluate(heard, bundle).gated.asked == {
        "ball": {"geometry_told": 1, "geometry_unknown": 1},
        "healthy": {},
    }


def test_balanced_accuracy_averages_recalls_and_ignores_the_gate(bundle: Bundle) -> None:
    heard = [
        said("healthy", "a", ["healthy"] * 8, ["unknown"] * 8),
        said("ball", "b", ["ball", "cage"], ["ball", "cage"]),
        said("ball", "c", ["cage", "healthy"], ["unknown", "healthy"]),
    ]
    found = evaluate(heard, bundle)
    assert found.per_class_recall == {"ball": 0.25, "healthy": 1.0}
    assert found.balanced_accuracy == 0.625
    assert found.per_group_recall == {"a": 1.0, "b": 0.5, "c": 0.0}
    assert found.confusion["ball"]["cage"] == 0.5
    assert found.single_group_labels == ("healthy",)
    assert found.interval.low == pytest.approx(0.5)
    assert found.interval.high == pytest.approx(0.75)
    gated = found.gated
    assert gated.unknown is not None
    assert gated.unknown.share == pytest.approx(9 / 12)
    assert gated.per_class["ball"] == {
        "right": 0.25,
        "parent": 0,
        "healthy": 0.25,
        "wrong_fault": 0.25,
        "abnormal": 0,
        "unknown": 0.25,
        "unjudged": 0,
    }
    assert gated.said == {
        "ball": {"ball": 0.25, "cage": 0.25, "healthy": 0.25, "unknown": 0.25},
        "healthy": {"unknown": 1.0},
    }
    assert gated.false_alarms is not None
    assert gated.false_alarms.share == 0
    assert gated.false_alarms.high > 0.6  # eight overlapping windows are two independent ones
    assert gated.reliability is not None
    assert gated.reliability.error == pytest.approx(1 - 0.25 / 0.75)  # three names of four balls, one of them right


def test_a_parent_and_abnormal_are_neither_right_nor_wrong_nor_unknown(bundle: Bundle) -> None:
    names = ["ball", "bearing", "rotor", "abnormal"]
    heard = [said("ball", "a", ["ball"] * 4, names), said("healthy", "b", ["healthy"] * 4, ["healthy", *names[1:]])]
    gated = evaluate(heard, bundle).gated
    shares = {"right": 0.25, "parent": 0.25, "wrong_fault": 0.25, "abnormal": 0.25}
    assert gated.per_class["ball"] == {**shares, "healthy": 0, "unknown": 0, "unjudged": 0}
    assert gated.said["ball"] == dict.fromkeys(names, 0.25)
    assert gated.per_class["healthy"]["wrong_fault"] == 0.5  # no parent is right of a healthy machine
    assert gated.per_class["healthy"]["parent"] == 0


def test_a_label_without_description_cannot_be_right(bundle: Bundle) -> None:
    found = evaluate([said("rubbing", "a", ["ball"] * 3, ["unknown"] * 3)], bundle)
    assert found.undescribed_labels == ("rubbing",)
    assert found.balanced_accuracy == 0
    with pytest.raises(RecordingError):
        evaluate([], bundle)


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=30))
def test_auroc_is_the_chance_that_a_positive_scores_higher(cases: list[tuple[int, bool]]) -> None:
    scores, positive = np.array([s for s, _ in cases], np.float64), np.array([p for _, p in cases])
    pairs = [(a > b) + (a == b) / 2 for a in scores[positive] for b in scores[~positive]]
    if not pairs:
        assert auroc(scores, positive) is None
    else:
        assert auroc(scores, positive) == pytest.approx(np.mean(pairs))


def test_bounds_of_shares_and_rates() -> None:
    assert wilson(0.0, 20).low == 0
    assert wilson(0.0, 20).high == pytest.approx(0.1611, abs=1e-4)
    half = wilson(0.5, 100)
    assert (half.low, half.high) == (pytest.approx(0.4038, abs=1e-4), pytest.approx(0.5962, abs=1e-4))
    rate = rate_of(0, 2.0)
    assert rate is not None
    assert rate.high == pytest.approx(3.689 / 2, abs=1e-3)
    assert rate_of(3, 0.0) is None
    assert share_of(np.empty(0, np.bool_)) is None


def test_the_bootstrap_resamples_groups_not_windows() -> None:
    right = np.repeat([True, False], 500)
    labels = np.full(1000, "ball")
    one_each = bootstrap_balanced(right, labels, np.repeat(["a", "b"], 500))
    assert (one_each.low, one_each.high) == (0, 1)
    many = bootstrap_balanced(right, labels, np.arange(1000).astype(str))
    assert many.low > 0.45
    assert many.high < 0.55
    assert single_groups(labels, np.repeat(["a", "b"], 500)) == []


@pytest.mark.data
def test_real_recordings(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rig = tmp_path / "rig"
    rig.mkdir()
    for name in ("Normal_600.mat", "Normal_1200.mat", "IR2_1200.mat"):
        (source,) = (shared_data / "hit_selfbuilt").rglob(name)
        (rig / name).symlink_to(source)
    assert main(["manifest", "hit", str(rig), "--out", str(tmp_path / "hit.csv")]) == 0
    text = (tmp_path / "hit.csv").read_text().splitlines()
    text = [row + "baseline" if "Normal_600" in row else row for row in text]
    (tmp_path / "hit.csv").write_text("\n".join(text) + "\n")
    assert main(["evaluate", "--manifest", str(tmp_path / "hit.csv"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert document["recordings"] == 2
    assert document["windows"] == 14


# ----------------------------------------------------------------------------------------------- recordings trained on


def test_what_was_trained_on_is_said_and_scored_apart(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "bundle"
    shutil.copytree(DEFAULT, own)
    (own / trained_files.FILE).write_bytes(trained_files.stored([folder / "inner.npy"]))
    asked = ["evaluate", "--bundle", str(own), "--manifest"]
    both = manifest(folder, line("healthy", "healthy"), line("inner", "inner_race"))
    assert main([*asked, str(both), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["trained_on"] == [str(folder / "inner.npy")]
    assert list(document["trained"]["per_class_recall"]) == ["inner_race"]
    assert list(document["unseen"]["per_class_recall"]) == ["healthy"]
    assert document["trained"]["windows"] + document["unseen"]["windows"] == document["windows"]
    assert main([*asked, str(both)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("trained on: 1 of these 2 recordings, whose figures say nothing of others: ")
    assert told.index("UNSEEN") < told.index("TRAINED ON")

    assert main([*asked, str(manifest(folder, line("healthy", "healthy"))), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["trained_on"], document["trained"], document["unseen"]) == ([], None, None)
    assert main([*asked, str(manifest(folder, line("inner", "inner_race")))]) == 0
    told = capsys.readouterr().out
    assert "1 of these 1 recordings" in told
    assert "UNSEEN" not in told


def test_a_bundle_that_does_not_say_what_it_was_trained_on_is_told_of(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "bundle"
    shutil.copytree(DEFAULT, own, ignore=shutil.ignore_patterns(trained_files.FILE))
    path = manifest(folder, line("healthy", "healthy"))
    assert main(["evaluate", "--bundle", str(own), "--manifest", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trained_on"] is None
    assert main(["evaluate", "--bundle", str(own), "--manifest", str(path)]) == 0
    assert capsys.readouterr().out.startswith("trained on: this bundle does not say")


# --------------------------------------------------------------------------------------------------- short recordings


def short_rows(folder: Path, fault: str, count: int, role: str = "") -> list[str]:
    """Manifest lines of as many recordings of half a second."""
    lines = []
    for seed in range(count):
        name = f"short-{role or 'judged'}-{fault}-{seed}"
        np.save(
            folder / f"{name}.npy", simulator.signal(fault, seconds=0.5, rpm=1800, rate_hz=RATE_HZ, seed=seed)[:, :1]
        )
        lines.append(line(name, fault, role))
    return lines


@pytest.mark.parametrize("teacher", ["short", "long"])
def test_short_recordings_are_judged_and_counted_beside_what_short_ones_teach(
    teacher: str, folder: Path, bundle: Bundle
) -> None:
    taught = [line("base", "healthy", "baseline")]
    if teacher == "short":
        taught = short_rows(folder, "healthy", 30, "baseline")
    judged = [*short_rows(folder, "healthy", 33)[31:], *short_rows(folder, "inner_race", 2)]
    rows = read_manifest(manifest(folder, *taught, *judged))
    heard, notes = listen(rows, bundle, load_encoder(bundle, "auto")[1])
    assert notes == []
    assert [(one.label, one.called, one.pieces) for one in heard] == [
        ("healthy", ("healthy",), 1),
        ("healthy", ("healthy",), 1),
        ("inner_race", ("bearing",), 1),
        ("inner_race", ("bearing",), 1),
    ]
    assert all(np.isfinite(one.deviation).all() for one in heard)
    scored = evaluate(heard, bundle)
    assert (scored.windows, scored.pieces) == (4, 4)
    assert (scored.gated.per_class["inner_race"]["parent"], scored.gated.false_alarms.share) == (1.0, 0.0)
    assert scored.gated.alerts_on_faults is None  # one window of each raises nothing


def test_short_and_long_recordings_are_each_compared_with_their_like(folder: Path, bundle: Bundle) -> None:
    taught = [line("base", "healthy", "baseline"), *short_rows(folder, "healthy", 12, "baseline")]
    rows = read_manifest(manifest(folder, *taught, line("healthy", "healthy"), *short_rows(folder, "inner_race", 1)))
    long, short = listen(rows, bundle, load_encoder(bundle, "auto")[1])[0]
    alone = read_manifest(manifest(folder, taught[0], line("healthy", "healthy")))
    (before,), _ = listen(alone, bundle, load_encoder(bundle, "auto")[1])
    np.testing.assert_array_equal(long.deviation, before.deviation)
    assert (long.called, long.pieces) == (before.called, 0)
    assert (short.called, short.pieces) == (("bearing",), 1)


def test_a_recording_too_short_for_anything_is_noted(folder: Path, bundle: Bundle) -> None:
    np.save(folder / "blink.npy", simulator.signal("healthy", seconds=0.1, rpm=1800, rate_hz=RATE_HZ, seed=1)[:, :1])
    heard, (note,) = listen(
        read_manifest(manifest(folder, line("blink", "healthy"))), bundle, load_encoder(bundle, "auto")[1]
    )
    assert heard == []
    assert "blink.npy: no piece of it without a gap is 0.2 s long" in note
