"""Who tells of an alert of the past: by the words of the bundle that judged it, of the machine as it was configured."""

from __future__ import annotations

from agent.bundle.load import Bundle
from agent.messages.compose import Speaker
from agent.messages.words import Language
from agent.service.looking_back.past import Past


def speaker_of(past: Past, bundle: Bundle, language: Language) -> Speaker:
    """`bundle` as `bundle_for` finds it."""
    whence = past.whence
    return Speaker(
        agent=whence.agent,
        site=whence.site,
        language=language,
        descriptions=bundle.descriptions,
        setups={} if whence.setup is None else {past.last.sensor: whence.setup.setup},
        calibration=bundle.calibration,
    )
