"""Words and codes live on two sides; each code a script can say has its sentence, and no sentence is left over."""

import re
from pathlib import Path

from vasistas.pages import studio_words

JS = Path(studio_words.__file__).parent.parent / "static" / "vasistas" / "js"
QUOTED = re.compile(r'["`]((?:[a-z]+)\.(?:[a-z_]+))["`]')
GROUPS = {code.partition(".")[0] for code in studio_words.words()}


def codes_of(*names: str) -> set[str]:
    found: set[str] = set()
    for name in names:
        found |= set(QUOTED.findall((JS / name).read_text()))
    return {code for code in found if code.partition(".")[0] in GROUPS}


def test_every_fault_has_a_title_and_a_remedy() -> None:
    faults = (JS / "lib/devices-errors.js").read_text()
    listed = re.search(r"CODES = Object\.freeze\(\[(.*?)\]\)", faults, re.DOTALL)
    assert listed is not None
    codes = re.findall(r'"([a-z_.]+)"', listed.group(1))
    words = studio_words.words()
    assert [code for code in codes for part in ("title", "remedy") if f"{code}.{part}" not in words] == []


def test_every_faults_words_are_its_own() -> None:
    titles = [words for code, words in studio_words.words().items() if code.endswith(".title")]
    assert len(titles) == len(set(titles))


def test_every_code_of_the_scripts_has_its_sentence() -> None:
    scripts = [
        *(f"lib/{name}.js" for name in ("uplink", "health", "studio-cut")),
        *(f"elements/{path.name}" for path in (JS / "elements").glob("studio-*.js")),
    ]
    codes = {code for code in codes_of(*scripts) if f"{code}.title" not in studio_words.words()}
    assert codes - studio_words.words().keys() == set()


def test_every_item_of_the_checklist_has_its_sentence() -> None:
    text = (JS / "lib/studio-checklist.js").read_text()
    codes = {f"check.{code}" for code in re.findall(r'"((?:camera|microphone|title|thumbnail|uplink)_[a-z]+)"', text)}
    words = {code for code in studio_words.words() if code.startswith("check.") and "_" in code}
    assert codes == words


def test_sound_hints_and_presets_have_their_sentences() -> None:
    hints = {f"sound.{hint}" for hint in ("waiting", "silent", "quiet", "good", "clipping")}
    presets = {f"preset.{name}" for name in ("saver", "standard", "high")}
    grades = {f"grade.{grade}" for grade in ("good", "fair", "poor")}
    assert hints | presets | grades <= studio_words.words().keys()
