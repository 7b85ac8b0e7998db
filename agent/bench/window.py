"""`bench`: what a window costs on this computer, beside plain transforms, and beside plain scipy where it is installed.

All is CPU time. The floor is the FFTs and the encoder call alone, on the same arrays in the same run; the ratio to it
says more than any absolute time, because computers differ and are busy.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING, Any

from agent.bench import capacity_arguments
from agent.bench.plain_scipy import measure_scipy
from agent.bench.signal import RATE_HZ, RPM, noise_and_harmonics
from agent.bench.timing import microseconds, page_faults
from agent.bundle.runtimes import CHOICES as RUNTIME_CHOICES

if TYPE_CHECKING:
    from agent.bundle.load import Bundle
    from agent.machine import SensorSetup
    from agent.ports import Encoder
    from agent.types import Samples, Window


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", default="default", help="folder of the bundle to measure with")
    parser.add_argument("--runtime", choices=RUNTIME_CHOICES, default="auto")
    parser.add_argument("--repeat", type=int, default=60, metavar="N", help="windows to time (default: 60)")
    parser.add_argument("--no-run", action="store_true", help="leave out the memory and start-up of a running agent")
    parser.add_argument(
        "--lines", type=float, metavar="SECONDS", help="measure instead what listening to three wide-band sensors costs"
    )
    capacity_arguments.add_to(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document as the last line")


def main(args: argparse.Namespace) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in run
    if args.capacity:
        return capacity_arguments.main(args)
    if args.lines is not None:
        from agent.bench.listening import lines_of, measure_lines

        measured = measure_lines(args.lines)
        print(json.dumps(measured) if args.json else "\n".join(lines_of(measured)))
        return os.EX_OK
    started_s = time.perf_counter()
    from agent.bundle.encoder import load_encoder
    from agent.bundle.load import load_bundle
    from agent.service.process import give_memory_back

    give_memory_back()  # as in run: windows are timed under its rule of memory
    bundle = load_bundle(args.bundle)
    runtime, encoder = load_encoder(bundle, args.runtime)
    loaded_s = time.perf_counter() - started_s
    result = {
        "runtime": runtime,
        "load_and_self_test_s": round(loaded_s, 3),
        **_time_window(bundle, encoder, args.repeat),
    }
    if not args.no_run:
        from agent.bench.running import measure_run

        result |= measure_run(args.bundle, args.runtime)
    if args.json:
        print(json.dumps(result))
    else:
        for line in _lines(result):
            print(line)
    return os.EX_OK


# ------------------------------------------------------------------------------------------------------ one window


def _time_window(bundle: Bundle, encoder: Encoder, repeat: int) -> dict[str, Any]:
    """Microseconds per window: the whole pipeline, its stages, and the floor."""
    window = _window(bundle)
    setup = _setup()
    stages = _stages(bundle, encoder, window, setup)
    floor = _floor(bundle, encoder, window)
    feed = _fed_pipeline(bundle, encoder, window.samples, setup)
    totals: list[float] = []
    floors: list[float] = []
    parts: dict[str, list[float]] = {name: [] for name in stages}
    faults = 0
    for _ in range(repeat):  # interleaved, so that whatever else the computer does falls on all alike
        faults -= page_faults()
        totals.append(microseconds(feed))
        faults += page_faults()
        floors.append(microseconds(floor))
        for name, stage in stages.items():
            parts[name].append(microseconds(stage))
    window_us, floor_us = median(totals), median(floors)
    return measure_scipy(window.samples, bundle.spec.envelope_bands_hz, feed) | {
        "overhead_ratio": round(window_us / floor_us, 3),
        "window_us": round(window_us, 1),
        "floor_us": round(floor_us, 1),
        "stages_us": {name: round(median(times), 1) for name, times in parts.items()},
        "windows_per_s_per_core": round(1e6 / window_us),
        "page_faults": round(faults / repeat),
    }


def _window(bundle: Bundle) -> Window:
    import numpy as np

    from agent.stream.windowing import window_length
    from agent.types import Rate, Stream, Window

    n = window_length(bundle.spec.window_s, RATE_HZ)
    stream = Stream("s", RATE_HZ, ("x", "y", "z"), "g")
    samples = np.ascontiguousarray(noise_and_harmonics(n / RATE_HZ)[:n].T).T  # as a windower lays them
    return Window(stream, 0, samples, Rate(RATE_HZ, "declared"), 0.0, None)


def _setup() -> SensorSetup:
    from agent.bearings.given import inside_of
    from agent.machine import Bearing, Machine, SensorSetup

    machine = Machine("m", rpm=RPM, speed_source="config")
    return SensorSetup("s", machine, (Bearing("de", inside_of("6205")),))


def _fed_pipeline(bundle: Bundle, encoder: Encoder, samples: Samples, setup: SensorSetup) -> Callable[[], object]:
    """A call that feeds one hop of samples, in blocks joined as a serial line's are, and so completes one window."""
    from itertools import count

    from agent.alerting.window_rules import DecisionConfig
    from agent.pipeline import Pipeline
    from agent.stream.joining import JOIN_S, joined
    from agent.types import SampleBlock, Stream

    stream = Stream("s", RATE_HZ, ("x", "y", "z"), "g")
    pipeline = Pipeline(setup, bundle=bundle, encoder=encoder, config=DecisionConfig())
    hop, block = round(bundle.spec.hop_s * RATE_HZ), 256
    at_once = round(JOIN_S * RATE_HZ)
    positions = count()

    def came(at: int) -> SampleBlock:
        rows = samples[(at % (len(samples) - block)) :][:block]
        return SampleBlock(stream, at, rows, device_us=round(at / RATE_HZ * 1e6), arrival_s=at / RATE_HZ)

    def feed() -> None:
        start = next(positions) * hop
        for first in range(start, start + hop, at_once):
            pipeline.feed(joined([came(at) for at in range(first, min(first + at_once, start + hop), block)]))

    for _ in range(round(bundle.spec.window_s / bundle.spec.hop_s) + 4):
        feed()
    return feed


