"""New descriptions for a finished bundle: only by its own tower, everything else as it was."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from agent.bundle.load import DEFAULT, Bundle, load_bundle
from agent.bundle.manifest import FILES, MANIFEST
from agent.diagnosis.matching import Descriptions, match
from agent.errors import BundleError
from agent.types import FAULTS
from export.bundling.given_words import read_descriptions
from export.bundling.redescribe import redescribe
from export.bundling.sentence_reader import rank, reader_of
from export.cli import main
from export.network.graph import Floats
from export.text.encoders import NONE, NgramEncoder, Sentences, TextError
from export.text.tower import Tower, sha256, tower_bytes

NEW = """
[ko]
inner_race = ["내륜이 패였습니다", "안쪽 링 손상"]
[en]
inner_race = ["the inner ring is pitted"]
seal_rub = { sentences = ["the shaft rubs on its seal"], title = "Seal rub", advice = "Replace the seal." }
"""


@dataclass(frozen=True)
class Case:
    """The shipped encoder with descriptions of a small n-gram tower, which needs no text package."""

    bundle: Path
    tower: Path
    descriptions: Path


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_case(tmp_path, near=float("nan"))


def heard_by(dim: int) -> Floats:
    """Directions that windows may have, (200, dim)."""
    heard = np.random.default_rng(7).normal(size=(200, dim)).astype(np.float32)
    return np.asarray(heard / np.linalg.norm(heard, axis=1, keepdims=True), np.float32)


def make_case(tmp_path: Path, *, near: float, stored: bool = True, settled: bool = False) -> Case:
    """`near` is the tower's limit, NaN for one that was stored without; `stored` with windows that were heard."""
    torch.manual_seed(0)
    shipped = load_bundle("default")
    encoder = NgramEncoder()
    dim = shipped.descriptions.vectors.shape[1]
    tower = Tower(encoder.dim, dim, hidden=16)
    tower.near.fill_(near)
    if settled:
        tower.settle(encoder.encode(SETTLED.texts), SETTLED)
    content = tower_bytes(tower, encoder.name, heard=heard_by(dim) if stored else None)
    (tmp_path / "tower.npz").write_bytes(content)
    bundle = tmp_path / "bundle"
    shutil.copytree(DEFAULT, bundle)
    manifest = msgspec.structs.replace(shipped.manifest, tower_sha256=sha256(content))
    (bundle / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    (tmp_path / "new.toml").write_text(NEW)
    return Case(bundle, tmp_path / "tower.npz", tmp_path / "new.toml")


SETTLED = Sentences(("inner ring pitted", "ball chipped", "all is well"), ("inner_race", "ball", NONE), ("en",) * 3)


def described(case: Case, out: Path) -> Bundle:
    redescribe(case.bundle, case.descriptions, out, tower=case.tower)
    return load_bundle(out)


def test_faults_in_the_file_change_and_the_others_keep_theirs(case: Case, tmp_path: Path) -> None:
    before, after = load_bundle(case.bundle), described(case, tmp_path / "out")
    assert after.manifest.faults == (*before.manifest.faults, "seal_rub")
    for row, fault in enumerate(before.manifest.faults):
        same = np.array_equal(before.descriptions.vectors[row], after.descriptions.vectors[row])
        assert same == (fault != "inner_race")
    assert after.models == before.models
    assert np.array_equal(after.golden_embeddings, before.golden_embeddings)
    kept = msgspec.structs.replace(after.manifest.calibration, granted={})
    assert kept == before.manifest.calibration


def test_a_vector_weighs_languages_alike(case: Case, tmp_path: Path) -> None:
    after, reader = described(case, tmp_path / "out"), reader_of(load_bundle(case.bundle), case.tower)
    korean = reader.read(["내륜이 패였습니다", "안쪽 링 손상"]).mean(axis=0)
    mean = korean + reader.read(["the inner ring is pitted"])[0]
    vector = after.descriptions.vectors[after.manifest.faults.index("inner_race")]
    np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-3)


