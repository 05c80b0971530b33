"""Refusals carry a status, a stable code and a sentence."""

import pytest

from vasistas.lib.errors import DomainError, LimitReached, NotAllowed, NotFound


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (DomainError, 400, "refused"),
        (NotAllowed, 403, "not_allowed"),
        (NotFound, 404, "not_found"),
        (LimitReached, 429, "limit_reached"),
    ],
)
def test_each_kind_has_its_status_and_code(kind, status, code):
    error = kind("A sentence.")

    assert (error.status, error.code, error.message, error.fields) == (status, code, "A sentence.", {})
    assert str(error) == "A sentence."


def test_a_code_and_fields_can_be_given():
    error = DomainError("A sentence.", code="chat.too_long", fields={"text": "Shorten it."})

    assert (error.code, error.fields) == ("chat.too_long", {"text": "Shorten it."})
    assert DomainError("Another.").code == "refused"
