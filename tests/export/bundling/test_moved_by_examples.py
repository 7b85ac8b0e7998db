"""Judged alerts move a fault's description: by how much, at whose cost, and what is no example of anything."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from small_windows import small_table

from agent.bundle.encoder import load_encoder
from agent.bundle.load import DEFAULT, Bundle, load_bundle
from agent.bundle.manifest import MANIFEST, identity_of
from agent.dsp.features import Features
from agent.dsp.spectra import FeatureSpec
from agent.errors import BundleError, ConfigError, RecordingError
from export.bundling.example_rows import read_example_rows
from export.bundling.examples import MAY_TAKE, deviation_of, embedded, hear_examples, turned_by
from export.bundling.redescribe import redescribe
from export.bundling.stored_examples import place_of, read_stored
from export.calibration.few_shots import MOST_OF_ALERT, Examples, between, shrunk, weight_of
from export.cli import main
from export.data.adopted import BASELINE, write_rows
from export.data.healthy import healthy_states
from export.data.table import Table, join
from export.text.encoders import NgramEncoder, TextError
from export.text.tower import Tower, sha256, tower_bytes

SPEC = FeatureSpec()
BUNDLE = load_bundle("default")
DIM = BUNDLE.descriptions.vectors.shape[1]
SEAL = '[en]\nseal_rub = ["the shaft rubs on its seal"]\n'


def rows_of(label: str, *, alert: str = "A1", machine: str = "pump", count: int = 4, far: float = 1.0) -> Table:
    """Windows of one alert `far` log units off their machine's healthy state, which stands beside them."""
    seed = int(sha256(alert.encode())[:8], 16)
    few = small_table(1).take(np.zeros(count + 1, np.intp))
    rng = np.random.default_rng(seed)
    state = BUNDLE.scaling.mean + 0.1 * rng.standard_normal(len(BUNDLE.scaling.mean))
    push = rng.standard_normal(len(state)) * far
    values = np.vstack([state + push + 0.1 * far * rng.standard_normal((count, len(state))), state])
    ends = np.array([False] * count + [True])
    return replace(
        few,
        values=values.astype(np.float32),
        known=np.ones_like(few.known),
        labels=np.where(ends, "healthy", label),
        groups=np.full(count + 1, f"gw/{machine}/-{label}"),
        machines=np.full(count + 1, machine),
        recordings=np.where(ends, f"{alert}{BASELINE}", alert),
        rpm=np.full(count + 1, 1500, np.float32),
        baseline=ends,
        half=np.zeros(count + 1, np.int8),
    )


