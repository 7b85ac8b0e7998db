"""What a worker says, done by the registry."""

from __future__ import annotations

from agent.service.registry import Registry
from agent.service.workers.spoken import (
    AddLessons,
    AskKnown,
    AskUnderWay,
    GiveUp,
    Learn,
    Notice,
    Put,
    Replied,
    SaveRows,
    SayAlert,
    SaySilence,
    Unsay,
    Up,
)


def do(message: Up, registry: Registry) -> Replied | None:
    """Do what a message says; what is to be replied, if anything is."""
    match message:
        case Put():
            registry.put(message.messages)
        case SayAlert():
            registry.say_alert(message.alert)
        case SaySilence():
            registry.say_silence(message.machine, silent_s=message.silent_s, over=message.over)
        case AddLessons():
            registry.add_lessons(message.sensor, message.lessons)
        case GiveUp():
            registry.give_up(message.sensor)
        case SaveRows():
            registry.save_rows(message.rows)
        case Notice():
            registry.notice(message.text)
        case Unsay():
            registry.unsay(message.sensor)
        case Learn():
            return Replied(message.number, registry.learn(message.learnt))
        case AskKnown():
            return Replied(message.number, registry.known(message.sensor, features=message.features))
        case AskUnderWay():
            return Replied(message.number, registry.under_way(message.sensor, features=message.features))
    return None
