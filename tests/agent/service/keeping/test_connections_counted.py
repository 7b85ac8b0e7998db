"""Connections of a sink are numbered over all starts, each sink's for itself."""

from __future__ import annotations

from pathlib import Path

from agent.service.keeping.store import open_store


def test_numbers_go_on_over_a_restart_and_are_each_sinks_own(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    assert [store.sinks.next_connection("scada") for _ in range(3)] == [0, 1, 2]
    store.close()
    store = open_store(tmp_path)
    assert store.sinks.next_connection("scada") == 3
    assert store.sinks.next_connection("other") == 0
    store.close()
