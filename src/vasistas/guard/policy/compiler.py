"""From the operator's files to typed objects, or a list of what contradicts."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from vasistas.guard.policy.model import (
    Authority,
    Category,
    Policy,
    Purpose,
    Reads,
    Retention,
)


def compile_policy(folder: Path) -> Policy:
    """Compile the policy in `folder`."""
    raw: dict[str, Any] = tomllib.loads((folder / "policy.toml").read_text())
    return Policy(
        version=raw["version"],
        effective=raw["effective"] if isinstance(raw["effective"], date) else date.fromisoformat(raw["effective"]),
        languages=tuple(raw["languages"]),
        authority=Authority(**raw["authority"]),
        categories={
            key: Category(key, one["title"], one["words"], one["dpv"], one.get("is_special", False))
            for key, one in raw["categories"].items()
        },
        purposes={
            key: Purpose(
                key,
                one["title"],
                one["words"],
                frozenset(one["categories"]),
                Reads(one["reads"]),
                one.get("needs_reason", False),
            )
            for key, one in raw["purposes"].items()
        },
        recipients={},
        retention={
            key: Retention(key, one["words"], one["after"], one.get("days_max"))
            for key, one in raw["retention"].items()
        },
        activities={},
        cookies=(),
        clauses={},
        digest="",
        is_released=False,
    )
