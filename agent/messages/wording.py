"""What people read where no fault description speaks: states, unnamed deviations, signals that cannot be judged.

Fault texts come from the bundle; these belong to the agent, because every bundle needs the same ones.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from agent.diagnosis.matching import Descriptions, Text
from agent.types import INVALID, UNKNOWN, Objection, State

Language: TypeAlias = Literal["ko", "en"]

RMS_ONLY, RMS_TOO_HIGH = "rms_only", "rms_too_high"
"""Names of texts, not of faults: what a transmitter's diagnosis, and an alert on it, can say."""

NOT_NAMED, STANDING_STILL, NO_WINDOW = "not_named", "standing_still", "no_window"
"""Likewise: what is said without a name where no baseline says that the machine deviates."""

OWN_TEXTS: dict[str, dict[Language, Text]] = {
    UNKNOWN: {
        "en": Text(
            title="Unnamed deviation",
            sentence="The machine departs from its healthy state, and no fault description fits.",
            advice="Look at the machine, check what changed lately (load, fastening, lubrication), record the signal.",
        ),
        "ko": Text(
            title="원인 미상의 이상",
            sentence="정상 상태에서 벗어났으나 일치하는 결함 설명이 없습니다.",
            advice="현장을 점검하고 최근에 달라진 점(부하, 체결, 윤활)을 확인한 뒤 진동을 기록하십시오.",
        ),
    },
    NOT_NAMED: {
        "en": Text(
            title="No fault named",
            sentence="The vibration is not near enough to any description, neither of a fault nor of health.",
            advice="Compare it with the same machine when healthy: commission the sensor, or give replay --healthy.",
        ),
        "ko": Text(
            title="판정 불가",
            sentence="진동이 정상을 포함한 어느 설명과도 충분히 가깝지 않습니다.",
            advice="같은 기계의 정상 상태와 비교하십시오. 센서를 학습시키거나 replay에 --healthy를 지정하십시오.",
        ),
    },
    STANDING_STILL: {
        "en": Text(
            title="Machine stopped",
            sentence="The machine stands still, so there is nothing to judge.",
            advice="Measure while it runs.",
        ),
        "ko": Text(
            title="정지",
            sentence="기계가 정지해 있어 판단할 것이 없습니다.",
            advice="운전 중에 측정하십시오.",
        ),
    },
    NO_WINDOW: {
        "en": Text(
            title="No window to judge",
            sentence="The recording is too short, has too many gaps or is sampled too slowly.",
            advice="Record a few seconds without gaps; consecutive files go together with --join.",
        ),
        "ko": Text(
            title="판단할 구간 없음",
            sentence="기록이 너무 짧거나 끊김이 많거나 샘플링 속도가 너무 낮습니다.",
            advice="끊김 없이 몇 초 이상 기록하십시오. 연속된 파일은 --join으로 이어집니다.",
        ),
    },
    RMS_ONLY: {
        "en": Text(
            title="RMS only",
            sentence="This sensor sends figures and no samples: they tell how severe the vibration is, not its cause.",
            advice="Watch the ISO zone and its trend; to name a fault, measure with an accelerometer.",
        ),
        "ko": Text(
            title="RMS 값만 수신",
            sentence="이 센서는 파형 없이 수치만 보내므로 진동의 심각도는 알 수 있으나 원인은 알 수 없습니다.",
            advice="ISO 등급과 추세를 관찰하고, 결함 원인을 알려면 가속도계로 측정하십시오.",
        ),
    },
    RMS_TOO_HIGH: {
        "en": Text(
            title="Vibration too high (RMS only)",
            sentence="The RMS velocity is in a zone that is a fault by itself; without samples its cause is unknown.",
            advice="Look at the machine soon; to name the fault, measure with an accelerometer.",
        ),
        "ko": Text(
            title="진동 과대 (RMS 값만 수신)",
            sentence="RMS 속도가 그 자체로 결함인 등급에 있으며, 파형이 없어 원인은 알 수 없습니다.",
            advice="조속히 현장을 점검하고, 결함 원인을 알려면 가속도계로 측정하십시오.",
        ),
    },
    INVALID: {
        "en": Text(
            title="Signal not usable",
            sentence="The sensor's signal cannot be judged.",
            advice="Check the sensor, its cable, its mounting and its measuring range.",
        ),
        "ko": Text(
            title="신호 판단 불가",
            sentence="센서 신호를 판단할 수 없습니다.",
            advice="센서, 케이블, 부착 상태와 측정 범위를 확인하십시오.",
        ),
    },
}

OBJECTIONS: dict[str, dict[Language, Text]] = {
    "lines_contradict": {
        "en": Text(
            title="Not named: bearing lines disagree",
            sentence="Nearest is “{named}”, but bearing lines of “{lines}” stand out against it.",
            advice="Check that bearing and speed are configured as they are, look at the bearing, record the signal.",
        ),
        "ko": Text(
            title="판정 보류: 베어링 주파수 불일치",
            sentence="가장 가까운 설명: ‘{named}’. 그러나 ‘{lines}’에 해당하는 베어링 특성 주파수 성분이 두드러집니다.",
            advice="베어링 형번과 회전수 설정이 실제와 같은지 확인하고, 베어링을 점검한 뒤 진동을 기록하십시오.",
        ),
    },
    "lines_missing": {
        "en": Text(
            title="Not named: its bearing lines are missing",
            sentence="Nearest is “{named}”, but the bearing lines that such damage draws do not stand out.",
            advice="Check that bearing and speed are configured as they are, look at the bearing, record the signal.",
        ),
        "ko": Text(
            title="판정 보류: 베어링 주파수 없음",
            sentence="가장 가까운 설명: ‘{named}’. 그러나 그 손상이라면 보여야 할 베어링 특성 주파수 성분이 없습니다.",
            advice="베어링 형번과 회전수 설정이 실제와 같은지 확인하고, 베어링을 점검한 뒤 진동을 기록하십시오.",
        ),
    },
}
"""Reason of an objection -> what is said instead of the name; `named` and `lines` are titles."""

STATE_TITLES: dict[State, dict[Language, str]] = {
    State.LEARNING: {"en": "Learning", "ko": "학습 중"},
    State.IDLE: {"en": "Machine stopped", "ko": "정지"},
    State.UNSTEADY: {"en": "Speed not steady", "ko": "회전수 불안정"},
    State.HEALTHY: {"en": "Healthy", "ko": "정상"},
    State.ABNORMAL: {"en": "Abnormal", "ko": "이상"},
    State.FAULT: {"en": "Fault", "ko": "결함"},
    State.INVALID: {"en": "Signal not usable", "ko": "신호 판단 불가"},
    State.LOST: {"en": "No data", "ko": "데이터 없음"},
}


def text_of(fault: str, *, descriptions: Descriptions, language: Language) -> Text:
    """The text for a fault id in one language; the id itself where a bundle has no words for it."""
    known = descriptions.texts.get(fault, {}).get(language)
    if known is not None:
        return known
    own = OWN_TEXTS.get(fault)
    return own[language] if own is not None else Text(title=fault, sentence="", advice="")


def text_against(objection: Objection, *, descriptions: Descriptions, language: Language) -> Text:
    """Which name the lines of a window or a recording speak against, and how."""
    template = OBJECTIONS[objection.reason][language]
    named, lines = (
        text_of(fault, descriptions=descriptions, language=language).title
        for fault in (objection.named, objection.lines)
    )
    return Text(template.title, template.sentence.format(named=named, lines=lines), template.advice)
