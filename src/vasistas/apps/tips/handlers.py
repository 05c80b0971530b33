"""Carries tips and goals to the pages that are open."""

from vasistas import realtime
from vasistas.apps.tips import events
from vasistas.realtime import events as wire


def push_tip(event: events.Tipped) -> None:
    told = wire.TipGiven(event.id, event.name, event.ref, event.amount, event.item, event.text, event.at)
    realtime.publish(f"room:{event.room_id}", told)


def push_silence(event: events.TipSilenced) -> None:
    realtime.publish(f"room:{event.room_id}", wire.TipSilenced(event.id))


def push_goal(event: events.GoalMoved) -> None:
    told = wire.GoalMoved(event.goal_id, event.title, event.target, event.reached, event.is_first)
    realtime.publish(f"room:{event.room_id}", told)
