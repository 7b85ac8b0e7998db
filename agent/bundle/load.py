"""The one folder that carries everything the edge needs to diagnose; read whole, checked whole, before anything opens.

Nothing in it is believed before its size and SHA-256 are those of the manifest, and nothing is used before the golden
windows give, on this machine, the features and embeddings that the exporter saw. Who made it is asked first, where the
operator wants to know (`agent.bundle.signature`). Every failure is a BundleError that names the file and what to do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.bundle.arrays import array_of
from agent.bundle.golden import GoldenCase, golden_window, reference_window
from agent.bundle.manifest import FILES, MANIFEST, FileEntry, Manifest, problem_of
from agent.bundle.runtimes import RUNTIMES
from agent.bundle.signature import Trust, check_signature
from agent.diagnosis.matching import Calibration, Descriptions, Text
from agent.dsp.encoder_inputs import InputScaling, view_shares
from agent.dsp.features import Features, extract, feature_names
from agent.dsp.spectra import FeatureSpec, analyse
from agent.errors import BundleError
from agent.machine import Bearing
from agent.ports import Encoder
from agent.types import HEALTHY, Vector, Window

MAX_FILE_BYTES = 1 << 20
DEFAULT = Path(__file__).parent.parent / "bundles" / "default"

FEATURE_RTOL, FEATURE_ATOL = 1e-3, 1e-3
CODE_STEPS = 2
MIN_COSINE = 0.999


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose files are what its manifest says."""

    manifest: Manifest
    scaling: InputScaling
    descriptions: Descriptions
    models: Mapping[str, bytes]  # runtime -> the encoder in the format that it loads
    golden_features: NDArray[np.float32]  # (cases, n), NaN where unknown
    golden_embeddings: NDArray[np.int8]  # (cases, dim)

    @property
    def spec(self) -> FeatureSpec:
        return self.manifest.spec

    @property
    def calibration(self) -> Calibration:
        return self.manifest.calibration

    def codes(self, features: Features, reference: Features | None) -> NDArray[np.int8]:
        """int8 codes of one window: what the encoder eats. `reference`: this machine healthy, as for this speed."""
        healthy = None if reference is None else with_unknown(reference)
        return self.manifest.inputs.encode(self.scaling.inputs(features.values, features.known, healthy))

    def embedding(self, codes: NDArray[np.int8]) -> Vector:
        """Unit vector (dim,) of the encoder's int8 answer; zeros where the answer has no direction."""
        real = self.manifest.outputs.decode(codes)
        norm = float(np.sqrt(np.dot(real, real)))
        return real / np.float32(norm) if norm > 0 else real

    def model(self, runtime: str) -> bytes:
        """The encoder in the format that a runtime of RUNTIMES loads."""
        return self.models[runtime]


# ------------------------------------------------------------------------------------------------------------ loading


def load_bundle(path: Path | str, *, trust: Trust | None = None) -> Bundle:
    """Read and check the bundle in folder `path`; "default" is the one that ships. Raises BundleError.

    `trust` says whose signature it must have; None: nobody's.
    """
    folder = DEFAULT if str(path) == "default" else Path(path)
    manifest = _read_manifest(folder, trust)
    contents = {name: _read_file(folder / name, manifest.files[name]) for name in FILES}
    n, cases, faults = len(feature_names(manifest.spec)), len(manifest.golden), len(manifest.faults)

    def array(
        name: str, dtype: type[np.generic], shape: tuple[int | None, ...], *, finite: bool = True
    ) -> NDArray[Any]:
        return array_of(folder / name, contents[name], dtype=dtype, shape=shape, finite=finite)

    scaling = array("scaling.npy", np.float32, (3, n))
    vectors = array("descriptions.npy", np.float16, (faults, None)).astype(np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.all(np.abs(norms - 1) < 0.01):
        raise BundleError(f"{folder / 'descriptions.npy'}: vectors are not of unit length; pack the bundle again")
    return Bundle(
        manifest=manifest,
        scaling=InputScaling(scaling[0], scaling[1], scaling[2], view_shares(manifest.spec)),
        descriptions=Descriptions(
            faults=manifest.faults,
            vectors=vectors / norms,
            validated=tuple(fault in manifest.validated for fault in manifest.faults),
            texts=_texts(folder, contents["texts.json"], manifest.faults),
        ),
        models={name: contents[runtime.file] for name, runtime in RUNTIMES.items()},
        golden_features=array("golden_features.npy", np.float32, (cases, n), finite=False),
        golden_embeddings=array("golden_embeddings.npy", np.int8, (cases, vectors.shape[1])),
    )


def _read_manifest(folder: Path, trust: Trust | None) -> Manifest:
    path = folder / MANIFEST
    content = _read_bounded(path)
    if trust is not None:
        check_signature(folder, content, trust)
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BundleError(f"{path}: not a manifest of this agent: {error}; export the bundle again") from error
    problem = problem_of(manifest)
    if problem:
        raise BundleError(f"{path}: {problem}; export the bundle again")
    return manifest


def _read_bounded(path: Path) -> bytes:
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise BundleError(f"{path}: is no file; copy the bundle again")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror or error}; name a bundle folder or export it again") from error
    if len(content) > MAX_FILE_BYTES:
        raise BundleError(f"{path}: larger than {MAX_FILE_BYTES} bytes; this is no bundle file")
    return content