def _stages(bundle: Bundle, encoder: Encoder, window: Window, setup: SensorSetup) -> dict[str, Callable[[], object]]:
    from agent.diagnosis.evidence import gather_evidence
    from agent.diagnosis.matching import match
    from agent.dsp.features import analyse, extract
    from agent.dsp.speed import SpeedTrack
    from agent.stream.quality import fault_of_signal

    spec, bearing = bundle.spec, setup.bearings[0]
    spectra = analyse(window, spec)
    track = SpeedTrack(setup.machine)
    speed = track.during(spectra, start_s=0.0, end_s=2.0)
    features = extract(spectra, spec=spec, rpm=speed.rpm, bearing=bearing)
    codes = bundle.codes(features, None)
    embedding = bundle.embedding(encoder.embed(codes))
    return {
        "quality": lambda: fault_of_signal(window),
        "analyse": lambda: analyse(window, spec),
        "speed": lambda: track.during(spectra, start_s=0.0, end_s=2.0),
        "extract": lambda: extract(spectra, spec=spec, rpm=speed.rpm, bearing=bearing),
        "codes": lambda: bundle.codes(features, None),
        "encoder": lambda: encoder.embed(codes),
        "match": lambda: match(embedding, bundle.descriptions, bundle.calibration),
        "evidence": lambda: gather_evidence(
            spectra, spec=spec, speed=speed, bearing=bearing, machine=setup.machine, unit="g"
        ),
    }


def _floor(bundle: Bundle, encoder: Encoder, window: Window) -> Callable[[], object]:
    """The forward FFT per axis, the inverse and the forward FFT per envelope band, one encoder call; nothing else."""
    import numpy as np

    from agent.dsp.features import analyse, extract
    from agent.dsp.fft import fast_length

    spec = bundle.spec
    samples = np.ascontiguousarray(window.samples.T)
    spectrum = np.fft.rfft(samples)
    bin_hz = RATE_HZ / samples.shape[1]
    reach = int(spec.envelope_max_hz / bin_hz) + 1
    bands = []
    for low, high in spec.envelope_bands_hz:
        band = spectrum[:, int(low / bin_hz) : int(high / bin_hz)]
        length = fast_length(max(band.shape[1], 2 * reach))
        bands.append((band, length, np.abs(np.fft.ifft(band, length)[0])))
    features = extract(analyse(window, spec), spec=spec, rpm=RPM, bearing=_setup().bearings[0])
    codes = bundle.codes(features, None)

    def floor() -> None:
        np.fft.rfft(samples)
        for band, length, envelope in bands:
            np.fft.ifft(band, length)
            np.fft.rfft(envelope)
        encoder.embed(codes)

    return floor


def _lines(result: dict[str, Any]) -> list[str]:
    stages = sorted(result["stages_us"].items(), key=lambda stage: -stage[1])
    lines = [
        f"one window ({RATE_HZ:g} Hz x 3 axes): {result['window_us']:.0f} us, floor {result['floor_us']:.0f} us, "
        f"ratio {result['overhead_ratio']:.2f} ({result['runtime']}), {result['page_faults']} page faults",
        *(f"  {name:<10} {time_us:8.1f} us" for name, time_us in stages),
    ]
    if "scipy_us" in result:
        lines.append(
            f"plain scipy: {result['scipy_us']:.0f} us, {result['times_faster_than_scipy']:.1f} times a whole window"
        )
    if "rss_mb" in result:
        lines.append(
            f"run with {result['rss_sensors']} sensors: {result['rss_mb']} MB resident, "
            f"first window after {result['first_window_s']} s"
        )
    return lines
