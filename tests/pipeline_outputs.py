"""What came out of a pipeline, by its kind: for tests that feed one."""

from __future__ import annotations

from agent.types import Alert, Diagnosis, Output, State, StateChange


class PipelineOutputs:
    """`outputs` in their order; whoever feeds the pipeline adds to them."""

    outputs: list[Output]

    @property
    def diagnoses(self) -> list[Diagnosis]:
        return [o for o in self.outputs if isinstance(o, Diagnosis)]

    @property
    def alerts(self) -> list[tuple[str, str]]:
        return [(o.event, o.fault) for o in self.outputs if isinstance(o, Alert)]

    @property
    def states(self) -> list[State]:
        return [o.state for o in self.outputs if isinstance(o, StateChange)]
