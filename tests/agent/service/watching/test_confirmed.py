"""Somebody's word on an alert, and the windows that stay for it."""

from __future__ import annotations

from pathlib import Path

from agent.service.watching.confirmed import MOST_BEFORE, MOST_BYTES, Confirmed, Earlier, confirm, confirmed_in
from agent.service.watching.ring_folder import files_of, make_room, name_of, put


def ring(folder: Path, *alerts: str) -> None:
    folder.mkdir()
    for number, alert in enumerate(alerts, start=1):
        put(folder, name_of(number, alert), bytes(1000))


def there(folder: Path) -> list[str]:
    return [file.alert for file in files_of(folder)]


def test_a_word_is_kept_whole_and_a_later_one_stands_before_it(tmp_path: Path) -> None:
    folder = tmp_path / "ring"
    assert confirm(folder, "A1", Confirmed("ball", "Kim", 5.0)) is None
    assert confirm(folder, "A1", Confirmed("ball", "Park", 6.0)) is None  # no other word
    assert confirm(folder, "A1", Confirmed("ball", None, 7.0)) is None  # nobody says who repeats it
    assert confirm(folder, "A1", Confirmed("misalignment", "Lee", 9.0)) == Confirmed("ball", "Park", 6.0)
    (folder / "B2.was").write_bytes(b"\x00 no word")
    kept = Confirmed("misalignment", "Lee", 9.0, before=(Earlier("ball", "Park", 6.0),))
    assert confirmed_in(folder) == {"A1": kept}
    assert files_of(folder) == []
    assert confirm(folder, "B2", Confirmed("ball")) is None


def test_words_of_the_longest_names_fit_and_the_oldest_go(tmp_path: Path) -> None:
    longest = [Confirmed(f"{n}" + "\U00020000" * 39, "\U00020000" * 100, 1e9) for n in range(MOST_BEFORE + 3)]
    for word in longest:
        confirm(tmp_path, "A1", word)
    assert (tmp_path / "A1.was").stat().st_size <= MOST_BYTES
    kept = confirmed_in(tmp_path)["A1"]
    assert [one.was for one in (kept, *kept.before)] == [one.was for one in longest[: -MOST_BEFORE - 2 : -1]]


def test_confirmed_windows_stay_longest(tmp_path: Path) -> None:
    folder = tmp_path / "ring"
    ring(folder, "A1", "B2", "C3", "D4")
    confirm(folder, "A1", Confirmed("ball"))
    make_room(folder, 1000, most_bytes=4000)
    assert there(folder) == ["A1", "C3", "D4"]
    make_room(folder, 3000, most_bytes=4000)
    assert there(folder) == ["A1"]


def test_beyond_half_of_the_folder_confirmed_windows_are_as_good_as_others(tmp_path: Path) -> None:
    folder = tmp_path / "ring"
    ring(folder, "A1", "B2", "C3", "D4")
    for alert in ("A1", "B2", "C3"):
        confirm(folder, alert, Confirmed("ball"))
    make_room(folder, 1000, most_bytes=4000)
    assert there(folder) == ["B2", "C3", "D4"]
    assert set(confirmed_in(folder)) == {"B2", "C3"}  # its word went with it
