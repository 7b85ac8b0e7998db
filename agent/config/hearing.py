"""What the sensors of a config cannot show to the bundle at hand: told before anybody waits for it.

A bundle says in which bands it listens for bearings, so this is asked where config and bundle meet.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.config.keys import Config
from agent.config.suitability import gives_samples
from agent.dsp.spectra import FeatureSpec, hears_bearings
from agent.stream.windowing import window_length


def remarks_on_hearing(config: Config, spec: FeatureSpec) -> Iterator[str]:
    """One line per sensor whose declared rate is too low for every envelope band of `spec`."""
    sources = {source.name: source for source in config.sources}
    for sensor_id, sensor in config.sensors.items():
        rate_hz = sensor.rate_hz
        if rate_hz is None or not gives_samples(sensor, sources[sensor.source]):
            continue
        if not hears_bearings(spec, rate_hz=rate_hz, samples=window_length(spec.window_s, rate_hz)):
            yield (
                f"sensors.{sensor_id}.rate_hz: {rate_hz:g} Hz is too slow for bearing work; "
                "imbalance, looseness and severity are all this sensor can show"
            )
