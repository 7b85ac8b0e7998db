"""The raw windows that raised an alert, from the ring in the state directory: as a picture, and as the file itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from agent.dsp.features import feature_names
from agent.dsp.spectra import FeatureSpec
from agent.errors import RecordingError
from agent.recordings.kept import Kept, KeptWindow, read_kept
from agent.service.watching.ring_folder import FOLDER, files_of
from agent.web.picture import Sight, picture_of


class Windows:
    """The folder of kept windows; only files that are in it by their own name are ever opened."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / FOLDER

    def file_of(self, alert: str) -> Path | None:
        """The file of an alert; None where none is kept, or the folder cannot be read."""
        try:
            return next((file.path for file in files_of(self._folder) if file.alert == alert), None)
        except OSError:
            return None

    def picture(self, alert: str, *, spec: FeatureSpec) -> dict[str, Any] | None:
        """The window that raised an alert, drawn; None where it is not kept. RecordingError where it is damaged."""
        path = self.file_of(alert)
        if path is None:
            return None
        kept = read_kept(path, features=len(feature_names(spec)))
        raising = _raising(kept)
        sight = Sight(raising.window, kept.setup, raising.diagnoses, spec)
        return {
            "alert": alert,
            "name": path.name,
            "bearing": kept.about.bearing,
            "about": msgspec.to_builtins(kept.about),
            "picture": picture_of(sight, kept.about.bearing),
        }


def _raising(kept: Kept) -> KeptWindow:
    """The window that raised it; the last one where it is not among them."""
    if not kept.windows:
        raise RecordingError(f"{kept.about.alert}: its file holds no windows")
    return next((one for one in kept.windows if one.window.start == kept.about.raised_by), kept.windows[-1])
