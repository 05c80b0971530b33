"""Whom a campaign reaches: one SQL on both engines, asked to count, to select, and again right before sending.

Written by hand, for it folds millions of choices as `privacy.queries.may_each` folds those of one person; a test holds
the two together. So restriction and objection to the purpose stand here in words (see guard/restriction.py).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from vasistas.apps.bulletins import rules
from vasistas.apps.bulletins.models import Campaign, Contact
from vasistas.apps.privacy.models import OBJECTION
from vasistas.guard.policy import consents, get_policy, versions
from vasistas.guard.policy.model import Policy
from vasistas.guard.purposes import processing

PURPOSE = "bulletins"
WORK_MEM = "128MB"  # of PostgreSQL, for one campaign's audience: it folds in memory, not on disk
_OF_MEMBER = "accounts_member m ON m.id = f.member_id WHERE m.subject_id = c.subject_id"


_BANNED = "FROM rooms_ban b WHERE b.room_id = f.room_id AND b.member_id = m.id"


@dataclass
class Clauses:
    """Conditions of SQL, joined by AND, with their values in order."""

    texts: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, text: str, *values: Any) -> None:
        self.texts.append(text)
        self.values += values

    def __str__(self) -> str:
        return " AND ".join(self.texts)


@processing(PURPOSE)
def count(campaign: Campaign, at: datetime) -> int:
    """How many would get it now. Raises: NotFound: the policy has no such topic or channel."""
    return int(_run("SELECT COUNT(*)", campaign, at)[0][0])


@processing(PURPOSE)
def insert_sends(campaign: Campaign, at: datetime) -> int:
    """Write a waiting send for each who would get it now; a repeat adds those alone who came since. Return how many."""
    columns = "campaign_id, contact_id, subject_id, state, because, not_before, attempts, made_at, provider_ref"
    head = f"INSERT INTO bulletins_send ({columns}) SELECT %s, c.id, c.subject_id, 'queued', '', %s, 0, %s, ''"
    with transaction.atomic():
        values = [campaign.pk, _plain(at), _plain(at)]
        return int(_run(head, campaign, at, head_values=values, tail="ON CONFLICT DO NOTHING"))


@processing(PURPOSE)
def still(campaign: Campaign, contact_ids: Sequence[int], subject_ids: Sequence[int], at: datetime) -> set[int]:
    """Those of these contacts (of these subjects, a lease's) who may get it at this moment."""
    if not contact_ids:
        return set()
    return {row[0] for row in _run("SELECT c.id", campaign, at, some=(contact_ids, subject_ids))}


def _run(
    head: str,
    campaign: Campaign,
    at: datetime,
    *,
    head_values: Sequence[Any] = (),
    tail: str = "",
    some: tuple[Sequence[int], Sequence[int]] = ((), ()),
) -> Any:
    """Rows of a SELECT; of an INSERT how many were written. some: contacts and their subjects; nobody else is asked."""
    contact_ids, subject_ids = some
    standing = _standing(campaign.topic, campaign.channel, at, subject_ids)
    asked = _asked(campaign, contact_ids)
    text = (
        f"{head} FROM bulletins_contact c JOIN privacy_subject s ON s.id = c.subject_id"
        f" JOIN ({standing}) standing ON standing.subject_id = c.subject_id WHERE {asked} {tail}"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql" and not contact_ids:
            cursor.execute(f"SET LOCAL work_mem = '{WORK_MEM}'")
            cursor.execute("SET LOCAL enable_nestloop = off")  # it takes the many for few, and asks for each apart
            cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")  # each would fold all choices by itself
        cursor.execute(text, [*head_values, *standing.values, *asked.values])
        return cursor.rowcount if head.startswith("INSERT") else cursor.fetchall()


class _Standing(Clauses):
    def __str__(self) -> str:
        return " ".join(self.texts)


def _standing(topic: str, channel: str, at: datetime, subject_ids: Sequence[int]) -> _Standing:
    """The subjects whose consent to a topic by a channel stands: of each switch the latest was given, to a text that
    covers what it says today, after the latest objection; and no objection stands.
    """
    policy, key = get_policy(), rules.switch_of(topic)
    one = policy.consents[key]
    switches = [(key, channel)] + ([(one.under, "")] if one.under else [])
    keys = [*(name for name, _channel in switches), OBJECTION]
    text = _Standing()
    text.add("SELECT k.subject_id FROM privacy_consent k WHERE k.at <= %s", _plain(at))
    text.add(f'AND k."key" IN ({_marks(keys)})', *keys)
    if subject_ids:
        text.add(f"AND k.subject_id IN ({_marks(subject_ids)})", *subject_ids)
    objected = "COALESCE(MAX(CASE WHEN k.act = 'objected' THEN k.id END), 0)"
    text.add(f"GROUP BY k.subject_id HAVING COALESCE(MAX(CASE WHEN k.act = 'lifted' THEN k.id END), 0) >= {objected}")
    for name, by in switches:
        covered, digests = _covered(policy, name)
        latest = "MAX(CASE WHEN k.\"key\" = %s AND k.channel = %s AND k.act IN ('given', 'withdrawn') THEN k.id END)"
        given = f"MAX(CASE WHEN k.\"key\" = %s AND k.channel = %s AND k.act = 'given' AND {covered} THEN k.id END)"
        text.add(f"AND {given} = {latest}", name, by, *digests, name, by)
        text.add(f"AND {given} > {objected}", name, by, *digests)
    return text


def _covered(policy: Policy, key: str) -> tuple[str, list[Any]]:
    """The condition on a record that its text covers what the switch says today (guard.policy.consents.covers)."""
    texts: list[str] = []
    values: list[Any] = []
    for version, digest, language in sorted(_texts(policy, key)):
        if version:
            texts.append("(k.policy_version = %s AND k.text_hash = %s AND k.language = %s)")
            values += [version, digest, language]
        else:
            texts.append("(k.text_hash = %s AND k.language = %s)")
            values += [digest, language]
    return f"({' OR '.join(texts)})", values


def _texts(policy: Policy, key: str) -> Iterator[tuple[int, str, str]]:
    """Version (0: any), hash and language of each text whose consent still counts."""
    now = policy.consents[key]
    current = {(consents.text_hash(now, language), language) for language in now.words}
    yield from ((0, digest, language) for digest, language in current)
    for number in versions.history(settings.POLICY):
        released = consents.released(number)
        then = released.consents.get(key) if released else None
        for language in then.words if then else ():
            digest = consents.text_hash(then, language) if then else ""
            if (digest, language) not in current and consents.covers(policy, key, number, digest, language):
                yield number, digest, language


def _asked(campaign: Campaign, contact_ids: Sequence[int]) -> Clauses:
    """Who is there at all, may be written to, and is of the campaign's audience."""
    asked = Clauses()
    if contact_ids:
        asked.add(f"c.id IN ({_marks(contact_ids)})", *contact_ids)
    asked.add("c.channel = %s AND c.confirmed_at IS NOT NULL AND s.state = 'active'", campaign.channel)
    asked.add(
        'NOT EXISTS (SELECT 1 FROM bulletins_suppression x WHERE x.channel = c.channel AND x."index" = c."index")'
    )
    asked.add(
        "NOT EXISTS (SELECT 1 FROM privacy_useobjection o WHERE o.subject_id = c.subject_id AND o.purpose = %s)",
        PURPOSE,
    )
    if campaign.kind == Campaign.Kind.LIVE:
        asked.add("c.pace = %s", Contact.Pace.LIVE)
        asked.add(_follows(f"f.room_id = %s AND NOT EXISTS (SELECT 1 {_BANNED})"), campaign.room_id)
    if campaign.kind == Campaign.Kind.DIGEST:
        asked.add("c.pace = %s", campaign.audience["pace"])
        asked.add(_follows("1 = 1"))
    _add_attributes(asked, campaign.audience)
    return asked


def _add_attributes(asked: Clauses, audience: dict[str, Any]) -> None:
    """See rules.ATTRIBUTES. What is not known there is no condition, and was refused when it was composed."""
    if languages := audience.get("language"):
        asked.add(f"c.language IN ({_marks(languages)})", *languages)
    if "account" in audience:
        asked.add("s.kind <> 'visitor'" if audience["account"] else "s.kind = 'visitor'")
    if audience.get("follows_any"):
        asked.add(_follows("1 = 1"))
    if category := audience.get("follows_category"):
        asked.add(_follows("f.room_id IN (SELECT r.id FROM rooms_room r WHERE r.category = %s)"), category)
    if room := audience.get("follows_room"):
        asked.add(_follows("f.room_id = %s"), room)
    if before := audience.get("joined_before"):
        asked.add("s.created_at < %s", _day(before))
    if after := audience.get("joined_after"):
        asked.add("s.created_at >= %s", _day(after))


def _follows(condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM rooms_follow f JOIN {_OF_MEMBER} AND {condition})"  # noqa: S608 — names of our own


def _day(text: str) -> Any:
    """The beginning of a day in the site's time zone."""
    return _plain(datetime.combine(date.fromisoformat(text), time.min, tzinfo=timezone.get_current_timezone()))


def _plain(at: datetime) -> Any:
    """A moment as the engine stores it."""
    return connection.ops.adapt_datetimefield_value(at)


def _marks(values: Collection[Any]) -> str:
    return ", ".join(["%s"] * len(values))
