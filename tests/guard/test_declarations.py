"""The guard finds every field that nobody declared. Each test plants the fault it looks for."""

from typing import Any

import pytest
from django.db import models
from django.test.utils import isolate_apps

from vasistas.apps.accounts.models import Member
from vasistas.guard import declarations
from vasistas.guard.declarations import (
    Declaration,
    Personal,
    Sealed,
    declare,
    derived,
    found_by,
    not_personal,
    personal,
    sealed,
)
from vasistas.guard.sealed import SealedText

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


def planted_with(field: Any) -> type[models.Model]:
    """A model whose one field of its own is `note`."""

    class Planted(models.Model):
        note = field

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


@isolate_apps("vasistas.guard")
@pytest.mark.parametrize(
    ("field", "held", "expected"),
    [
        (models.JSONField(), personal("user.device", keep="session"), ["guard.E009"]),
        (models.JSONField(), personal("user.device", keep="session", schema={}), ["guard.E009"]),
        (models.JSONField(), personal("user.device", keep="session", schema={"name": "a name"}), []),
        (models.JSONField(), not_personal("settings of a room"), []),
        (models.TextField(), sealed("user.device", keep="session", key_class="identity"), ["guard.E010"]),
        (SealedText(key_class="identity", chars_max=300), personal("user.device", keep="session"), ["guard.E010"]),
        (
            SealedText(key_class="identity", chars_max=300),
            sealed("user.device", keep="session", key_class="identity"),
            [],
        ),
        (
            SealedText(key_class="identity", chars_max=300),
            sealed("user.device", keep="session", key_class="identities"),
            ["guard.E011"],
        ),
        (models.TextField(), personal("user.devise", keep="sesion"), ["guard.E007", "guard.E008"]),
        (models.TextField(), sealed("user.x", keep="y", key_class="z"), [f"guard.E{one:03}" for one in (7, 8, 10, 11)]),
    ],
)
def test_each_fault_of_a_personal_field_has_its_number(field, held, expected):
    declaration = Declaration({"note": held}, found_by("hand"))

    assert ids(declarations.faults_of(planted_with(field), declaration)) == expected


@isolate_apps("vasistas.guard")
def test_a_word_the_policy_does_not_know_is_told_with_the_nearest():
    held = personal("user.contact.emial", keep="acount_life")

    first, second = declarations.faults_of(
        planted_with(models.TextField()), Declaration({"note": held}, found_by("hand"))
    )

    assert first.msg == "guard.Planted.note: the policy has no category 'user.contact.emial'."
    assert first.hint.startswith("Use user.contact.email")
    assert second.msg == "guard.Planted.note: the policy has no retention rule 'acount_life'."
    assert second.hint.startswith("Use account_life")
    assert second.hint.endswith("Or add it to [retention] of policy/policy.toml.")


def test_personal_columns_name_every_personal_field_by_its_column():
    columns = declarations.personal_columns()

    assert columns["rooms_follow"] == {"room_id": "user.behaviour.following", "at": "user.behaviour.following"}
    assert columns["account_emailconfirmation"] == {"key": "user.authorization.credentials"}
    assert "rooms_tag" not in columns
    assert "accounts_member_groups" not in columns
    assert "name_key" not in columns["accounts_member"]  # derived
    assert "is_staff" not in columns["accounts_member"]
    counted = sum(len(one.personal) for one in declarations.declarations().values())
    assert sum(map(len, columns.values())) == counted


def test_sealed_columns_are_those_that_hold_ciphertext():
    columns, everything = declarations.sealed_columns(), declarations.personal_columns()

    assert columns["chat_message"]["text"] == "user.content.chat.public"
    assert "said_at" not in columns["chat_message"]
    for table, sealed_here in columns.items():
        assert sealed_here.items() <= everything[table].items()


def test_a_new_declaration_is_in_the_columns_at_once(monkeypatch):
    monkeypatch.setattr(declarations, "_declarations", dict(declarations.declarations()))
    declarations.personal_columns()
    tag = declarations._declarations.pop("rooms.Tag")
    try:
        declare("rooms.Tag", found_by("hand"), name=personal("user.contact.email", keep="account_life"))

        assert declarations.personal_columns()["rooms_tag"] == {"name": "user.contact.email"}
    finally:
        declarations._declarations.pop("rooms.Tag")
        declare("rooms.Tag", tag.subject, **tag.fields)

    assert "rooms_tag" not in declarations.personal_columns()


def test_what_a_model_holds_is_found_by_the_model():
    assert declarations.of(Member) == declarations.declarations()["accounts.Member"]
    assert set(declarations.of(Member).personal) <= set(declarations.of(Member).fields)


@isolate_apps("vasistas.guard")
def test_a_proxy_holds_what_its_parent_holds_and_a_child_what_both_do(monkeypatch):
    monkeypatch.setattr(declarations, "_declarations", {})
    base = planted()
    declare("guard.Planted", "member__subject", email=MAIL, member=derived("the path"))
    declare("guard.Child", None, extra=not_personal("a count"))

    class Proxy(base):
        class Meta:
            app_label = "guard"
            proxy = True

    class Child(base):
        extra = models.IntegerField()

        class Meta:
            app_label = "guard"

    assert declarations.of(Proxy) == declarations.of(base)
    child = declarations.of(Child)
    assert child.subject == "member__subject"
    assert set(child.fields) == {"email", "member", "extra"}


@isolate_apps("vasistas.guard")
def test_nobody_knows_what_an_undeclared_model_holds():
    assert declarations.of(planted()) is None


def test_a_sealed_field_is_a_personal_field():
    held = sealed("user.contact.email", keep="account_life", key_class="identity")

    assert isinstance(held, Personal)
    assert (held.category, held.keep, held.key_class) == ("user.contact.email", "account_life", "identity")
    assert not isinstance(MAIL, Sealed)
