"""What the workstation's waits are told with: the one idea of progress, which the agent's own waits share."""

from __future__ import annotations

from agent.service.progress import busy as busy
from agent.service.progress import track as track
