"""What is said of windows is counted once, and every share adds up."""

from __future__ import annotations

from export.scoring.answers import Answers, answers_as_text, answers_of, mean_answers


def test_every_window_is_counted_once_by_what_is_said_of_it() -> None:
    said = answers_of(["ball", "bearing", "rotor", "healthy", "unknown", "abnormal", "idle", "inner_race"], "ball")
    assert (said.right, said.parent, said.healthy, said.open) == (1 / 8, 1 / 8, 1 / 8, 2 / 8)
    assert said.wrong == 3 / 8
    unjudged = answers_of(["idle", "invalid", "healthy"], "healthy", unjudged=("idle", "invalid"))
    assert (unjudged.right, unjudged.open, unjudged.wrong, unjudged.healthy) == (1 / 3, 2 / 3, 0, 0)


def test_trainings_of_one_column_are_averaged_and_printed_by_level() -> None:
    levels = [{"no speed": {"ball": Answers(4, 0.0, share, 1 - share, 0.0, 0.0)}} for share in (0.5, 1.0)]
    mean = mean_answers(levels)
    assert mean["no speed"]["ball"] == Answers(4, 0.0, 0.75, 0.25, 0.0, 0.0)
    heading, row = answers_as_text(mean, heading="known", width=12)
    assert heading.split() == ["known", "label", "right", "parent", "wrong", "healthy", "open"]
    assert row.split() == ["no", "speed", "ball", "0.00", "0.75", "0.25", "0.00", "0.00"]
