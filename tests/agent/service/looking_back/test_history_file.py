"""Alerts of the past: what is noted of each, found again, bounded, and in nobody's way where the disk refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from line_bundle import BUNDLE
from one_alert import ALERT

from agent.config.keys import AgentConfig
from agent.errors import ConfigError
from agent.messages.notices import is_known
from agent.ports import Message
from agent.service.keeping.alert_rows import OpenAlert
from agent.service.looking_back.alert_found import find_alert
from agent.service.looking_back.history import History
from agent.service.looking_back.history_file import FILE, MOST_EVENTS, HistoryFile, past_alerts
from agent.service.looking_back.past import Event, Whence, event_of
from agent.types import Alert

WHENCE = Whence("gw", None, "1", "test 1", "0" * 64, None)
CLEARED = replace(ALERT, event="cleared", reason="closed", by="Kim", diagnosis=replace(ALERT.diagnosis, deviation=0.1))


class Parts:
    """Of what a history asks."""

    def __init__(self, state_dir: Path) -> None:
        self.config: Any = type("Config", (), {"agent": AgentConfig(id="gw", state_dir=str(state_dir))})
        self.bundle, self.setups = BUNDLE, dict[str, Any]()


def history(state_dir: Path) -> History:
    parts: Any = Parts(state_dir)
    return History(parts)


def event(seq: int, payload: bytes = b"") -> Message:
    return Message("t/event", payload, qos=1, kind="event", seq=seq, alert=ALERT.id)


def cleared_payload(seq: int) -> bytes:
    told = {"schema": "textvib/alert/1", "id": ALERT.id, "event": "cleared", "seq": seq, "reason": "not_configured"}
    return msgspec.json.encode({**told, "time": datetime(2026, 1, 2, tzinfo=UTC), "sensor": "pump_de"})


def test_an_alert_is_found_again_with_what_it_said_and_became(tmp_path: Path) -> None:
    kept = history(tmp_path)
    seen = replace(ALERT, event="updated", reason="acknowledged", by="Kim", acknowledged=True)
    for seq, alert in enumerate((ALERT, seen, seen, CLEARED), 1):
        kept.note(alert, event(seq - (seq == 3)))  # the second one twice
    kept.note(ALERT, event(1))  # what is older changes nothing
    (past,) = past_alerts(tmp_path)
    assert (past.raised, past.last, past.closed, past.seq) == (ALERT, seen, True, 4)
    assert [(one.event, one.reason, one.by) for one in past.events] == [
        ("raised", None, None),
        ("updated", "acknowledged", "Kim"),
        ("cleared", "closed", "Kim"),
    ]
    assert past.whence.bundle_sha256
    assert past_alerts(tmp_path, closed=False) == past_alerts(tmp_path, sensor="other") == []
    assert past_alerts(tmp_path, before=4) == []
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_what_the_agent_changes_by_itself_bears_nobodys_name(tmp_path: Path) -> None:
    """An alert keeps who acknowledged it; its later changes are not theirs."""
    renamed = replace(ALERT, event="updated", acknowledged=True, by="Kim", was="ball")
    assert (event_of(renamed, 3).by, event_of(renamed, 3).was) == (None, "ball")
    recovered = replace(renamed, event="cleared", reason="recovered")
    assert event_of(recovered, 4).by is None
    assert event_of(replace(renamed, reason="shelved"), 5).by == "Kim"


def test_each_damaged_file_is_put_aside_under_a_name_of_its_own_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for content in (b"no database" * 100, b"again none" * 100):
        for beside in ("", "-wal", "-shm"):
            (tmp_path / f"{FILE}{beside}").unlink(missing_ok=True)
        (tmp_path / FILE).write_bytes(content)
        HistoryFile(tmp_path).close()
    assert {path.name for path in tmp_path.glob("*.damaged*")} == {f"{FILE}.damaged", f"{FILE}.damaged1"}
    assert caplog.text.count("is damaged; it is put aside") == 2


def test_what_a_crash_left_out_is_caught_up_with(tmp_path: Path) -> None:
    other = replace(ALERT, id="ff", sensor="fan")
    kept = history(tmp_path)
    kept.note(ALERT, event(1))
    kept.note(replace(ALERT, id="ee"), event(2))
    again = history(tmp_path)
    again.take_up([OpenAlert(other, 5, b"")], [event(4, cleared_payload(4)), event(3, b"no json")], is_whole=False)
    found = {past.last.id: past for past in past_alerts(tmp_path)}
    assert (found[ALERT.id].closed, found[ALERT.id].events[-1].reason) == (True, "not_configured")
    assert (found["ff"].closed, found["ff"].seq, found["ee"].closed) == (False, 5, False)
    again.take_up([OpenAlert(other, 5, b"")], [], is_whole=True)  # nobody else knows of it
    assert past_alerts(tmp_path, beginning="ee")[0].events[-1].reason == "state_lost"
    again.note(replace(ALERT, id="ee", event="updated"), event(9))  # but then it was there
    assert not past_alerts(tmp_path, beginning="ee")[0].closed


def test_it_is_bounded(tmp_path: Path) -> None:
    file = HistoryFile(tmp_path, most_past=3)
    for seq in range(1, 6):
        file.note(replace(CLEARED, id=f"a{seq}"), event_of(CLEARED, seq), WHENCE)
    for seq in range(10, 10 + MOST_EVENTS + 20):
        file.note(replace(ALERT, id="b"), event_of(ALERT, seq), WHENCE)
    assert [past.last.id for past in past_alerts(tmp_path)] == ["b", "a5", "a4", "a3"]
    (often,) = past_alerts(tmp_path, beginning="b")
    assert len(often.events) == MOST_EVENTS
    assert (often.events[0].seq, often.events[-1].seq) == (10, 10 + MOST_EVENTS + 19)


def test_a_disk_that_refuses_is_told_and_taken_again(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("in the way")
    kept = history(folder)
    kept.note(ALERT, event(1))
    (notice,) = kept.notices
    assert "history cannot be kept" in notice
    assert is_known(notice, "ko")
    folder.unlink()
    folder.mkdir()
    kept.note(CLEARED, event(2))
    assert kept.notices == ()
    assert past_alerts(folder)[0].closed


def test_damage_is_put_aside_and_a_row_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"SQLite format 3\0" + b"\1" * 5000)
    with pytest.raises(ConfigError, match="is damaged"):
        past_alerts(tmp_path)
    kept = history(tmp_path)
    kept.note(ALERT, event(1))
    assert [past.last.id for past in past_alerts(tmp_path)] == [ALERT.id]
    assert (tmp_path / f"{FILE}.damaged").exists()
    file = HistoryFile(tmp_path)
    file._connection.execute("update alert set last = ?", (b"\xc1",))
    file._connection.commit()
    assert past_alerts(tmp_path) == []


def test_which_alert_is_meant(tmp_path: Path) -> None:
    def kept(id_: str, seq: int, **changes: Any) -> Alert:
        alert = replace(ALERT, id=id_, **changes)
        HistoryFile(tmp_path).note(alert, Event(seq, "raised", 1.0), WHENCE)
        return alert

    with pytest.raises(ConfigError, match="no alert is kept there"):
        find_alert(tmp_path, None)
    first, second, third = kept("0a1", 1), kept("0a2", 2), kept("0b1", 3, sensor="fan", bearing=None)
    HistoryFile(tmp_path).note(replace(first, event="updated"), Event(7, "updated", 2.0), WHENCE)
    assert find_alert(tmp_path, "0b").raised == third
    assert find_alert(tmp_path, "0a2").raised == second
    assert find_alert(tmp_path, "fan/machine").raised == third
    assert find_alert(tmp_path, None).raised == third  # raised last, though another changed since
    assert find_alert(tmp_path, None, sensor="pump_de").raised == second
    with pytest.raises(ConfigError, match=r"'0a' is the beginning of several; alerts kept: 0a1 .*, 0a2"):
        find_alert(tmp_path, "0a")
    with pytest.raises(ConfigError, match=r"no alert '0b' of sensor 'pump_de' .* alerts kept: 0a1"):
        find_alert(tmp_path, "0b", sensor="pump_de")
    (tmp_path / "ring").mkdir()
    (tmp_path / "ring" / "00000001-77ab.vbw").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"its windows are in .*77ab\.vbw"):
        find_alert(tmp_path, "77")


def test_what_there_is_is_said_in_korean_too(tmp_path: Path) -> None:
    told = []
    for sensor in (None, "fan"):
        for wanted in (None, "77"):
            with pytest.raises(ConfigError) as caught:
                find_alert(tmp_path, wanted, sensor=sensor)
            told.append(str(caught.value))
    for n in (1, 2):
        HistoryFile(tmp_path).note(replace(ALERT, id=f"a{n}"), Event(n, "raised", 1.0), WHENCE)
    (tmp_path / "ring").mkdir()
    (tmp_path / "ring" / "00000001-77ab.vbw").write_bytes(b"")
    for sensor, wanted in ((None, "77"), ("fan", "77"), (None, "a"), ("pump_de", "a")):
        with pytest.raises(ConfigError) as caught:
            find_alert(tmp_path, wanted, sensor=sensor)
        told.append(str(caught.value))
    assert [text for text in told if not is_known(text, "ko")] == []
