"""The ready board for Grafana asks for metrics that there are, and the flow for Node-RED is whole."""

from __future__ import annotations

import json
import re
from pathlib import Path

from agent.messages.topics import Topics
from agent.service.watching.metric_kinds import KINDS

BOARD = Path(__file__).parent.parent / "deploy" / "grafana" / "textvib.json"
BESIDE = {"textvib_build_info", "textvib_figures_age_seconds"}


def test_every_panel_asks_for_metrics_that_there_are_by_labels_that_they_have() -> None:
    board = json.loads(BOARD.read_text())
    labels = {kind.name + ("_total" if kind.counts else ""): set(kind.labels) for kind in KINDS}
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len(asked) > 10
    for query in asked:
        names = re.findall(r"textvib_\w+", query)
        assert names
        assert set(names) <= {*labels, *BESIDE}, query
        grouped = {label for by in re.findall(r"by \(([\w, ]+)\)", query) for label in re.split(r", ", by)}
        assert grouped <= set().union(*(labels.get(name, set()) for name in names)), query
        assert 'instance=~"$instance"' in query


def test_no_panel_lies_over_another() -> None:
    taken: set[tuple[int, int]] = set()
    panels = json.loads(BOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    assert all(x < 24 for x, _ in taken)


def test_every_wire_of_the_flow_leads_to_a_node_of_its_tab() -> None:
    flow = json.loads((BOARD.parent.parent / "node-red" / "textvib.json").read_text())
    nodes = {node["id"]: node for node in flow}
    assert len(nodes) == len(flow)
    for node in flow:
        assert node.get("z", "tv0000000000tab0") == "tv0000000000tab0"
        assert {end for wires in node.get("wires", ()) for end in wires} <= set(nodes)
    (heard,) = (node for node in flow if node["type"] == "mqtt in")
    assert heard["topic"] == Topics("textvib", "+").event
    assert nodes[heard["broker"]]["type"] == "mqtt-broker"
