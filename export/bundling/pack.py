"""A quantized run -> the bundle folder that ships, checked before it takes its place; and the tower that stays here.

The bundle is written beside its destination, loaded and self-tested through the agent's own code in both runtimes, held
against the float student, weighed, and only then moved into place.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.bundle.golden import GoldenCase
from agent.bundle.load import golden_features, load_bundle, with_unknown
from agent.bundle.manifest import FILES, MANIFEST, SCHEMA, FileEntry, Manifest
from agent.bundle.runtimes import RUNTIMES
from agent.dsp import features
from agent.errors import BundleError
from agent.machine import Geometry
from agent.ports import Encoder, load
from agent.types import FAULTS
from export.bundling.bundle_folder import check_folder, check_same, made_beside
from export.bundling.card import model_card
from export.bundling.verify import Case, Verification, verify
from export.data import trained_files
from export.data.sampling import recorded_rows
from export.runs.folder import QuantizedConfig, Run, forgets_of, read_descriptions, read_json
from export.runs.run_files import check_quantized
from export.scoring.score import encoder_inputs
from export.text.encoders import read_texts
from export.text.tower import sha256

MAX_BUNDLE_BYTES = 300_000
VERIFY_WINDOWS = 500
MAY_FORGET = 0.02
"""Of balanced accuracy, on average over the families of machines that a continued run knew before."""

_6205 = Geometry(balls=9, ball_mm=7.94, pitch_mm=39.04)
GOLDEN = (
    GoldenCase(seed=1, rate_hz=12_000, axes=1, rpm=1797, geometry=_6205, impulse_every=112, reference_seed=11),
    GoldenCase(seed=2, rate_hz=25_600, axes=3, rpm=1500, geometry=_6205, impulse_every=190),
    GoldenCase(seed=3, rate_hz=3200, axes=3, rpm=900, reference_seed=13),
    GoldenCase(seed=4, rate_hz=12_000, axes=1),
)
"""An outer race with a healthy reference, an inner race without, a slow sensor without geometry, nothing known."""


def pack(run: Run, out: Path, *, name: str, version: str, tower: Path, replace: bool = False) -> Verification:
    """Write the bundle of a quantized run to `out`, and its text tower to the file `tower`.

    BundleError, and nothing at `out` touched, where it fails, or where something else lies there (unless `replace`).
    """
    check_folder(out)
    check_quantized(run.folder)
    quantized = read_json(run.folder / "quantized.json", QuantizedConfig)
    with made_beside(out) as part:
        contents = _contents(run, quantized)
        draft = contents | {"model_card.md": b"# Not yet verified\n"}
        _write(part, draft, run, quantized, name=name, version=version)
        if not replace:
            check_same(out, load_bundle(part).manifest, contents)
        report = verify(load_bundle(part), run.graph, verification_case(run))
        if report.problems:
            raise BundleError("the bundle is not accepted:\n" + "\n".join(report.problems))
        sizes = {file: len(content) for file, content in contents.items()}
        card = model_card(run, quantized, report, name=name, version=version, sizes=sizes)
        _write(part, contents | {"model_card.md": card.encode()}, run, quantized, name=name, version=version)
        load_bundle(part)
        total = sum((part / file).stat().st_size for file in (*FILES, MANIFEST))
        if total > MAX_BUNDLE_BYTES:
            raise BundleError(f"the bundle has {total} bytes, more than {MAX_BUNDLE_BYTES}; train a smaller student")
        if (heard := run.folder / trained_files.FILE).is_file():
            (part / trained_files.FILE).write_bytes(heard.read_bytes())
        tower.parent.mkdir(parents=True, exist_ok=True)
        tower.write_bytes(run.tower)
    return report


def check_forgets(run: Run) -> None:
    """BundleError where a continued run lost more than MAY_FORGET of what it knew before."""
    forgets = forgets_of(run)
    if forgets is None or forgets.worst <= MAY_FORGET:
        return
    lost = max(forgets.left_out_groups.values(), key=lambda one: one.mean)
    families = ", ".join(f"{name} {one.before:.3f} -> {one.after:.3f}" for name, one in lost.families.items())
    raise BundleError(
        f"{run.folder}: forgets {forgets.worst:.3f} of balanced accuracy on machines that it knew before ({families}), "
        f"more than {MAY_FORGET}; continue with a larger --keep or --imitate, or a smaller --new, or pack it with "
        "--forgets-anyway"
    )


def verification_case(run: Run, count: int = VERIFY_WINDOWS) -> Case:
    """Windows of the run's recordings, half of them with their machine's baseline; evenly spread over the table."""
    rows = np.unique(np.linspace(0, len(run.table) - 1, min(count, len(run.table))).astype(np.intp))
    with_reference = encoder_inputs(run.table, run.scaling)[rows]
    bare = encoder_inputs(run.table, run.scaling, with_reference=False)[rows]
    inputs = np.where((np.arange(len(rows)) % 2 == 0)[:, np.newaxis], with_reference, bare)
    return Case(inputs, [f"{run.table.recordings[row]} window {row}" for row in rows])


def validated_faults(run: Run) -> tuple[str, ...]:
    """Faults that at least one recording of a real machine shows."""
    real = recorded_rows(run.table)
    return tuple(fault for fault in FAULTS if fault in set(run.table.labels[real].tolist()))


def _contents(run: Run, quantized: QuantizedConfig) -> dict[str, bytes]:
    """Every file but the card and the manifest."""
    models = {runtime.file: (run.folder / runtime.file).read_bytes() for runtime in RUNTIMES.values()}
    expected, codes = [], []
    for case in GOLDEN:
        window, reference = golden_features(case, run.config.spec)
        expected.append(with_unknown(window))
        healthy = None if reference is None else with_unknown(reference)
        codes.append(quantized.inputs.encode(run.scaling.inputs(window.values, window.known, healthy)))
    name, first = next(iter(RUNTIMES.items()))
    encoder: Encoder = load(RUNTIMES, name)(models[first.file])
    scaling = run.scaling
    return {
        **models,
        "scaling.npy": _npy(np.stack([scaling.mean, scaling.gain, scaling.deviation_gain]).astype(np.float32)),
        "descriptions.npy": _npy(read_descriptions(run).centres.astype(np.float16)),
        "texts.json": msgspec.json.format(msgspec.json.encode(read_texts()), indent=1),
        "golden_features.npy": _npy(np.array(expected, dtype=np.float32)),
        "golden_embeddings.npy": _npy(np.array([encoder.embed(row) for row in codes], dtype=np.int8)),
    }


def _write(
    folder: Path, contents: Mapping[str, bytes], run: Run, quantized: QuantizedConfig, *, name: str, version: str
) -> None:
    manifest = Manifest(
        schema=SCHEMA,
        name=name,
        version=version,
        feature_version=features.VERSION,
        spec=run.config.spec,
        faults=FAULTS,
        validated=validated_faults(run),
        inputs=quantized.inputs,
        outputs=quantized.outputs,
        calibration=run.calibration,
        deviation=run.deviation,
        golden=GOLDEN,
        files={file: FileEntry(hashlib.sha256(contents[file]).hexdigest(), len(contents[file])) for file in FILES},
        tower_sha256=sha256(run.tower),
        wordings_sha256=run.config.wordings_sha256,
    )
    for file in FILES:
        (folder / file).write_bytes(contents[file])
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")


def _npy(values: NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return buffer.getvalue()
