"""Claims from plan to verdict: planned before they are run, and decided by what was planned."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import msgspec
import numpy as np
import pytest

from agent.errors import ConfigError
from export.cli import main
from export.commands.claiming import as_text
from export.runs.folder import read_json, write_json
from export.scoring.spread import Spread
from export.studies.claims.asked import CLAIMS, Claim, trials_for, values_of
from export.studies.claims.cells import RECIPE, Setting, Trial, path_of
from export.studies.claims.courses import COURSE_CLAIMS, course_values, forgotten_in
from export.studies.claims.findings import Findings, findings_of
from export.studies.claims.picture import draw_findings
from export.studies.claims.plan import (
    Plan,
    Wanted,
    kept_plan,
    pilot_trials,
    plan_of,
    seeds_of,
    trials_planned,
    write_plan,
)
from export.studies.claims.power import cautious, pairs_needed, power_of_equivalence, power_to_tell
from export.studies.claims.study import scores_of, so_far
from export.studies.claims.verdicts import Evidence, Rule, decide, holm, seeds_to_decide
from export.studies.continual.study import Course
from export.studies.objectives.compare import TrialCell
from export.studies.objectives.sign_flip import p_of_equivalence

WANTED = Wanted(others=())
RULE = Rule(delta=0.05, level=0.05, power=0.8, tests=3)
NOISE = np.random.default_rng(0)


def a_plan(noise: float = 0.02, minutes: float = 40.0, first_seed: int = 0) -> Plan:
    wanted = msgspec.structs.replace(WANTED, minutes=minutes, first_seed=first_seed)
    trials = pilot_trials(wanted)
    return plan_of(wanted, dict(zip(trials, NOISE.normal(0.7, noise, len(trials)), strict=True)), [5.0, 7.0])


def test_a_plan_buys_the_power_that_it_says() -> None:
    level, power, spread = 0.004, 0.8, 0.06
    pairs = pairs_needed(0.05, spread, level=level, power=power)
    for chance in (power_to_tell, power_of_equivalence):
        assert chance(0.05, spread, pairs, level=level) >= power
    least = min(chance(0.05, spread, pairs - 1, level=level) for chance in (power_to_tell, power_of_equivalence))
    assert least < power
    drawn = NOISE.normal(0.05, spread, (4000, pairs))
    t = drawn.mean(axis=1) / drawn.std(axis=1, ddof=1) * np.sqrt(pairs)
    from scipy.stats import t as student

    found = (np.abs(t) > student.ppf(1 - level / 2, pairs - 1)).mean()
    assert found == pytest.approx(power_to_tell(0.05, spread, pairs, level=level), abs=0.03)
    assert cautious(0.06, 12) > 0.06 * 1.1
    assert cautious(0.06, 1000) == pytest.approx(0.06, rel=0.03)
    assert cautious(0.06, 1) == np.inf


def test_seeds_are_what_is_needed_or_what_minutes_buy() -> None:
    rich, poor = a_plan(0.01, minutes=1e5), a_plan(0.05, minutes=40)
    assert all(row.seeds == max(2, row.seeds_needed) and row.power_to_tell > 0.8 for row in rich.claims)
    assert len(trials_planned(poor)) == poor.trials <= 40 * 60 / 6
    assert all(row.seeds < row.seeds_needed and row.power_to_tell < 0.8 for row in poor.claims)
    differences = {claim.name: claim.trainings for claim in CLAIMS}
    spreads = {differences[row.claim]: row.spread for row in poor.claims}
    assert spreads[4] == pytest.approx(spreads[2] * np.sqrt(2))


@pytest.mark.parametrize("first_seed", [0, 100])
def test_no_training_of_the_pilot_is_a_trial(first_seed: int) -> None:
    plan = a_plan(first_seed=first_seed)
    trials = trials_planned(plan)
    assert len(set(trials)) == len(trials)
    assert not {trial.name for trial in pilot_trials(plan.wanted)} & {trial.name for trial in trials}
    for claim in CLAIMS:
        assert seeds_of(plan, claim)[0] == first_seed
        assert all(set(trials_for([claim], seed)) <= set(trials) for seed in seeds_of(plan, claim))


def test_a_later_study_looks_at_no_seed_of_an_earlier_one() -> None:
    plans = [a_plan(0.05, first_seed=first_seed) for first_seed in (0, 100)]
    before, after = (
        {trial.seed for trials in (pilot_trials(plan.wanted), trials_planned(plan)) for trial in trials}
        for plan in plans
    )
    assert before
    assert not before & after
    assert plans[0].trials == plans[1].trials
    earlier, later = (
        {(trial.setting, trial.column, trial.seed - plan.wanted.first_seed) for trial in trials_planned(plan)}
        for plan in plans
    )
    assert earlier == later


def test_seeds_end_where_those_of_the_pilot_begin() -> None:
    plan = a_plan(1.0, minutes=1e6, first_seed=990)
    assert max(trial.seed for trial in trials_planned(plan)) == 999
    assert min(trial.seed for trial in pilot_trials(plan.wanted)) == 1990


def test_a_plan_of_whole_minutes_is_the_one_that_is_read_back(tmp_path: Path) -> None:
    plan = a_plan(minutes=90)
    write_plan(tmp_path, plan)
    assert kept_plan(tmp_path / "plan.json", plan.wanted, trials=[tmp_path / "trial.json"]) == plan


def test_a_plan_cannot_change_once_a_trial_has_followed(tmp_path: Path) -> None:
    plan = a_plan()
    path, trial = tmp_path / "plan.json", tmp_path / "trial.json"
    assert kept_plan(path, plan.wanted, trials=[]) is None
    with pytest.raises(ConfigError, match="not there, although trials are"):
        kept_plan(path, plan.wanted, trials=[trial])
    write_plan(tmp_path, plan)
    assert kept_plan(path, plan.wanted, trials=[trial]) == plan
    other = msgspec.structs.replace(plan.wanted, delta=0.02, minutes=90.0)
    assert kept_plan(path, other, trials=[]) is None
    with pytest.raises(ConfigError, match=r"delta, minutes cannot change: ask for what it says"):
        kept_plan(path, other, trials=[trial])
    write_json(path, msgspec.structs.replace(plan, claims=plan.claims[:-1]))
    with pytest.raises(ConfigError, match="changed since it was written"):
        kept_plan(path, plan.wanted, trials=[])
    text = (tmp_path / "plan.md").read_text()
    assert plan.sha256 in text
    assert plan.written in text
    assert all(f"| {claim.name} |" in text for claim in CLAIMS)


TRIPLET, INFONCE = Setting("triplet"), Setting("infonce")


@pytest.mark.parametrize(
    ("kind", "expected"), [("sum", [0.1, 0.2, 0.3]), ("range", [0.6, 0.6, 0.6]), ("spread", [0.0, 0.0, 0.0])]
)
def test_a_difference_is_of_sums_ranges_or_spreads(kind: str, expected: list[float]) -> None:
    claim = msgspec.convert(
        {
            "name": "c",
            "said": "",
            "more": (TRIPLET, Setting("triplet", batch=4)),
            "less": (INFONCE,),
            "columns": ("007",),
            "kind": kind,
        },
        Claim,
    )
    scores = {Trial(INFONCE, "007", seed): 0.5 + 0.1 * seed for seed in range(3)}
    scores |= {Trial(TRIPLET, "007", seed): 0.6 + 0.1 * seed for seed in range(3)}
    scores |= {Trial(Setting("triplet", batch=4), "007", seed): 0.0 + 0.1 * seed for seed in range(3)}
    found = values_of(claim, scores, range(3))["007"]
    if kind == "spread":
        assert found == pytest.approx([0.1, 0.0, 0.1])
    else:
        assert found == pytest.approx(expected)


def test_a_range_of_chance_alone_is_none() -> None:
    settings = tuple(Setting(f"triplet@margin={value:g}") for value in (0.1, 0.2, 0.8))
    claim = Claim("c", "", settings, (INFONCE,), ("007",), "range")
    noise, seeds, means = np.random.default_rng(7), range(20), []
    for _ in range(200):  # one study of many seeds says less: whichever two settings lie nearest decide its mean
        scores = {
            Trial(one, "007", seed): float(noise.normal(0.7, 0.05)) for one in (*settings, INFONCE) for seed in seeds
        }
        means.append(np.mean(values_of(claim, scores, seeds)["007"]))
    assert np.mean(means) == pytest.approx(0, abs=3.5 * np.std(means) / np.sqrt(len(means)))
    assert np.std(means) / np.sqrt(len(means)) < 0.002
    assert values_of(claim, scores, range(1)) == {}


def evidence(mean: float, spread: float, *, pairs: int = 10, of_no_effect: bool = False) -> Evidence:
    shifts = np.linspace(-1, 1, pairs // 2)
    return Evidence("c", "", {name: (mean + spread * shifts).tolist() for name in "ab"}, of_no_effect)


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        (evidence(0.1, 0.05), "supported"),
        (evidence(-0.1, 0.05), "refuted"),
        (evidence(0.0, 0.02), "smaller"),
        (evidence(0.02, 0.2), "undecided"),
        (evidence(0.0, 0.02, of_no_effect=True), "supported"),
        (evidence(0.1, 0.05, of_no_effect=True), "refuted"),
        (evidence(-0.1, 0.05, of_no_effect=True), "refuted"),
        (evidence(0.02, 0.2, of_no_effect=True), "undecided"),
        (Evidence("c", "", {"a": [0.2] * 8, "b": [-0.02] * 4}), "undecided"),
        (Evidence("c", "", {"a": [-0.2] * 8, "b": [0.0] * 8}), "refuted"),
        (Evidence("c", "", {"a": [0.2] * 8, "b": [0.0] * 8}), "supported"),
        (Evidence("c", "", {}, missing="not run"), "not asked"),
    ],
)
def test_a_verdict_is_what_the_tests_say(one: Evidence, verdict: str) -> None:
    (decision,) = decide([one], RULE)
    assert decision.verdict == verdict
    assert (seeds_to_decide(decision) is not None) == (verdict == "undecided")


def test_equivalence_is_two_one_sided_tests() -> None:
    values = NOISE.normal(0.01, 0.05, 12).tolist()
    wide, narrow = (p_of_equivalence({"a": values}, bound=bound) for bound in (0.08, 0.02))
    assert wide < 0.05 < narrow
    assert p_of_equivalence({"a": [0.2 + value for value in values]}, bound=0.08) > 0.95


@pytest.mark.long
def test_equivalence_is_claimed_as_seldom_as_it_says() -> None:
    wrong = np.mean(
        [p_of_equivalence({"a": NOISE.normal(0.05, 0.06, 9).tolist()}, bound=0.05) <= 0.05 for _ in range(200)]
    )
    assert wrong <= 0.09


def test_many_claims_share_the_level() -> None:
    assert holm([0.01, 0.04, 0.03], tests=3) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.01], tests=13) == pytest.approx([0.13])
    assert holm([0.9, 0.6], tests=2) == [1.0, 1.0]
    one = evidence(0.04, 0.06)
    few, many = (decide([one], Rule(0.05, 0.05, 0.8, tests=tests))[0] for tests in (1, 1000))
    assert (few.verdict, many.verdict) == ("supported", "undecided")


def test_courses_are_read_and_never_run(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.mkdir()
    for objective, lost in (("triplet", 0.1), ("infonce", 0.3)):
        for way, share in (("fine-tuning", 1.0), ("rehearsal", 0.5)):
            for seed in range(2):
                course = [[0.9, 0.1], [0.9 - lost * share, 0.9]]
                write_json(key / f"speeds-{objective}-{way}-{seed}.json", Course(course, course))
    write_json(key / "rigs-triplet-rehearsal-0.json", Course(course, course))
    for folder in (tmp_path, key):
        forgotten = forgotten_in(folder)
        assert forgotten["speeds", "infonce", "fine-tuning", 1] == pytest.approx(0.3)
        less, replay = (course_values(claim, forgotten) for claim in COURSE_CLAIMS)
        assert less["speeds"] == pytest.approx([0.2, 0.2])
        assert replay["speeds"] == pytest.approx([-0.1, -0.1])
        assert set(less) == {"speeds"}
    with pytest.raises(ConfigError, match="no finished course there"):
        forgotten_in(tmp_path / "nowhere")
    (tmp_path / "other").mkdir()
    write_json(tmp_path / "other" / "speeds-triplet-both-0.json", Course(course, course))
    with pytest.raises(ConfigError, match="courses of 2 keys; name one"):
        forgotten_in(tmp_path)


def some_findings(folder: Path) -> Findings:
    """Of a plan whose first two seeds are finished; triplet leads where data are few."""
    plan = a_plan(0.05, first_seed=100)
    with pytest.raises(ConfigError, match="no plan for this yet"):
        so_far(folder, plan.wanted)
    write_plan(folder, plan)
    (folder / "trials").mkdir()
    trials = trials_planned(plan)[: len(trials_for(CLAIMS, 100)) * 2 + 5]
    for trial in trials:
        lead = 0.2 if trial.setting.objective == "triplet" and trial.setting.windows == 2 else 0.0
        score = 0.6 + lead + float(NOISE.normal(0, 0.01))
        spread = Spread(2.0, 0.5, -1.0)
        write_json(path_of(trial, folder / "trials"), TrialCell(score, score, spread, spread, 10, 1.0))
    seen, cells = so_far(folder, plan.wanted)
    assert len(cells) == len(trials)
    ways = itertools.product(("triplet", "infonce"), ("fine-tuning", "rehearsal"), (0, 1, 100, 101))
    forgotten = {("rigs", objective, way, seed): 0.1 * (seed < 100) for objective, way, seed in ways}
    return findings_of(seen, scores_of(cells), forgotten, recipe=RECIPE, key="key")


def test_what_is_finished_is_judged(tmp_path: Path) -> None:
    findings = some_findings(tmp_path)
    assert 0 < findings.finished < findings.plan.trials
    assert findings.seeds["few data"] == 2
    assert len(findings.decisions) == len(CLAIMS) + len(COURSE_CLAIMS) + 1
    by_name = {one.claim: one for one in findings.decisions}
    assert by_name["few data"].difference is not None
    assert by_name["few data"].difference.mean == pytest.approx(0.2, abs=0.02)
    assert findings.seeds["forgets less"] == 2  # those from the first seed on
    bare = findings_of(findings.plan, {}, {}, recipe=RECIPE, key="key")
    assert "--continual" in next(one for one in bare.decisions if one.claim == "forgets less").why
    assert "`pretrain`" in by_name["unlabelled"].why
    text = as_text(findings)
    assert all(one.claim in text for one in findings.decisions)
    write_json(tmp_path / "findings.json", findings)
    assert read_json(tmp_path / "findings.json", Findings) == findings


@pytest.mark.long
def test_claims_and_axes_are_drawn(tmp_path: Path) -> None:
    findings = some_findings(tmp_path)
    draw_findings(tmp_path / "findings.png", findings)
    assert (tmp_path / "findings.png").stat().st_size > 10_000


def test_the_command_refuses_before_it_reads_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = ["claims", "--data", str(tmp_path / "nowhere")]
    assert main([*nowhere, "--others", "hinge", "--pilot-seeds", "1"]) == os.EX_CONFIG
    refused = capsys.readouterr().err
    assert "'hinge' is none of triplet" in refused
    assert "--pilot-seeds: 1 shows no spread" in refused
    assert main([*nowhere, "--first-seed", "998", "--drawn-seeds", "3"]) == os.EX_CONFIG
    assert "--first-seed: seeds from 1000 on are the pilot's; give 997 at most" in capsys.readouterr().err
    for option in (["--first-seed", "-1"], ["--workers", "0"], ["--workers", "all"]):
        with pytest.raises(SystemExit):
            main([*nowhere, *option])
    assert main([*nowhere, "--device", "gpu"]) == os.EX_CONFIG
    assert main([*nowhere, "--continual", str(tmp_path)]) == os.EX_CONFIG
    assert main(nowhere) == os.EX_DATAERR
