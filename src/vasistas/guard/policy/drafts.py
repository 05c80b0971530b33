"""One folder of policy files compiled by itself: the draft being written, or the snapshot of a version."""

from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from vasistas.guard.policy import contradictions, digests
from vasistas.guard.policy.clauses import clauses_of
from vasistas.guard.policy.faults import PolicyRefused
from vasistas.guard.policy.lines import KeyPath
from vasistas.guard.policy.model import Policy
from vasistas.guard.policy.reading import Source, read
from vasistas.guard.policy.schema import parts_of

FILE = "policy.toml"
CLAUSES = "clauses"
SECTIONS = (
    "subjects",
    "owners",
    "measures",
    "categories",
    "purposes",
    "recipients",
    "retention",
    "activities",
    "cookies",
    "consents",
    "clauses",
)


def compile_draft(
    folder: Path, shown: Path, *, known_checks: Collection[str] | None = None, today: date | None
) -> tuple[Source, Policy]:
    """Compile what `folder` holds; the faults found so far are in the source.

    Args: shown: how to name the folder to the operator. known_checks, today: see `compile_policy`; today None: the
        folder is of the past, and what has expired since is no fault.

    Raises: PolicyRefused: policy.toml cannot be read at all.
    """
    source = read(folder / FILE, shown / FILE)
    if source.faults:
        raise PolicyRefused(source.faults)
    parts, file = parts_of(source)
    clauses = clauses_of(file, folder / CLAUSES, shown / CLAUSES, known_checks)
    file.close()
    contradictions.check(source, parts, today)
    policy = Policy(
        version=parts.version,
        effective=parts.effective,
        languages=parts.languages,
        authority=parts.authority,
        categories=parts.categories,
        purposes=parts.purposes,
        recipients=parts.recipients,
        retention=parts.retention,
        activities=parts.activities,
        cookies=parts.cookies,
        clauses=clauses,
        digest=digests.of([parts, clauses]),
        is_released=False,
        subjects=parts.subjects,
        owners=parts.owners,
        measures=parts.measures,
        consents=parts.consents,
    )
    return source, policy


def parts_by_path(policy: Policy) -> Iterator[tuple[KeyPath, Any]]:
    """Yield each part of a policy with the path at which it stands in policy.toml; all but its version."""
    yield ("effective",), policy.effective
    yield ("languages",), policy.languages
    yield ("authority",), policy.authority
    for section in SECTIONS:
        parts = getattr(policy, section)
        named = {one.name: one for one in parts} if section == "cookies" else parts
        for key, part in named.items():
            yield (section, key), part
