"""All questions of a setup, in their order: those of a sensor are asked of each, then those of the agent."""

from __future__ import annotations

from agent.setup.agent_questions import OF_THE_AGENT
from agent.setup.sensor_questions import OF_A_SENSOR

QUESTIONS = (*OF_A_SENSOR, *OF_THE_AGENT)