def written(path: Path, tables: Sequence[Table]) -> Path:
    write_rows(join(tables), SPEC, path)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped encoder beside a small tower, stored with directions that windows may have."""
    folder = tmp_path_factory.mktemp("examples")
    rng = np.random.default_rng(5)
    centres = BUNDLE.descriptions.vectors[rng.integers(len(BUNDLE.descriptions.faults), size=400)]
    heard = (centres + 0.05 * rng.standard_normal(centres.shape)).astype(np.float32)
    encoder = NgramEncoder()
    content = tower_bytes(Tower(encoder.dim, DIM, hidden=4), encoder.name, heard=heard)
    (folder / "tower.npz").write_bytes(content)
    shutil.copytree(DEFAULT, folder / "bundle")
    manifest = msgspec.structs.replace(BUNDLE.manifest, tower_sha256=sha256(content))
    (folder / "bundle" / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    (folder / "seal.toml").write_text(SEAL)
    return folder


def vector_of(bundle: Bundle, fault: str) -> np.ndarray:
    return bundle.descriptions.vectors[bundle.descriptions.faults.index(fault)]


def examples_beside(folder: Path) -> Mapping[str, Examples]:
    return read_stored(folder, identity_of(load_bundle(folder).manifest)).examples


# ---------------------------------------------------------------------------------------------------- arithmetic


def test_machines_weigh_alike_and_so_do_the_alerts_of_one() -> None:
    one, other, third = np.eye(3, dtype=np.float32)
    vectors = np.stack([one] * 6 + [other] * 2 + [third])
    examples = Examples(vectors, np.array(["a"] * 8 + ["b"]), np.array(["1"] * 6 + ["2"] * 2 + ["3"]))
    np.testing.assert_allclose(examples.centre, np.array([0.5, 0.5, 1]) / np.sqrt(1.5), atol=1e-6)


def test_the_more_examples_the_farther_from_the_words_and_one_alert_counts_for_so_many() -> None:
    words, seen = np.eye(2, dtype=np.float32)
    told = [
        between(words, Examples(np.tile(seen, (n, 1)), np.full(n, "m"), np.full(n, "a")), words_weigh=10)[1]
        for n in (1, 5, MOST_OF_ALERT, 10 * MOST_OF_ALERT)
    ]
    assert told[0] < told[1] < told[2] == told[3]
    assert told[0] == pytest.approx(0.1 / np.hypot(1, 0.1), abs=1e-5)
    assert (weight_of(0, words_weigh=0), weight_of(10, words_weigh=10)) == (0, 0.5)


def test_a_head_start_shrinks_with_the_words_and_a_handicap_stays() -> None:
    assert shrunk(0.4, 0.25) == pytest.approx(0.3)
    assert shrunk(-0.4, 0.25) == -0.4


def test_what_a_fault_takes_and_what_it_gives_up() -> None:
    before, after = np.array(["ball", "cage", "ball", "cage"]), np.array(["ball", "ball", "cage", "cage"])
    assert turned_by("ball", before, after) == (0.25, 0.25)
    assert turned_by("looseness", before, after) == (0, 0)


# ---------------------------------------------------------------------------------------------------- hearing


def test_examples_are_heard_as_the_agent_hears_them(made: Path, tmp_path: Path) -> None:
    table = rows_of("ball")
    bundle = load_bundle(made / "bundle")
    _, encoder = load_encoder(bundle)
    state = Features(table.values[-1], table.known[-1])
    agent = [
        bundle.embedding(encoder.embed(bundle.codes(Features(values, known), state)))
        for values, known in zip(table.values[:-1], table.known[:-1], strict=True)
    ]
    found, notes = hear_examples([written(tmp_path / "rows.npz", [table])], bundle)
    np.testing.assert_array_equal(found["ball"].vectors, np.stack(agent))
    assert notes == ()


def test_each_alert_is_compared_with_its_own_healthy_state(made: Path, tmp_path: Path) -> None:
    """Two bearings of one machine have one name in a table and two healthy states."""
    bundle = load_bundle(made / "bundle")
    one, other = rows_of("ball", alert="A1"), rows_of("cage", alert="B2")
    alone = hear_examples([written(tmp_path / "one.npz", [one])], bundle)[0]["ball"]
    both = hear_examples([written(tmp_path / "both.npz", [one, other])], bundle)[0]["ball"]
    np.testing.assert_array_equal(alone.vectors, both.vectors)
    mixed = embedded(bundle, join([one, other]), healthy_states(join([one, other]), bundle.scaling.speed_bound))
    assert not np.allclose(mixed[:4], alone.vectors, atol=1e-3)


def test_what_looks_healthy_is_no_example(made: Path, tmp_path: Path) -> None:
    bundle = load_bundle(made / "bundle")
    near, far = rows_of("ball", far=0.01), rows_of("ball", alert="B2")
    found, notes = hear_examples([written(tmp_path / "rows.npz", [near, far])], bundle)
    assert set(found["ball"].alerts.tolist()) == {"B2"}
    assert len(notes) == 4
    assert all("rows.npz: row" in note and "(alert A1)" in note and "of the limit" in note for note in notes)
    with pytest.raises(RecordingError, match="no example of a fault is left"):
        hear_examples([written(tmp_path / "near.npz", [near])], bundle)
    unknown = np.full_like(near.values[0], np.nan)
    assert deviation_of(near.values[0], near.known[0], unknown, bundle) is None


# ---------------------------------------------------------------------------------------------------- refusals


def unknown_label(table: Table) -> Table:
    return replace(table, labels=np.where(table.baseline, table.labels, "unknown"))


def parent(table: Table) -> Table:
    return replace(table, labels=np.where(table.baseline, table.labels, "bearing"))


def nothing_known(table: Table) -> Table:
    return replace(table, known=table.known & table.baseline[:, None])


def no_number(table: Table) -> Table:
    values = table.values.copy()
    values[2, 7] = np.nan
    return replace(table, values=values)


def two_words_on_one_alert(table: Table) -> Table:
    return replace(table, labels=np.where(np.arange(len(table)) == 1, "cage", table.labels))


def one_window_under_two_alerts(table: Table) -> Table:
    again = replace(table.take(np.array([0])), labels=np.array(["cage"]), recordings=np.array(["Z9"]))
    return join([table, again])


def false_alarm(table: Table) -> Table:
    return replace(table, labels=np.full(len(table), "healthy"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (unknown_label, r"rows\.npz: row 0 \(alert A1\): 'unknown' is no fault; say what it was"),
        (parent, r"row 0 .*say which it was \(inner_race, outer_race"),
        (nothing_known, r"row 0 .*nothing is known of this window"),
        (no_number, r"row 2 .*adopt the alert again"),
        (two_words_on_one_alert, r"row 1 .*said to be cage, and the same at .*row 0 \(alert A1\) to be ball"),
        (one_window_under_two_alerts, r"row 5 \(alert Z9\): is said to be cage"),
        (false_alarm, r"no example of a fault is in it; 4 windows of false alarms are left out"),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_rows_that_cannot_be_examples_name_file_row_and_mend(spoil, said: str, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=said):
        read_example_rows([written(tmp_path / "rows.npz", [spoil(rows_of("ball"))])], SPEC)


def test_a_window_in_two_files_counts_once(tmp_path: Path) -> None:
    paths = [written(tmp_path / f"{name}.npz", [rows_of("ball")]) for name in "ab"]
    rows = read_example_rows(paths, SPEC)
    assert int((~rows.table.baseline).sum()) == 4
    assert rows.notes == ("4 windows stand there twice, and count once",)


def test_rows_of_other_features_are_refused(made: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "rows.npz", [rows_of("ball")])
    other = msgspec.structs.replace(SPEC, window_s=SPEC.window_s / 2)
    with pytest.raises(RecordingError, match="made by other features than these; adopt the alerts again"):
        read_example_rows([path], other)


def test_examples_without_words_ask_for_them(made: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "rows.npz", [rows_of("seal_rub")])
    with pytest.raises(TextError, match=r"seal_rub: examples of it are given, and no words .*--descriptions"):
        redescribe(made / "bundle", None, tmp_path / "out", examples=[path])
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConfigError, match="nothing to describe with"):
        redescribe(made / "bundle", None, tmp_path / "out")


# ---------------------------------------------------------------------------------------------------- moving


def test_a_new_fault_lies_between_its_words_and_its_examples(made: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "rows.npz", [rows_of("seal_rub", count=8)])
    told = redescribe(made / "bundle", made / "seal.toml", tmp_path / "words")
    moved = redescribe(made / "bundle", made / "seal.toml", tmp_path / "out", examples=[path], takes_anyway=True)
    words, both = (vector_of(load_bundle(tmp_path / name), "seal_rub") for name in ("words", "out"))
    examples = hear_examples([path], load_bundle(made / "bundle"))[0]["seal_rub"]
    assert words @ examples.centre < both @ examples.centre < 1
    one = moved.moved["seal_rub"]
    assert (one.examples, one.alerts, one.machines) == (8, 1, ("pump",))
    assert one.cosine == pytest.approx(float(words @ both), abs=2e-3)
    assert one.taken is not None
    assert told.granted["seal_rub"] != moved.granted["seal_rub"]
    after = load_bundle(tmp_path / "out")
    assert not after.descriptions.is_validated("seal_rub")
    assert after.models == load_bundle(made / "bundle").models
    assert after.descriptions.texts["seal_rub"] == load_bundle(tmp_path / "words").descriptions.texts["seal_rub"]
    card = (tmp_path / "out" / "model_card.md").read_text()
    assert f"seal_rub: moved by 8 windows of 1 alerts of 1 machines, which weigh {one.weight:.2f}" in card
    assert any("all examples are of one machine, pump" in remark for remark in moved.remarks)


def test_examples_given_twice_count_once_and_more_start_from_the_words(made: Path, tmp_path: Path) -> None:
    first = written(tmp_path / "a.npz", [rows_of("seal_rub")])
    second = written(tmp_path / "b.npz", [rows_of("seal_rub", alert="B2", machine="fan")])
    redescribe(made / "bundle", made / "seal.toml", tmp_path / "one", examples=[first], takes_anyway=True)
    redescribe(tmp_path / "one", None, tmp_path / "same", examples=[first], tower=made, takes_anyway=True)
    redescribe(tmp_path / "one", None, tmp_path / "more", examples=[second], tower=made, takes_anyway=True)
    redescribe(made / "bundle", made / "seal.toml", tmp_path / "both", examples=[first, second], takes_anyway=True)
    one, same, more, both = (
        vector_of(load_bundle(tmp_path / name), "seal_rub") for name in ("one", "same", "more", "both")
    )
    np.testing.assert_array_equal(one, same)
    np.testing.assert_allclose(more, both, atol=1e-3)
    assert len(examples_beside(tmp_path / "more")["seal_rub"]) == 8
    corrected = written(tmp_path / "c.npz", [rows_of("ball")])
    redescribe(tmp_path / "one", None, tmp_path / "mended", examples=[corrected], tower=made, takes_anyway=True)
    assert set(examples_beside(tmp_path / "mended")) == {"ball"}
    redescribe(made / "bundle", made / "seal.toml", tmp_path / "words")
    words, mended = (vector_of(load_bundle(tmp_path / name), "seal_rub") for name in ("words", "mended"))
    np.testing.assert_allclose(mended, words, atol=1e-3)


def test_examples_beside_another_bundle_say_nothing_and_damaged_ones_are_told(made: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "a.npz", [rows_of("seal_rub")])
    redescribe(made / "bundle", made / "seal.toml", tmp_path / "out", examples=[path], takes_anyway=True)
    assert set(examples_beside(tmp_path / "out")) == {"seal_rub"}
    assert read_stored(tmp_path / "out", "0" * 64).examples == {}
    redescribe(made / "bundle", made / "seal.toml", tmp_path / "out", replace=True)
    assert not place_of(tmp_path / "out").exists()
    place_of(tmp_path / "out").write_bytes(b"no archive")
    with pytest.raises(RecordingError, match=r"out\.examples\.npz: is damaged"):
        examples_beside(tmp_path / "out")


def test_examples_that_turn_too_many_names_are_refused_unless_told(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Windows that look like a healthy machine's, said to be loose."""
    bundle = load_bundle(made / "bundle")
    table = rows_of("looseness", count=20)
    path = written(tmp_path / "rows.npz", [table, rows_of("looseness", alert="B2", machine="fan", count=20)])
    command = ["describe", "--bundle", str(made / "bundle"), "--examples", str(path), "--out", str(tmp_path / "out")]
    code = main(command)
    said = capsys.readouterr()
    assert code == BundleError.exit_code
    assert "looseness: its 40 examples take" in said.err
    assert "--takes-anyway" in said.err
    assert not (tmp_path / "out").exists()
    assert main([*command, "--takes-anyway"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("looseness: moved by 40"))
    assert "of 2 alerts of 2 machines" in line
    after = load_bundle(tmp_path / "out")
    assert after.manifest.trained == bundle.manifest.trained
    assert MAY_TAKE == 0.05
