"""What contradicts itself about one sensor, as notices: two senders, a wrong rate, a speed that is silent or cannot be.

Each is said as long as it lasts and a minute longer, so that what comes and goes does not flicker.
"""

from __future__ import annotations

from agent.types import Diagnosis, SeenAs, SourceFault, SpeedQuestion

CONTRADICTIONS = {
    "rate_off": "rate_mismatch",
    "second_sender": "second_sender",
    "duplicate_device": "second_sender",
}
"""Kind of refused input -> the reason of a state, where that is all that comes."""

LASTS_S = 60.0

SPEED_NOTICES = {
    ("silent", True): (
        "speed_silent: no speed is told any more, and the spectrum's is used; check the tacho and whoever sends it"
    ),
    ("silent", False): (
        "speed_silent: no speed is told any more, so that bearing lines cannot be placed; check the tacho and whoever "
        "sends it"
    ),
    ("contradicted", True): (
        "speed_contradicts: the speed that is told cannot be, and the spectrum's is used; check the tacho, and who may "
        "write its topic"
    ),
    ("contradicted", False): (
        "speed_contradicts: the speed that is told cannot be, and none is used; check the tacho, and who may write its "
        "topic"
    ),
}
"""By why a speed that is told all the time is doubted, and whether the spectrum shows another."""

NOMINAL_NOTICES = {
    ("contradicted", True): (
        "speed_contradicts: {nominal:g} rpm is given, but the lines of a shaft stand at {seen:.0f} rpm; no part is "
        "named by its lines until the speed that is right is given, or a tolerance that reaches it"
    ),
    ("contradicted", False): (
        "speed_contradicts: {nominal:g} rpm is given, but the lines of a shaft stand at {seen:.0f} rpm; no speed is "
        "used until the one that is right is given"
    ),
    ("hertz", False): (
        "speed_contradicts: {nominal:g} rpm is given, but the lines of a shaft fit {seen:.0f} rpm; no speed is used "
        "until one is given in rpm: were Hz meant?"
    ),
}
"""By why a nominal speed is asked about, and whether it stands meanwhile."""

RATE_MENDS: dict[SeenAs | None, str] = {
    "stamps": " by the sensor's own time stamps; correct rate_hz, or the sensor's clock",
    "late": (
        ", late or in bursts; look at who sends them and at the network, which hold samples up or lose them, and only "
        "then at rate_hz"
    ),
    "evenly": " evenly; correct rate_hz, or the sensor's clock, or see that who sends them leaves none out",
    None: "; correct rate_hz, or the sensor's clock",
}
"""By how a rate shows that is not the declared one: what is to be looked at, the likeliest first."""


class ToldDoubts:
    """The contradictions of one sensor."""

    def __init__(self) -> None:
        self._refused: dict[str, tuple[float, str]] = {}  # reason -> when last, and in words
        self._speed: tuple[float, str] | None = None  # when last, and in words
        self._nominal: tuple[float, str] | None = None  # likewise, of a nominal one
        self.silent_since_s: float | None = None  # since when the machine runs without the speed that should be told

    def refuse(self, fault: SourceFault, now_s: float) -> str | None:
        """Note refused input; the reason, where it is a contradiction."""
        reason = CONTRADICTIONS.get(fault.kind)
        if reason is not None:
            self._refused[reason] = (now_s, fault.detail)
        return reason

    def feed(self, diagnosis: Diagnosis) -> None:
        """Note what a window says of speed and rate."""
        speed, rate = diagnosis.speed, diagnosis.rate
        if rate.seen_hz is not None:
            told = f"{rate.hz:g} Hz declared, {rate.seen_hz:g} Hz arrive{RATE_MENDS[rate.seen_as]}"
            self._refused["rate_mismatch"] = (diagnosis.time_s, told)
        if speed.asks is not None:
            if diagnosis.running:
                self._nominal = (diagnosis.time_s, _asked(speed.asks, stands=speed.rpm is not None))
        elif speed.doubt is not None:
            self._speed = (diagnosis.time_s, SPEED_NOTICES[speed.doubt, speed.rpm is not None])
        if speed.doubt == "silent" and diagnosis.running:
            self.silent_since_s = self.silent_since_s or diagnosis.time_s
        elif speed.doubt is None and diagnosis.quality is None:
            self.silent_since_s, self._speed = None, None

    def notices(self, now_s: float) -> list[str]:
        """What holds now."""
        found = [f"{reason}: {words}" for reason, (at_s, words) in self._refused.items() if now_s - at_s <= LASTS_S]
        speeds = [told for told in (self._speed, self._nominal) if told is not None]
        return [*found, *(words for at_s, words in speeds if now_s - at_s <= LASTS_S)]


def _asked(question: SpeedQuestion, *, stands: bool) -> str:
    words = NOMINAL_NOTICES[question.reason, stands]
    return words.format(nominal=question.nominal, seen=question.seen_rpm)
