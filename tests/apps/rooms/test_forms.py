import pytest
from django.core.exceptions import ValidationError

from vasistas.apps.rooms import forms

TAGS = [
    ("", []),
    ("Piano, bach  PIANO", ["piano", "bach"]),
    ("#live #jam-session", ["live", "jam-session"]),
    ("écoute ストリーム", ["écoute", "ストリーム"]),
    ("ｆｕｌｌｗｉｄｔｈ", ["fullwidth"]),
    (" , ,# ,", []),
]


@pytest.mark.parametrize(("text", "tags"), TAGS)
def test_tags_have_one_spelling(text: str, tags: list[str]) -> None:
    assert forms.clean_tags(text) == tags


@pytest.mark.parametrize("text", ["<b>", "a_b", "-a", "a--b", "x" * 25, "a b c d e f g h i", "a\u202eb"])
def test_what_is_no_tag_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        forms.clean_tags(text)


def become(**over: str) -> forms.BecomeForm:
    fields = {
        "title": "Bach  at noon",
        "slug": "ada-plays",
        "category": "music",
        "tags": "bach",
        "language": "en",
        "content_class": "general",
        "agreed": "on",
    }
    return forms.BecomeForm({**fields, **over})


def test_a_whole_form_becomes_details() -> None:
    form = become()
    assert form.is_valid(), form.errors
    assert form.details().title == "Bach at noon"
    assert form.details().tags == ["bach"]


@pytest.mark.parametrize("slug", ["", "ab", "Ada", "a b", "-ada", "ada-", "a--b", "adä", "x" * 33, "ada/../x", "ada\n"])
def test_an_address_is_small_letters_digits_and_hyphens(slug: str) -> None:
    form = become(slug=slug)
    if slug.strip() == "ada":  # Django strips the ends
        assert form.is_valid()
    else:
        assert list(form.errors) == ["slug"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "ab"),
        ("title", "x" * 81),
        ("category", "none"),
        ("language", "xx"),
        ("content_class", "x"),
        ("tags", "<"),
    ],
)
def test_wrong_values_are_named(field: str, value: str) -> None:
    assert list(become(**{field: value}).errors) == [field]


def test_a_title_cannot_turn_what_stands_beside_it() -> None:
    form = become(title="\u202eBach\u2066 at\tnoon 👩\u200d🎤\x07")
    assert form.is_valid(), form.errors
    assert form.details().title == "Bach at noon 👩\u200d🎤"


@pytest.mark.parametrize("title", ["\u202e\u202e\u202ea", "\u200d\u200d\u200d\u200d"])
def test_a_title_that_nobody_sees_is_refused(title: str) -> None:
    assert set(become(title=title).errors) == {"title"}
