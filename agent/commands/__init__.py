"""One module per command, `add_arguments(parser)` and `main(args) -> exit code`, and its row in the table.

The summary stands here and not in the module, because `--help` shows all of them and imports none.
"""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """What `--help` must know of a command."""

    module: str
    summary: str


COMMANDS = {
    "run": Command("agent.commands.run", "listen, diagnose and publish until told to stop"),
    "reload": Command("agent.commands.reload", "let the running agent read its config again, all of it or nothing"),
    "setup": Command("agent.commands.setup", "find sensors, ask what they are of, and write a checked config"),
    "check": Command(
        "agent.commands.check", "validate a config and everything it names, open nothing, print every problem"
    ),
    "explain": Command(
        "agent.commands.explain", "show what arrives on a topic or port, or is in a file, and how it would be read"
    ),
    "replay": Command("agent.commands.replay", "diagnose recordings and print a verdict"),
    "record": Command("agent.commands.record", "write what a sensor of the running agent sends to a .vbp file"),
    "commission": Command(
        "agent.commands.commission", "teach the running agent what a sensor's machine looks like healthy"
    ),
    "forget": Command("agent.commands.forget", "forget what a sensor's machine looks like healthy"),
    "acknowledge": Command("agent.commands.acknowledge", "note that somebody has seen an open alert"),
    "shelve": Command("agent.commands.shelve", "put an open alert aside for a time; what is worse by then comes back"),
    "unshelve": Command("agent.commands.alerts", "take an alert back that was shelved"),
    "close": Command("agent.commands.acknowledge", "clear an open alert by hand; what is not well raises another"),
    "state": Command("agent.commands.state", "move what the running agent knows of a sensor to another agent"),
    "status": Command("agent.commands.status", "show how the running agent and its sensors are"),
    "retry": Command("agent.commands.retry", "let the running agent try at once what it cannot reach or was refused"),
    "report": Command(
        "agent.commands.report", "write the report of an alert as one page: what it said, rested on, and became of it"
    ),
    "ring": Command("agent.commands.ring", "list the recordings of windows around alerts, which replay takes"),
    "trend": Command("agent.commands.trend", "show how figures moved over days, and when a limit would be reached"),
    "page": Command("agent.commands.page", "serve the page for a browser; `run` does where the config has [web]"),
    "bearings": Command("agent.commands.bearings", "list the bearings of the catalogue, or search them"),
    "bench": Command("agent.bench.window", "measure what a window costs on this computer"),
    "demo": Command("agent.demo", "run a virtual motor through health, defect and repair"),
    "schemas": Command("agent.commands.schemas", "write the JSON Schemas of all published messages"),
}
"""In the order in which `--help` shows them."""
