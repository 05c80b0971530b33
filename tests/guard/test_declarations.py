"""The guard finds every field that nobody declared. Each test plants the fault it looks for."""

from typing import Any

import pytest
from django.db import models
from django.test.utils import isolate_apps

from vasistas.apps.accounts.models import Member
from vasistas.guard import declarations
from vasistas.guard.declarations import Declaration, declare, derived, found_by, not_personal, personal

MAIL = personal("user.contact.email", keep="account_life")


def ids(faults: Any) -> list[str]:
    return [fault.id for fault in faults]


def found(label: str) -> list[tuple[str, str]]:
    """What the check of the whole product says of one model."""
    return [(fault.id, fault.msg) for fault in declarations.check_every_field_is_declared() if label in fault.msg]


def planted() -> type[models.Model]:
    class Planted(models.Model):
        email = models.EmailField()
        member = models.ForeignKey(Member, on_delete=models.CASCADE)

        class Meta:
            app_label = "guard"

        def __str__(self) -> str:
            return "planted"

    return Planted


def test_every_model_of_the_product_is_declared():
    assert declarations.check_every_field_is_declared() == []


def test_check_finds_a_model_without_declaration(monkeypatch):
    monkeypatch.delitem(declarations._declarations, "accounts.Member")

    assert found("accounts.Member ") == [("guard.E001", "accounts.Member has no declaration of personal data.")]


def test_check_finds_a_new_field_of_a_declared_model(monkeypatch):
    member = declarations._declarations["accounts.Member"]
    without = {name: held for name, held in member.fields.items() if name != "email"}
    monkeypatch.setitem(declarations._declarations, "accounts.Member", Declaration(without, member.subject))

    assert found("accounts.Member.") == [("guard.E002", "accounts.Member.email is not declared.")]


def test_check_finds_a_declaration_of_no_model(monkeypatch):
    monkeypatch.setitem(declarations._declarations, "accounts.Ghost", Declaration({}, None))

    assert found("accounts.Ghost") == [("guard.E003", "accounts.Ghost is declared but is no model.")]


@isolate_apps("vasistas.guard")
@pytest.mark.parametrize(
    ("subject", "fields", "expected"),
    [
        (None, {"email": not_personal("a form's"), "member": not_personal("a role")}, []),
        (None, {"email": not_personal("a form's")}, ["guard.E002"]),
        (None, {"email": not_personal("x"), "member": derived("x"), "name": not_personal("x")}, ["guard.E003"]),
        (None, {"email": MAIL, "member": derived("the path")}, ["guard.E004"]),
        (None, {"email": not_personal(" "), "member": derived("the path")}, ["guard.E005"]),
        (None, {"email": not_personal("x"), "member": derived("")}, ["guard.E005"]),
        (
            found_by("hand"),
            {"email": personal("user.contact.mail", keep="account_life"), "member": derived("x")},
            ["guard.E007"],
        ),
        (
            found_by("hand"),
            {"email": personal("user.contact.email", keep="30 days"), "member": derived("x")},
            ["guard.E008"],
        ),
        (found_by("hand"), {"email": MAIL, "member": derived("the path")}, []),
        ("member", {"email": MAIL, "member": derived("the path")}, ["guard.E006"]),
        ("owner__subject", {"email": MAIL, "member": derived("the path")}, ["guard.E006"]),
        ("email", {"email": MAIL, "member": derived("the path")}, ["guard.E006"]),
        ("self", {"email": MAIL, "member": derived("the path")}, ["guard.E006"]),
    ],
)
def test_each_fault_has_its_number(subject, fields, expected):
    assert ids(declarations.faults_of(planted(), Declaration(fields, subject))) == expected


def test_a_key_that_says_something_is_a_field(monkeypatch):
    session = declarations._declarations["sessions.Session"]
    without = {name: held for name, held in session.fields.items() if name != "session_key"}
    monkeypatch.setitem(declarations._declarations, "sessions.Session", Declaration(without, session.subject))

    assert found("sessions.Session") == [("guard.E002", "sessions.Session.session_key is not declared.")]


def test_declaring_twice_is_refused_unless_it_says_the_same(monkeypatch):
    monkeypatch.setattr(declarations, "_declarations", {})
    declare("rooms.Room", None, title=not_personal("a title"))
    declare("rooms.Room", None, title=not_personal("a title"))

    with pytest.raises(ValueError, match=r"rooms\.Room is declared twice"):
        declare("rooms.Room", None, title=not_personal("another"))
