"""No slip of the keyboard gets past the compiler of a released policy, and none makes it stumble."""

import shutil
import tomllib
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.guard.policy.files import SMALL, TODAY, compiled, copied
from vasistas.guard.policy import versions
from vasistas.guard.policy.faults import Fault, PolicyRefused
from vasistas.guard.policy.lines import lines_of
from vasistas.guard.policy.model import Policy

KEYS = "abcdefghijklmnopqrstuvwxyz0123456789 \t\n\r\"'#=.,[]{}-_:\\é\x00"
TYPOS = examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module", params=["small", "shipped"])
def released(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Policy]:
    """A released policy: its folder, its text, and what it says."""
    source = SMALL if request.param == "small" else settings.POLICY
    folder = copied(source, tmp_path_factory.mktemp("released"))
    shutil.rmtree(folder / "versions", ignore_errors=True)
    versions.release(folder, effective=None, today=TODAY)
    return folder, (folder / "policy.toml").read_text(), compiled(folder)


def holds_or_is_refused_with_lines(folder: Path, text: str, before: Policy) -> None:
    (folder / "policy.toml").write_bytes(text.encode())
    faults = refusal_of(folder, before)
    for fault in faults:
        assert 1 <= fault.line <= text.count("\n") + 1
        assert fault.what.endswith(".")
        assert fault.remedy


def refusal_of(folder: Path, before: Policy) -> tuple[Fault, ...]:
    """Return the faults; none means that the policy compiles, and says what it said before."""
    try:
        after = compiled(folder)
    except PolicyRefused as refused:
        if not refused.faults:
            pytest.fail("It was refused without a fault.")
        return refused.faults
    assert after == before
    return ()


@TYPOS
@given(data=st.data())
def test_a_wrong_missing_or_doubled_character_changes_nothing_or_is_refused(
    released: tuple[Path, str, Policy], data: st.DataObject
):
    folder, text, before = released
    at = data.draw(st.integers(0, len(text) - 1))
    sign = data.draw(st.sampled_from(KEYS))
    typed = data.draw(st.sampled_from(["replace", "insert", "delete", "swap"]))
    after = {
        "replace": text[:at] + sign + text[at + 1 :],
        "insert": text[:at] + sign + text[at:],
        "delete": text[:at] + text[at + 1 :],
        "swap": text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :],
    }[typed]

    holds_or_is_refused_with_lines(folder, after, before)


@TYPOS
@given(data=st.data())
def test_a_line_that_is_lost_doubled_or_moved_changes_nothing_or_is_refused(
    released: tuple[Path, str, Policy], data: st.DataObject
):
    folder, text, before = released
    lines = text.split("\n")
    at, to = data.draw(st.integers(0, len(lines) - 1)), data.draw(st.integers(0, len(lines) - 1))
    line = lines[at]
    if data.draw(st.booleans()):
        del lines[at]
    if data.draw(st.booleans()):
        lines.insert(to, line)

    holds_or_is_refused_with_lines(folder, "\n".join(lines), before)


@TYPOS
@given(data=st.data())
def test_a_typo_in_a_key_is_refused(released: tuple[Path, str, Policy], data: st.DataObject):
    folder, text, _before = released
    lines = text.split("\n")
    with_keys = [number for number, line in enumerate(lines) if " = " in line and not line.startswith(("#", " "))]
    number = data.draw(st.sampled_from(with_keys))
    key, rest = lines[number].split(" = ", 1)
    at = data.draw(st.integers(0, len(key) - 1))
    lines[number] = f"{key[:at]}{data.draw(st.sampled_from('qxz'))}{key[at:]} = {rest}"
    (folder / "policy.toml").write_text("\n".join(lines))

    with pytest.raises(PolicyRefused) as refused:
        compiled(folder)
    assert number + 1 in {fault.line for fault in refused.value.faults}


@TYPOS
@given(data=st.data())
def test_a_changed_word_of_a_released_clause_is_refused(released: tuple[Path, str, Policy], data: st.DataObject):
    folder, text, before = released
    (folder / "policy.toml").write_text(text)
    path = folder / "clauses" / "en.md"
    words = path.read_text()
    letters = [at for at, sign in enumerate(words) if sign.isalpha()]
    at = data.draw(st.sampled_from(letters))
    path.write_text(words[:at] + ("x" if words[at] == "q" else "q") + words[at + 1 :])
    try:
        faults = refusal_of(folder, before)
    finally:
        path.write_text(words)
    assert faults or words[:at].count("\n") == 0  # the title of the page is in no clause


def test_lines_of_all_forms_of_toml():
    text = (
        '# first\na = 1\n"b c".d = """two\nlines"""\n[t]\nx = [1, # one\n  2,\n  {y = 3, z = \'\'\'\n\'\'\'}]\n'
        "[[l]]\nk = 1979-05-27 07:32:00\n[[l]]\nk = 2\n[l.m]\nn = 'a # b'\n"
    )
    assert tomllib.loads(text)["l"][1] == {"k": 2, "m": {"n": "a # b"}}

    assert lines_of(text) == {
        ("a",): 2,
        ("b c",): 3,
        ("b c", "d"): 3,
        ("t",): 5,
        ("t", "x"): 6,
        ("t", "x", 0): 6,
        ("t", "x", 1): 7,
        ("t", "x", 2): 8,
        ("t", "x", 2, "y"): 8,
        ("t", "x", 2, "z"): 8,
        ("l",): 10,
        ("l", 0): 10,
        ("l", 0, "k"): 11,
        ("l", 1): 12,
        ("l", 1, "k"): 13,
        ("l", 1, "m"): 14,
        ("l", 1, "m", "n"): 15,
    }


def test_every_key_of_the_shipped_policy_has_its_line():
    text = (settings.POLICY / "policy.toml").read_text()
    lines = text.split("\n")
    raw = tomllib.loads(text)

    for path, number in lines_of(text).items():
        here = raw
        for name in path:
            here = here[name]
        if isinstance(path[-1], str):
            assert path[-1] in lines[number - 1], path
    keys = [(section, key) for section, parts in raw.items() if isinstance(parts, dict) for key in parts]
    assert set(keys) <= set(lines_of(text))
