"""Sealed text: opened for a purpose that allows it, where it was sealed, with the key it was sealed with."""

import copy
import pickle
from collections.abc import Iterator

import pytest
from django.core import serializers
from django.core.exceptions import FieldFetchBlocked
from django.db import connection, connections, models, transaction
from django.db.models import F, Value
from django.forms import modelform_factory
from django.utils import timezone
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.guard.letters import Letter, letters, make_subject
from vasistas.apps.privacy.models import Subject
from vasistas.guard import keyring, purposes, sealed
from vasistas.guard.gate import PurposeMissing, PurposeRefused
from vasistas.guard.keyring.models import DataKey
from vasistas.guard.purposes import processing
from vasistas.guard.sealed import SealedBroken, SealedGone, SealMisused
from vasistas.guard.subjects import SubjectGone

pytestmark = pytest.mark.django_db

SECRET = "meet me at the lighthouse"


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    with letters():
        yield


@pytest.fixture
def letter() -> Letter:
    return Letter.objects.create(subject=make_subject(), title="hello", body=SECRET)


def raw(letter: Letter, column: str = "body") -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM privacy_letter WHERE id = %s", [letter.pk])
        return bytes(cursor.fetchone()[0])


def put(letter: Letter, value: bytes, column: str = "body") -> None:
    """Write as someone does who has the database and no keys."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE privacy_letter SET {column} = %s WHERE id = %s", [value, letter.pk])


def again(letter: Letter) -> Letter:
    return Letter.objects.get(pk=letter.pk)


# -- Round trip --------------------------------------------------------------------------------------------------------


def test_the_database_holds_ciphertext_and_the_attribute_text(letter: Letter) -> None:
    assert again(letter).body == SECRET
    assert letter.body == SECRET
    assert SECRET.encode() not in raw(letter)
    assert len(raw(letter)) == 1 + 16 + 12 + len(SECRET) + 16


def test_the_same_text_looks_different_each_time(letter: Letter) -> None:
    other = Letter.objects.create(subject=letter.subject, body=SECRET)
    assert raw(letter)[29:] != raw(other)[29:]


@hypothesis_settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=300))
@example("")
@example("\x00")
@example("🇱🇺 ẞ \u202e")
def test_every_text_comes_back(letter: Letter, text: str) -> None:
    letter.body = text
    letter.save()
    assert again(letter).body == text


def test_empty_and_missing_stay_what_they_are() -> None:
    letter = Letter.objects.create(subject=make_subject())
    found = again(letter)
    assert (found.title, found.body, found.note) == ("", "", None)
    assert raw(letter) == b""
    assert Letter.objects.filter(note__isnull=True).count() == 1


def test_saving_what_was_loaded_changes_no_byte(letter: Letter) -> None:
    before = raw(letter)
    found = again(letter)
    found.title = "another"
    found.save()
    assert raw(letter) == before
    assert again(letter).title == "another"


def test_update_fields_leaves_the_others(letter: Letter) -> None:
    letter.title, letter.body = "new", "not stored"
    letter.save(update_fields=["title"])
    assert (again(letter).title, again(letter).body) == ("new", SECRET)
    assert letter.body == "not stored"


def test_rows_are_made_and_changed_in_bulk() -> None:
    subject = make_subject()
    Letter.objects.bulk_create([Letter(subject=subject, title=f"t{number}") for number in range(3)])
    rows = list(Letter.objects.order_by("pk"))
    for row in rows:
        row.body = f"body of {row.title}"

    assert Letter.objects.bulk_update(rows, ["body"]) == 3

    assert [row.body for row in rows] == ["body of t0", "body of t1", "body of t2"]
    assert [row.body for row in Letter.objects.order_by("pk")] == ["body of t0", "body of t1", "body of t2"]
    assert b"body" not in raw(rows[0])


def test_a_failed_bulk_update_leaves_rows_that_can_be_read(letter: Letter) -> None:
    letter.body = "changed"
    with pytest.raises(ValueError, match="Batch size"):
        Letter.objects.bulk_update([letter], ["body"], batch_size=-1)
    assert letter.body == "changed"


def test_longer_text_than_declared_is_refused_before_anything_is_written(letter: Letter) -> None:
    letter.body = "x" * 2_001
    with pytest.raises(ValueError, match="takes 2000 characters, not 2001"), transaction.atomic():
        letter.save()
    assert again(letter).body == SECRET


def test_a_deferred_field_loads_alone_and_opens(letter: Letter) -> None:
    found = Letter.objects.defer("body").get(pk=letter.pk)
    assert found.body == SECRET
    assert isinstance(found.__dict__["body"], bytes)  # it rests sealed
    with pytest.raises(FieldFetchBlocked):
        Letter.objects.defer("body").fetch_mode(models.FETCH_RAISE).get(pk=letter.pk).body  # noqa: B018 — reading loads
    for row in Letter.objects.defer("body").fetch_mode(models.FETCH_PEERS):
        assert row.body == SECRET


def test_a_refreshed_row_is_sealed_again(letter: Letter) -> None:
    other = again(letter)
    other.body = "changed"
    other.save()

    letter.body = "local"
    letter.refresh_from_db()

    assert isinstance(letter.__dict__["body"], bytes)
    assert letter.body == "changed"
    letter.body = "local"
    letter.refresh_from_db(fields=["title"])
    assert letter.body == "local"
    letter.refresh_from_db(fields=["body"])
    assert letter.body == "changed"


def test_refreshing_a_row_that_is_gone_keeps_what_it_held(letter: Letter) -> None:
    Letter.objects.all().delete()
    letter.body = "local"
    with pytest.raises(Letter.DoesNotExist):
        letter.refresh_from_db()
    assert letter.body == "local"


# -- Purposes ----------------------------------------------------------------------------------------------------------


def test_it_opens_for_a_purpose_that_allows_it_alone(letter: Letter, settings) -> None:
    settings.GATE_MODE = "enforce"
    subject = Subject.objects.get(pk=letter.subject_id)  # loaded: reading it is another matter
    with processing("audit"):
        assert subject.audit_id
    with processing("chat"), pytest.raises(PurposeRefused, match=r"'chat' does not allow .*privacy\.Subject\.audit_id"):
        subject.audit_id  # noqa: B018 — reading is the act
    with purposes.scope(lambda: purposes.NOBODY), pytest.raises(PurposeMissing, match=r"privacy\.Subject\.audit_id"):
        subject.audit_id  # noqa: B018 — see above


def test_text_that_is_not_saved_yet_is_the_writers_own() -> None:
    subject = Subject(kind=Subject.Kind.MEMBER, created_at=timezone.now(), audit_id="my own words")
    with purposes.scope(lambda: purposes.NOBODY):
        assert subject.audit_id == "my own words"


def test_each_opening_is_told_to_the_read_log(letter: Letter) -> None:
    told: list[tuple[type, object, tuple[str, ...]]] = []

    class Recorder:
        def note_row(self, frame: object, model: type, row: object, fields: tuple[str, ...]) -> None:
            told.append((model, row, fields))

        def note_query(self, *_: object) -> None: ...
        def close(self) -> None: ...

    found = again(letter)
    with purposes.scope(lambda: purposes.NOBODY) as scope, processing("test"):
        scope.recorder = Recorder()
        found.body  # noqa: B018 — reading is the act
        assert found.note is None

    assert told == [(Letter, found, ("body",))]


# -- Moved, changed, cut: nothing opens, and nothing is shown --------------------------------------------------------


def assert_broken(letter: Letter, name: str = "body") -> None:
    with pytest.raises(SealedBroken, match=rf"privacy\.Letter\.{name} of row {letter.pk} does not open") as raised:
        getattr(again(letter), name)
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_row_moved_to_another_person_does_not_open(letter: Letter) -> None:
    other = make_subject()
    Letter.objects.create(subject=other, body="theirs")
    Letter.objects.filter(pk=letter.pk).update(subject=other)
    assert_broken(letter)


def test_text_moved_to_another_row_of_the_same_person_does_not_open(letter: Letter) -> None:
    other = Letter.objects.create(subject=letter.subject, body="other")
    put(other, raw(letter))
    assert_broken(other)


def test_text_swapped_between_columns_does_not_open(letter: Letter) -> None:
    title, body = raw(letter, "title"), raw(letter, "body")
    put(letter, body, "title")
    put(letter, title, "body")
    assert_broken(letter, "title")
    assert_broken(letter, "body")


def test_every_flipped_bit_is_noticed(letter: Letter) -> None:
    value = raw(letter)
    for place in range(len(value)):
        put(letter, value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :])
        assert_broken(letter)


def test_every_truncation_is_noticed(letter: Letter) -> None:
    value = raw(letter)
    for length in range(1, len(value)):
        put(letter, value[:length])
        assert_broken(letter)
    put(letter, value + b"\x00")
    assert_broken(letter)


def test_a_value_from_a_newer_key_store_says_so(letter: Letter) -> None:
    DataKey.objects.all().delete()  # as after restoring an older copy of the key store
    keyring.forget_cached()
    with pytest.raises(SealedBroken, match="is not in this key store"):
        again(letter).body  # noqa: B018 — reading is the act


# -- Destroyed keys ----------------------------------------------------------------------------------------------------


def test_a_destroyed_key_leaves_a_marker_and_no_text(letter: Letter) -> None:
    keyring.destroy(letter.subject.key_handle)

    found = again(letter)

    assert sealed.is_gone(found, "body")
    with pytest.raises(SealedGone):
        found.body  # noqa: B018 — reading is the act
    assert not sealed.is_gone(found, "note")  # there never was one


def test_nothing_more_is_sealed_for_someone_erased(letter: Letter) -> None:
    keyring.destroy(letter.subject.key_handle)
    letter.note = "one more"
    with pytest.raises(SubjectGone), transaction.atomic():
        letter.save()
    assert again(letter).note is None
    Subject.objects.filter(pk=letter.subject_id).update(state=Subject.State.ERASING)
    with pytest.raises(SubjectGone), transaction.atomic():
        Letter.objects.create(subject_id=letter.subject_id, body="one more")
    assert Letter.objects.count() == 1


# -- What a sealed field cannot give ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [
        lambda: Letter.objects.filter(body=SECRET),
        lambda: Letter.objects.filter(body=None),
        lambda: Letter.objects.filter(body__icontains="light"),
        lambda: Letter.objects.exclude(body__in=[SECRET]),
        lambda: Letter.objects.update(body=SECRET),
        lambda: Letter.objects.update(body=b"forged"),
        lambda: Letter.objects.update(body=F("title")),
        lambda: Letter.objects.update(body=Value(SECRET)),
        lambda: models.QuerySet(Letter).update(body=SECRET),
    ],
)
def test_it_is_not_searched_and_not_computed(letter: Letter, act) -> None:
    before = raw(letter)
    with pytest.raises(SealMisused, match=r"privacy\.Letter\.body") as raised, transaction.atomic():
        act()
    assert SECRET not in str(raised.value)
    assert raw(letter) == before


def test_it_can_be_emptied_by_an_update(letter: Letter) -> None:
    assert Letter.objects.update(body="", note=None) == 1
    assert (again(letter).body, again(letter).note) == ("", None)


def test_values_give_ciphertext(letter: Letter) -> None:
    assert [bytes(value) for value in Letter.objects.values_list("body", flat=True)] == [raw(letter)]


def test_rows_are_pickled_and_copied_sealed(letter: Letter) -> None:
    number, frozen = letter.subject.audit_id, pickle.dumps(letter.subject)
    assert number.encode() not in frozen
    assert pickle.loads(frozen).audit_id == number
    assert copy.deepcopy(letter.subject).audit_id == number
    letter.body = "in the clear"
    with pytest.raises(SealMisused, match="unsaved"):
        pickle.dumps(letter)


def test_it_is_dumped_as_ciphertext(letter: Letter) -> None:
    dumped = serializers.serialize("json", [again(letter)])
    assert SECRET not in dumped
    letter.body = "in the clear"
    with pytest.raises(SealMisused):
        serializers.serialize("json", [letter])


def test_forms_do_not_show_it(letter: Letter) -> None:
    assert list(modelform_factory(Letter, fields="__all__").base_fields) == ["subject"]


def test_nothing_shows_by_being_printed(letter: Letter) -> None:
    values = [letter.__dict__["body"], Letter._meta.get_field("body").value_from_object(again(letter))]
    assert [repr(value) for value in values] == ["<sealed>", "<sealed>"]
    assert SECRET not in repr(letter)


def test_migrations_rebuild_it() -> None:
    field = Letter._meta.get_field("body")
    _name, path, args, kwargs = field.deconstruct()
    assert (path, args) == ("vasistas.guard.sealed.SealedText", [])
    assert kwargs == {"key_class": "communications", "chars_max": 2_000, "blank": True}


def test_checks_tell_a_field_in_the_wrong_place() -> None:
    class Postcard(models.Model):  # noqa: DJ008 — no row of it is ever shown
        body = sealed.SealedText(key_class="support", chars_max=10, unique=True)

        class Meta:
            app_label = "privacy"
            apps = Letter._meta.apps

    assert [fault.id for fault in Postcard._meta.get_field("body").check()] == ["guard.E030", "guard.E031"]


# -- Many rows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_a_page_of_rows_needs_one_query_for_its_keys(count: int, django_assert_num_queries) -> None:
    for number in range(count):
        Letter.objects.create(subject=make_subject(), body=f"line {number}")
    rows = list(Letter.objects.order_by("pk"))
    keyring.forget_cached()
    keyring.open_store()

    with django_assert_num_queries(1, connection=connections[keyring.ALIAS]):
        sealed.preload(rows, "body", "note")
        assert [row.body for row in rows] == [f"line {number}" for number in range(count)]


def test_bytes_that_are_no_seal_are_not_stored_as_if_they_were(letter: Letter) -> None:
    for planted in (b"said in clear", bytes(60)):
        with pytest.raises(SealMisused, match="bytes that are no seal"):
            Letter(subject=letter.subject, body=planted).save()
