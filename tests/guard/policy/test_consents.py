"""Switches in the policy: off by having no word for anything else, and which change of them asks anew."""

import dataclasses

import pytest

from tests.guard.policy.files import SMALL, change, compiled, copied, faults_of
from vasistas.guard.policy import consents, differences, get_policy
from vasistas.guard.policy.differences import Change

SWITCH = """[consents.news]
title = { en = "News" }
words = { en = "Write to you." }
ends = { en = "No letter comes." }
text = 1
categories = ["user.contact.email"]
dpv = "Marketing"
"""


@pytest.fixture
def folder(tmp_path):
    folder = copied(SMALL, tmp_path)
    path = folder / "policy.toml"
    languages = compiled(folder).languages
    category = next(iter(compiled(folder).categories))
    said = SWITCH.replace("user.contact.email", category)
    for words in ("News", "Write to you.", "No letter comes."):
        said = said.replace(f'{{ en = "{words}" }}', f"{{ {', '.join(f'{one} = "{words}"' for one in languages)} }}")
    path.write_text(path.read_text() + "\n" + said)
    return folder


def test_a_policy_without_switches_is_one(tmp_path):
    assert compiled(copied(SMALL, tmp_path)).consents == {}


def test_a_switch_is_read(folder):
    one = compiled(folder).consents["news"]

    assert (one.text, one.under, one.channels, one.is_objectable) == (1, "", (), False)


@pytest.mark.parametrize(
    ("added", "what"),
    [
        ("default = true", "default is unknown"),
        ("is_on = true", "is_on is unknown"),
        ('under = "nothing"', "which does not exist"),
        ('under = "news"\nchannels = ["mail"]', "which is none of the first switches"),
        ('channels = ["pigeon"]', "which does not exist"),
    ],
)
def test_what_no_switch_may_say_is_refused(folder, added, what):
    change(folder, "text = 1\n", f"text = 1\n{added}\n")

    assert [what in fault.what for fault in faults_of(folder)] == [True]


@pytest.mark.parametrize(("text", "what"), [("", "has no text"), ("text = 0\n", "text is 0")])
def test_a_text_has_a_number(folder, text, what):
    change(folder, "text = 1\n", text)

    assert [what in fault.what for fault in faults_of(folder)] == [True]


def changed(**values):
    policy = get_policy()
    one = dataclasses.replace(policy.consents["topic_offers"], **values)
    return policy, dataclasses.replace(policy, consents={**policy.consents, "topic_offers": one})


@pytest.mark.parametrize(
    ("values", "is_widening"),
    [
        ({"words": {"en": "Fewer letters.", "fr": "Moins de lettres."}}, False),
        ({"channels": ("mail",)}, False),
        ({"categories": frozenset()}, False),
        ({"text": 2}, True),
        ({"categories": frozenset({"user.contact.email", "user.device"})}, True),
        ({"under": ""}, True),
        ({"is_objectable": False}, True),
    ],
)
def test_what_allows_more_is_told_as_a_widening(values, is_widening):
    before, after = changed(**values)

    (part,) = differences.between(before, after, "en").parts

    assert (part.section, part.key, part.change) == ("consents", "topic_offers", Change.CHANGED)
    assert part.is_widening is is_widening


def test_the_hash_is_of_the_words_in_their_language():
    before, after = changed(words={"en": "Other words.", "fr": get_policy().consents["topic_offers"].words["fr"]})
    then, now = before.consents["topic_offers"], after.consents["topic_offers"]

    assert consents.text_hash(then, "en") != consents.text_hash(now, "en")
    assert consents.text_hash(then, "fr") == consents.text_hash(now, "fr")
