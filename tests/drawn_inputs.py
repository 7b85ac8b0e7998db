"""How many inputs Hypothesis draws for a property: one number for all, so that `make field` can draw many more."""

from __future__ import annotations

import os

from hypothesis import settings

EXAMPLES = int(os.environ.get("TEXTVIB_EXAMPLES", "30"))
"""They are others in every run."""
settings.register_profile("textvib", max_examples=EXAMPLES, deadline=None)
settings.load_profile("textvib")

costly = settings(max_examples=max(1, EXAMPLES // 4))
"""For a property that takes a tenth of a second and more to try."""
