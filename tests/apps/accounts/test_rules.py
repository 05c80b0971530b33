"""Which names a member may show."""

import pytest

from vasistas.apps.accounts import rules

HOUSE = ["Vasistas", "Example Operator S.à r.l."]


@pytest.mark.parametrize("name", ["Ada", "Vi 2", "Юля", "max.stranger", "Stu-dio_1", "Zoë", "花子さん"])
def test_letters_digits_and_single_separators_are_valid(name):
    assert rules.has_valid_signs(name)


@pytest.mark.parametrize(
    "name", [" Ada", "Ada ", "Ada__Lee", "a. b", "<b>Ada", "Ada@home", "Ada\u202eLee", "😀😀😀", "...", ""]
)
def test_other_signs_are_not_valid(name):
    assert not rules.has_valid_signs(name)


@pytest.mark.parametrize(("name", "valid"), [("Vi", False), ("Viv", True), ("V" * 24, True), ("V" * 25, False)])
def test_length_is_from_3_to_24(name, valid):
    assert rules.has_valid_length(name) is valid


@pytest.mark.parametrize(
    "name",
    [
        *(
            "admin",
            "Admin2",
            "4dm1n",
            "the_moderator",
            "Adrnin",
            "АDМIN",
            "Админ",
            "site.support",
            "Mod",
            "ModeratorAda",
            "S-t-a-f-f",
        ),
        *("Vasistas", "vasistas team", "Vas1stas", "Example Operator", "ExampleOperator"),
    ],
)
def test_names_that_pass_for_the_house_are_staff_lookalikes(name):
    assert rules.is_staff_lookalike(name, house_names=HOUSE)


@pytest.mark.parametrize(
    "name", ["Ada", "Badminton", "Modesty", "Bo Moss", "Legally Blonde", "Example", "Stafford", "Vi 2011"]
)
def test_other_names_are_not(name):
    assert not rules.is_staff_lookalike(name, house_names=HOUSE)
