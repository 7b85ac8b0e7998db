"""What a bundle must be before anything opens, and the line that says why one is refused."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace as replace_struct
from numpy.typing import NDArray

from agent.bundle.load import DEFAULT, Bundle, golden_features, load_bundle, self_test
from agent.bundle.manifest import FILES, MANIFEST, problem_of
from agent.bundle.runtimes import RUNTIMES
from agent.diagnosis.matching import LineLimits
from agent.dsp.features import Features, feature_names
from agent.errors import BundleError
from agent.ports import load
from agent.types import FAULTS, HEALTHY


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle("default")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    shutil.copytree(DEFAULT, folder)
    return folder


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads((folder / MANIFEST).read_text())
    change(document)
    (folder / MANIFEST).write_text(json.dumps(document))


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """Put in other content and make the manifest agree with it."""
    (folder / name).write_bytes(content)
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    rewrite(folder, lambda document: document["files"].update({name: entry}))


def refusal(folder: Path) -> str:
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    line = str(caught.value)
    assert "\n" not in line
    return line


def limits(**changes: object) -> dict[str, object]:
    return {"named": 1.0, "unnamed": None, "absent": {}} | changes


@pytest.mark.parametrize("kind", sorted(RUNTIMES))
def test_the_bundle_that_ships_passes_its_self_test(bundle: Bundle, kind: str) -> None:
    self_test(bundle, load(RUNTIMES, kind)(bundle.model(kind)))


def test_the_bundle_that_ships_is_complete_and_small(bundle: Bundle) -> None:
    assert sum(path.stat().st_size for path in DEFAULT.iterdir()) <= 300_000
    assert {path.name for path in DEFAULT.iterdir()} == {*FILES, MANIFEST, "trained_on.npy"}
    assert bundle.descriptions.faults == FAULTS
    assert set(bundle.manifest.validated) == {HEALTHY, "inner_race", "outer_race", "ball"}
    for fault in FAULTS:
        for language in ("ko", "en"):
            text = bundle.descriptions.texts[fault][language]
            assert text.title
            assert text.sentence
            assert text.advice


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_named(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(bytes(content))
    assert f"{name}: content differs" in refusal(copy)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_named(copy: Path, name: str) -> None:
    (copy / name).write_bytes((copy / name).read_bytes()[:-1])
    line = refusal(copy)
    assert name in line
    assert "copy the bundle again" in line


@pytest.mark.parametrize("name", [MANIFEST, *FILES])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    assert name in refusal(copy)


def test_a_file_that_is_too_large_is_not_read(copy: Path) -> None:
    (copy / "encoder.onnx").write_bytes(bytes(1 << 21))
    assert "larger than" in refusal(copy)


@pytest.mark.parametrize("name", [MANIFEST, "encoder.onnx"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(copy: Path, name: str) -> None:
    (copy / name).unlink()
    os.mkfifo(copy / name)
    assert f"{name}: is no file" in refusal(copy)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "nowhere")


@pytest.mark.parametrize("wrong", [{"named": math.nan}, {"unnamed": -math.inf}, {"absent": {"inner_race": math.inf}}])
def test_limits_of_lines_are_finite_and_may_be_missing(bundle: Bundle, wrong: dict[str, Any]) -> None:
    good = LineLimits(named=1.0, unnamed=None, absent={"inner_race": 0.5})
    for field in ("lines", "blind_lines"):
        for found, problem in ((None, None), (good, None), (replace_struct(good, **wrong), "finite")):
            calibration = replace_struct(bundle.calibration, **{field: found})
            said = problem_of(replace_struct(bundle.manifest, calibration=calibration))
            assert said is None if problem is None else problem in str(said)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d.update(schema="textvib/bundle/9"), "schema"),
        (lambda d: d.update(feature_version=99), "features are version 99"),
        (lambda d: d.update(surprise=1), "surprise"),
        (lambda d: d.pop("calibration"), "calibration"),
        (lambda d: d["calibration"].update(temperature=0.0), "temperature"),
        (lambda d: d["calibration"].update(blind_lines=limits(absent={"gear": 1.0})), "absent"),
        (lambda d: d["calibration"].update(granted={"gear": 0.1}), "granted names"),
        (lambda d: d["calibration"].update(granted={"healthy": 0.1}), "granted names healthy"),
        (lambda d: d["calibration"].update(granted={"ball": 2.5}), "granted must lie"),
        (lambda d: d["calibration"].update(lines=limits(height=1.0)), "height"),
        (lambda d: d.update(faults=d["faults"][1:]), "faults must"),
        (lambda d: d.update(faults=[d["faults"][0]] * 8), "faults must"),
        (lambda d: d.update(validated=["rust"]), "validated"),
        (lambda d: d.update(golden=[]), "golden"),
        (lambda d: d["golden"][0].update(rate_hz=10**12), "golden window of"),
        (lambda d: d["golden"][0]["geometry"].update(pitch_mm=0), "cannot be built"),
        (lambda d: d["golden"][1].update(rpm=0), "golden window at"),
        (lambda d: d["files"].pop("texts.json"), "texts.json"),
        (lambda d: d["files"].update({"../x": {"sha256": "", "bytes": 0}}), "../x"),
        (lambda d: d["inputs"].update(scale=0.0), "scale"),
        (lambda d: d["outputs"].update(zero_point=1000), "zero_point"),
        (lambda d: d["spec"].update(window_s=1e9), "window_s"),
        (lambda d: d["spec"].update(order_grid=[0.1, 1e9, 1e-9]), "order_grid"),
        (lambda d: d["spec"].update(harmonics=10**6), "harmonics"),
        (lambda d: d["spec"].update(envelope_bands_hz=[]), "envelope"),
        (lambda d: d["spec"].update(lines_max_hz=-1e300), "frequencies"),
        (lambda d: d["spec"].update(spectrum_hz=[1e-300, 1e300]), "frequencies"),
        (lambda d: d["spec"].update(hop_s=1e-9), "hop_s"),
        (lambda d: d["golden"].extend([d["golden"][1]] * 20), "at most 2097152"),
        (lambda d: d["deviation"]["typical_sd"].pop(), "deviation"),
        (lambda d: d["deviation"]["limits"].update(nonsense=1.0), "deviation"),
    ],
)
def test_a_manifest_that_promises_something_else(
    copy: Path, change: Callable[[dict[str, Any]], None], says: str
) -> None:
    rewrite(copy, change)
    line = refusal(copy)
    assert says in line
    assert MANIFEST in line


def npy(values: NDArray[Any]) -> bytes:
    import io

    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def declared(shape: tuple[int, ...]) -> bytes:
    """A header that promises what is not there."""
    import io

    buffer = io.BytesIO()
    np.lib.format.write_array_header_2_0(buffer, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("scaling.npy", b"not an array"),
        ("scaling.npy", declared((10**12, 247))),
        ("scaling.npy", declared((-1, 247))),
        ("descriptions.npy", declared((10**30,))),
        ("golden_features.npy", declared((1 << 62, 1 << 62))),
        ("scaling.npy", npy(np.zeros((3, 4), np.float32))),
        ("descriptions.npy", npy(np.zeros((8, 64), np.float16))),
        ("descriptions.npy", npy(np.full((8, 64), np.nan, np.float16))),
        ("golden_embeddings.npy", npy(np.zeros((4, 64), np.int16))),
        ("golden_embeddings.npy", npy(np.array([{}], dtype=object))),
        ("texts.json", b"{}"),
        ("texts.json", b"[" * 100_000),
    ],
)
def test_contents_of_another_kind(copy: Path, name: str, content: bytes) -> None:
    replace_file(copy, name, content)
    assert name in refusal(copy)


class Constant:
    """An encoder that answers the same whatever it is asked."""

    def __init__(self, answer: NDArray[np.int8]) -> None:
        self.answer = answer

    def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
        return self.answer


def test_self_test_finds_another_encoder(bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="golden window"):
        self_test(bundle, Constant(bundle.golden_embeddings[0] + np.int8(3)))
    with pytest.raises(BundleError, match="answers"):
        self_test(bundle, Constant(np.zeros(3, np.int8)))


def test_self_test_finds_features_that_differ(copy: Path) -> None:
    expected = np.load(copy / "golden_features.npy")
    expected[0, 0] *= 1.01
    replace_file(copy, "golden_features.npy", npy(expected))
    damaged = load_bundle(copy)
    with pytest.raises(BundleError, match=feature_names(damaged.spec)[0]):
        self_test(damaged, load(RUNTIMES, "onnx")(damaged.model("onnx")))


def test_self_test_finds_an_encoder_of_another_shape(bundle: Bundle, copy: Path) -> None:
    class Refusing:
        def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
            raise ValueError("shape")

    with pytest.raises(BundleError, match="refuses"):
        self_test(bundle, Refusing())


def test_unknown_features_and_a_missing_baseline_code_as_the_mean(bundle: Bundle) -> None:
    n = len(feature_names(bundle.spec))
    features = Features(np.full(n, 1e6, np.float32), np.zeros(n, np.bool_))
    codes = bundle.codes(features, None)
    assert np.all(codes[: 2 * n] == bundle.manifest.inputs.zero_point)
    assert np.all(codes == bundle.codes(features, Features(np.zeros(n, np.float32), np.zeros(n, np.bool_))))


def test_a_reference_changes_the_deviation_part_alone(bundle: Bundle) -> None:
    features, reference = golden_features(bundle.manifest.golden[0], bundle.spec)
    n = len(features.values)
    with_one, without = bundle.codes(features, reference), bundle.codes(features, None)
    changed = with_one != without
    assert not changed[:n].any()
    assert changed[n : 2 * n].any()
    assert changed[-1]
    same = bundle.codes(features, features)
    assert np.all(same[n : 2 * n] == bundle.manifest.inputs.zero_point)


def test_the_embedding_of_no_direction_is_zero(bundle: Bundle) -> None:
    zero = np.full(bundle.descriptions.vectors.shape[1], bundle.manifest.outputs.zero_point, np.int8)
    assert not bundle.embedding(zero).any()
    assert np.linalg.norm(bundle.embedding(bundle.golden_embeddings[0])) == pytest.approx(1, abs=1e-6)