def test_a_fault_trained_with_is_freed_and_a_new_one_stays_whole(tmp_path: Path) -> None:
    case = make_case(tmp_path, near=float("nan"), settled=True)
    after, reader = described(case, tmp_path / "out"), reader_of(load_bundle(case.bundle), case.tower)
    vector = dict(zip(after.manifest.faults, after.descriptions.vectors, strict=True))
    np.testing.assert_allclose(vector["seal_rub"], reader.read(["the shaft rubs on its seal"])[0], atol=1e-3)
    assert abs(vector["inner_race"] @ reader.tower.nothing.numpy()) < 1e-3
    ranking = {one.fault: one.similarity for one in rank(after, reader, "the shaft rubs on its seal")}
    assert ranking["seal_rub"] == pytest.approx(1, abs=1e-3)
    told = "the inner ring is pitted"
    freed = float(vector["inner_race"] @ reader.read([told])[0])
    assert {one.fault: one.similarity for one in rank(after, reader, told)}["inner_race"] > freed


def test_a_new_fault_is_unvalidated_and_told_in_every_language(case: Case, tmp_path: Path) -> None:
    after = described(case, tmp_path / "out")
    assert not after.descriptions.is_validated("seal_rub")
    assert after.descriptions.is_validated("inner_race")
    texts = after.descriptions.texts["seal_rub"]
    assert set(texts) == set(after.descriptions.texts["healthy"])
    assert (texts["en"].title, texts["en"].advice) == ("Seal rub", "Replace the seal.")
    assert texts["en"].sentence == texts["ko"].sentence == "the shaft rubs on its seal"
    assert after.descriptions.texts["inner_race"] == load_bundle(case.bundle).descriptions.texts["inner_race"]
    card = (tmp_path / "out" / "model_card.md").read_text()
    assert "trained without: seal_rub" in card
    assert after.manifest.version.startswith(load_bundle(case.bundle).manifest.version + "+")


def share_called(bundle: Bundle, fault: str) -> float:
    """Of the windows stored with the tower, as the agent matches them."""
    heard = heard_by(bundle.descriptions.vectors.shape[1])
    called = [match(one, bundle.descriptions, bundle.manifest.calibration)[0].fault for one in heard]
    return called.count(fault) / len(called)


def test_a_new_fault_may_take_a_twentieth_of_the_windows_heard(case: Case, tmp_path: Path) -> None:
    after = described(case, tmp_path / "out")
    assert set(after.manifest.calibration.granted) == {"seal_rub"}
    assert 0.03 < share_called(after, "seal_rub") <= 0.05
    granted = after.manifest.calibration.granted["seal_rub"]
    assert f"seal_rub ({granted:+.2f})" in (tmp_path / "out" / "model_card.md").read_text()


def test_a_fault_described_again_is_still_one_that_nobody_trained(case: Case, tmp_path: Path) -> None:
    described(case, tmp_path / "out")
    case.descriptions.write_text('[en]\nseal_rub = ["a rotor touches the seal"]\nbelt_slip = ["the belt slips"]')
    made = redescribe(tmp_path / "out", case.descriptions, tmp_path / "again", tower=case.tower)
    after = load_bundle(tmp_path / "again")
    assert set(after.manifest.calibration.granted) == set(made.granted) == {"seal_rub", "belt_slip"}
    card = (tmp_path / "again" / "model_card.md").read_text().split("## Described anew")[-1]
    assert all(f"{fault} ({granted:+.2f})" in card for fault, granted in made.granted.items())
    alone = msgspec.structs.replace(after.manifest.calibration, granted={"seal_rub": made.granted["seal_rub"]})
    others = [number for number, fault in enumerate(after.manifest.faults) if fault != "belt_slip"]
    descriptions = Descriptions(
        tuple(after.manifest.faults[number] for number in others),
        after.descriptions.vectors[others],
        (True,) * len(others),
        {},
    )
    heard = heard_by(descriptions.vectors.shape[1])
    called = [match(one, descriptions, alone)[0].fault for one in heard]
    assert called.count("seal_rub") / len(called) <= 0.05


def test_a_tower_without_windows_grants_nothing_and_says_so(tmp_path: Path) -> None:
    case = make_case(tmp_path, near=float("nan"), stored=False)
    made = redescribe(case.bundle, case.descriptions, tmp_path / "out", tower=case.tower)
    assert made.granted == {"seal_rub": 0.0}
    assert "stored without windows" in made.remarks[0]
    assert load_bundle(tmp_path / "out").manifest.calibration.granted == {"seal_rub": 0.0}
    card = (tmp_path / "out" / "model_card.md").read_text()
    assert "trained without: seal_rub; the tower was stored without windows" in card
    assert "at most" not in card.split("## Described anew")[1]


