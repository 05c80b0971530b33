"""Which numbers are those of cards, and which retention rules the database can tell."""

import pytest

from vasistas.proof.checks import data, retention


@pytest.mark.parametrize(
    ("text", "is_card"),
    [
        ("4111 1111 1111 1111", True),
        ("pay to 5555-5555-5555-4444 now", True),
        ("378282246310005", True),
        ("4111 1111 1111 1112", False),  # Luhn's sum is wrong
        ("+352 20 00 00 00", False),
        ("1234567890123452", False),  # the sum is right, but no scheme begins so
        ("0.4111111111111111", False),
        ("2026-11-22 12:00", False),
    ],
)
def test_card_numbers_are_known_by_their_sum_and_their_beginning(text, is_card):
    assert any(data._is_card(found) for found in data.CARD.findall(text)) is is_card


def test_every_period_in_days_that_names_a_field_is_checked():
    assert {(rule.key, model._meta.label) for rule, model, _ in retention.timed_rules()} >= {
        ("room_chat", "chat.Message"),
        ("viewing", "rooms.WatchSession"),
        ("read_log", "reads.Entry"),
        ("staff_journal", "admin.LogEntry"),
        ("session", "sessions.Session"),
        ("restriction", "chat.Mute"),
        ("restriction", "rooms.Ban"),
    }
