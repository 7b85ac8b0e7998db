"""Coverage-guided fuzzing of the decoder with atheris: `python -m firmware_bridge.fuzz -max_total_time=60`.

Atheris is imported on use, so nothing else depends on it. What holds for any bytes is asserted here: no exception, a
bounded buffer, the same answers in whatever pieces the bytes come, and no frame that its own encoding contradicts.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import firmware_bridge
from firmware_bridge import cobs
from firmware_bridge.decoder import Decoder
from firmware_bridge.frames import MAX_WIRE, Fault, Frame, decode_frame, encode, frame_bytes
from firmware_bridge.vectors import golden_frames