def _read_file(path: Path, entry: FileEntry) -> bytes:
    content = _read_bounded(path)
    if len(content) != entry.bytes:
        raise BundleError(f"{path}: {len(content)} bytes, the manifest says {entry.bytes}; copy the bundle again")
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise BundleError(f"{path}: content differs from what the manifest says (SHA-256); copy the bundle again")
    return content


def _texts(folder: Path, content: bytes, faults: tuple[str, ...]) -> dict[str, dict[str, Text]]:
    path = folder / "texts.json"
    try:
        texts = msgspec.json.decode(content, type=dict[str, dict[str, Text]])
    except (msgspec.DecodeError, RecursionError) as error:
        raise BundleError(f"{path}: {error}; export the bundle again") from error
    languages = set(texts.get(HEALTHY, {}))
    missing = [fault for fault in faults if set(texts.get(fault, {})) != languages or not languages]
    if missing:
        raise BundleError(f"{path}: no text, or not in every language, for {', '.join(missing)}; export it again")
    return texts


# ---------------------------------------------------------------------------------------------------------- self-test


def self_test(bundle: Bundle, encoder: Encoder) -> None:
    """Replay the golden windows through features and `encoder`; BundleError names the first difference."""
    for index, case in enumerate(bundle.manifest.golden):
        try:
            features, reference = golden_features(case, bundle.spec)
        except (ValueError, IndexError, ArithmeticError, MemoryError) as error:  # of a spec that contradicts itself
            raise BundleError(
                f"self-test: golden window {index} cannot be computed: {error}; export it again"
            ) from error
        expected = bundle.golden_features[index]
        seen = with_unknown(features)
        if not np.allclose(seen, expected, rtol=FEATURE_RTOL, atol=FEATURE_ATOL, equal_nan=True):
            wrong = ~np.isclose(seen, expected, rtol=FEATURE_RTOL, atol=FEATURE_ATOL, equal_nan=True)
            name = feature_names(bundle.spec)[int(np.argmax(wrong))]
            raise BundleError(
                f"self-test: golden window {index} gives other features here ({int(wrong.sum())} of {len(wrong)}, "
                f"first {name}); this numpy or CPU computes differently: reinstall numpy or export the bundle again"
            )
        try:
            codes = encoder.embed(bundle.codes(features, reference))
        except Exception as error:  # a runtime raises its own types for a model that eats another shape
            raise BundleError(f"self-test: the encoder refuses the bundle's codes: {error}; export it again") from error
        _compare(index, codes, bundle)


def golden_features(case: GoldenCase, spec: FeatureSpec) -> tuple[Features, Features | None]:
    """Features of a golden window, and of its healthy reference where it has one."""
    healthy = reference_window(case, spec.window_s)
    return _features_of(golden_window(case, spec.window_s), case, spec), (
        None if healthy is None else _features_of(healthy, case, spec)
    )


def with_unknown(features: Features) -> Vector:
    """Feature values with NaN where unknown: how expected features are stored and references are handed on."""
    return np.where(features.known, features.values, np.float32(np.nan)).astype(np.float32)


def _features_of(window: Window, case: GoldenCase, spec: FeatureSpec) -> Features:
    rpm = None if case.rpm is None else float(case.rpm)
    return extract(analyse(window, spec), spec=spec, rpm=rpm, bearing=Bearing("golden", case.geometry))


def _compare(index: int, codes: NDArray[np.int8], bundle: Bundle) -> None:
    expected = bundle.golden_embeddings[index]
    if codes.shape != expected.shape:
        raise BundleError(
            f"self-test: the encoder answers {codes.shape}, the bundle describes faults in {expected.shape}"
        )
    steps = int(np.abs(codes.astype(np.int16) - expected).max())
    cosine = float(bundle.embedding(codes) @ bundle.embedding(expected))
    if steps > CODE_STEPS or not cosine >= MIN_COSINE:
        raise BundleError(
            f"self-test: golden window {index} embeds {steps} steps away (cosine {cosine:.4f}); this runtime computes "
            "differently: try the other runtime (agent.runtime) or export the bundle again"
        )