def test_the_command_says_what_lies_near(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["describe", "--bundle", str(case.bundle), "--descriptions", str(case.descriptions)]
    assert main([*arguments, "--out", str(tmp_path / "out"), "--tower", str(case.tower), "--version", "9"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("seal_rub"))
    assert "granted" in line
    assert load_bundle(tmp_path / "out").manifest.version == "9"
    again = [*arguments, "--out", str(tmp_path / "out"), "--tower", str(case.tower)]
    assert main(again) == 65
    assert "holds another bundle, default 9; name another folder, or write over it with --replace" in (
        capsys.readouterr().err
    )
    (tmp_path / "out" / "notes.txt").write_text("dear")
    assert load_bundle(tmp_path / "out").manifest.version == "9"
    assert main([*again, "--replace"]) == 0
    assert main(again) == 0, "the same may be written again"
    assert (tmp_path / "out" / "notes.txt").read_text() == "dear"
    *_, unchecked, following = capsys.readouterr().err.splitlines()
    assert "hardly in which order" in unchecked
    assert following.startswith("next: textvib-agent replay RECORDING --bundle ")


def test_another_tower_is_refused(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray(case.tower.read_bytes())
    content[-1] ^= 1
    (tmp_path / "other.npz").write_bytes(content)
    arguments = ["--bundle", str(case.bundle), "--tower", str(tmp_path / "other.npz")]
    out = tmp_path / "out"
    assert main(["describe", *arguments, "--descriptions", str(case.descriptions), "--out", str(out)]) == 65
    assert "not the text tower of bundle default" in capsys.readouterr().err
    assert not out.exists()
    assert main(["rank", *arguments, "inner race"]) == 65
    with pytest.raises(TextError, match="--tower"):
        reader_of(load_bundle(case.bundle), tmp_path / "absent.npz")


def test_a_folder_that_is_no_bundle_is_left_alone(case: Case, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter").write_text("dear")
    with pytest.raises(BundleError, match="no bundle"):
        described(case, tmp_path / "home")
    assert (tmp_path / "home" / "letter").read_text() == "dear"


def test_a_bundle_that_fails_its_self_test_is_not_written(case: Case, tmp_path: Path) -> None:
    manifest = load_bundle(case.bundle).manifest
    turned = msgspec.structs.replace(manifest, golden=manifest.golden[::-1])
    (case.bundle / MANIFEST).write_bytes(msgspec.json.encode(turned))
    with pytest.raises(BundleError, match="self-test"):
        described(case, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.part").exists()


def test_names_of_ones_own_may_be_of_any_script(tmp_path: Path) -> None:
    (tmp_path / "words.toml").write_text('[ko]\n"씰_마모" = ["씰이 닿는다"]', encoding="utf-8")
    assert list(read_descriptions(tmp_path / "words.toml")["ko"]) == ["씰_마모"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[en]\nball = []", r"en\.ball: an empty list"),
        ('[en]\nball = [" "]', r"en\.ball: an empty list or sentence"),
        ('[en]\nunknown = ["x"]', r"en\.unknown: is reserved"),
        ('[en]\n"Über" = ["x"]', "not a fault id"),
        ('[en]\nball = "x"', "a table per language"),
        (
            '[en]\nball = { sentences = ["x"], colour = "red" }',
            r"bad\.toml: en\.ball\.colour: no such key; there are sentences, title, sentence, advice",
        ),
        ('[en]\nball = { title = "x" }', r"en\.ball: holds no sentences; write sentences ="),
        ('[en]\nball = { sentences = "x" }', r"en\.ball\.sentences: is no list of sentences"),
        ("[en]\nball = [1]", r"en\.ball\.sentences: is no list of sentences"),
        ('[en]\nball = { sentences = ["x"], title = 3 }', r"en\.ball\.title: is no text; write it in quotes"),
        ('ball = ["x"]', r"ball: stands below no language; .* a table per language"),
        ("", "describes no fault"),
        ('[de]\nball = ["Kugelschaden"]', r"\[de\]: text towers read ko and en alone"),
        ('[EN]\nball = ["chipped ball"]', r"\[EN\]: text towers read ko and en alone"),
        ('[en]\nball = ["chipped ball", "볼 결함"]', "holds no word in the letters of en"),
        ('[ko]\nball = ["дефект шарика"]', "holds no word in the letters of ko"),
        ('[en]\nball = ["!!! 123"]', "holds no word in the letters of en"),
        ("[en", "a table per language"),
    ],
)
def test_a_bad_file_names_the_mend(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(content)
    with pytest.raises(TextError, match=said):
        read_descriptions(tmp_path / "bad.toml")


def test_a_file_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(TextError, match=r"none\.toml: cannot be read \(No such file or directory\); name an existing"):
        read_descriptions(tmp_path / "none.toml")


def test_a_fault_is_nearest_to_its_own_sentence(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    after = described(case, tmp_path / "out")
    ranking = rank(after, reader_of(after, case.tower), "the shaft rubs on its seal")
    assert ranking[0].fault == "seal_rub"
    assert ranking[0].similarity == pytest.approx(1, abs=1e-3)
    assert [one.similarity for one in ranking] == sorted((one.similarity for one in ranking), reverse=True)
    arguments = ["rank", "--bundle", str(tmp_path / "out"), "--tower", str(case.tower)]
    assert main([*arguments, "the shaft rubs on its seal", "--json"]) == 0
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert document["faults"][0]["fault"] == "seal_rub"
    assert "seal_rub" in document["near"]
    assert {one["fault"] for one in document["faults"]} == {*FAULTS, "seal_rub"}
    assert main([*arguments, "the shaft rubs on its seal"]) == 0
    assert capsys.readouterr().out.startswith("seal_rub")


def test_a_sentence_that_says_no_fault_is_remarked_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = make_case(tmp_path, near=2.0)
    made = redescribe(case.bundle, case.descriptions, tmp_path / "out", tower=case.tower)
    assert [remark.split(":")[0] for remark in made.remarks] == ["ko.inner_race", "ko.inner_race", "en.inner_race"]
    assert all("near no fault" in remark for remark in made.remarks)
    arguments = ["--bundle", str(case.bundle), "--tower", str(case.tower)]
    assert main(["rank", *arguments, "no defect in the outer race"]) == 0
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("near no fault: no cosine reaches 2.00; of sentences that describe none it is most like one")
    assert main(["rank", *arguments, "--json", "no defect in the outer race"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["near"], document["limit"]) == ([], 2.0)


def test_a_sentence_that_states_nothing_is_remarked_on(tmp_path: Path) -> None:
    case = make_case(tmp_path, near=-1.0)
    case.descriptions.write_text('[en]\nseal_rub = ["Does the shaft rub on its seal?"]\n')
    made = redescribe(case.bundle, case.descriptions, tmp_path / "out", tower=case.tower)
    assert made.remarks[0].startswith("en.seal_rub: 'Does the shaft rub on its seal?' asks: write what is wrong")


def test_words_of_a_fault_for_health_are_refused_unless_told(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case.descriptions.write_text('[en]\nhealthy = ["The outer race is pitted"]\n')
    arguments = ["describe", "--bundle", str(case.bundle), "--tower", str(case.tower), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--descriptions", str(case.descriptions)]) == 65
    assert "en.healthy: 'The outer race is pitted' says that something is wrong" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*arguments, "--descriptions", str(case.descriptions), "--near-anyway"]) == 0


def test_a_sentence_near_another_fault_is_remarked_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = make_case(tmp_path, near=-1.0)
    bundle = load_bundle(case.bundle)
    reader = reader_of(bundle, case.tower)
    given = {"inner_race": ("내륜이 패였습니다", "안쪽 링 손상", "the inner ring is pitted")}
    given["seal_rub"] = ("the shaft rubs on its seal",)
    elsewhere = {
        sentence
        for fault, sentences in given.items()
        for sentence in sentences
        if rank(bundle, reader, sentence)[0].fault != fault
    }
    arguments = ["--bundle", str(case.bundle), "--tower", str(case.tower), "--out", str(tmp_path / "out")]
    assert main(["describe", *arguments, "--descriptions", str(case.descriptions)]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "describe what differs" in line]
    assert all(line.startswith("WARNING: ") for line in said)
    assert len(said) == len(elsewhere) >= 1
    assert all(any(repr(sentence) in line for line in said) for sentence in elsewhere)


def test_every_file_is_listed_with_its_hash(case: Case, tmp_path: Path) -> None:
    described(case, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*FILES, MANIFEST, "trained_on.npy"}
