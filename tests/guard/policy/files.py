"""A folder of policy files to break, and what the compiler says of it."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from vasistas.guard.policy.compiler import compile_policy
from vasistas.guard.policy.faults import Fault, PolicyRefused
from vasistas.guard.policy.model import Policy

SMALL = Path(__file__).parent / "small"
TODAY = date(2026, 11, 22)


def copied(source: Path, target: Path) -> Path:
    """Copy the files of a draft, not its versions."""
    folder = target / "policy"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("versions"))
    return folder


def compiled(folder: Path, **options: Any) -> Policy:
    return compile_policy(folder, **{"today": TODAY, **options})


def change(folder: Path, old: str, new: str, *, file: str = "policy.toml") -> int:
    """Replace a text that stands there once; return the line it began on."""
    path = folder / file
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
    path.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


def faults_of(folder: Path, **options: Any) -> tuple[Fault, ...]:
    with pytest.raises(PolicyRefused) as refused:
        compiled(folder, **options)
    return refused.value.faults
