"""Clause 2: an objection outlives the account, and nothing goes where one stands."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef

from vasistas.apps.accounts.models import Member
from vasistas.apps.bulletins import operations
from vasistas.apps.bulletins.models import Send, Suppression
from vasistas.apps.bulletins.queries import audience
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.operations import Said
from vasistas.guard.conformance.registry import Finding, check, count, counterexample, finding
from vasistas.guard.keyring.models import DataKey
from vasistas.guard.purposes import processing
from vasistas.proof import canary, letters

GRACE = timedelta(seconds=60)


@check(
    "suppressions.outlive_the_account",
    kind="canary",
    words={
        "en": "A member objects and is erased. The same address joins anew and chooses everything: no campaign selects "
        "it, until its owner takes the objection back.",
        "fr": "Un membre s’oppose puis est effacé. La même adresse s’inscrit à nouveau et choisit tout : aucune "
        "campagne ne la retient, tant que l’opposition n’est pas retirée.",
    },
)
def outlive_the_account(now: datetime) -> Finding:
    wrong = []
    handle = None
    try:
        with canary.stage(now) as canaries, tempfile.TemporaryDirectory() as folder:
            with canary.arranging():
                address = str(canaries.vi.email)
                letters.consent(canaries.vi, now)
            privacy.object_to_marketing(subject_id=canaries.vi.subject_id, said=Said(now))
            privacy.erase(subject_id=canaries.vi.subject_id, at=now, data=Path(folder))
            with canary.arranging():
                again = Member.objects.create_user(address, f"{canaries.sam.display_name} anew", None)
                handle = again.subject.key_handle
                EmailAddress.objects.create(user=again, email=address, primary=True, verified=True)
                letters.consent(again, now)
                running = letters.campaign(now)
            audience.insert_sends(running, now)
            with canary.arranging():
                wrong += ["selected"] if Send.objects.filter(campaign=running, subject=again.subject).exists() else []
                privacy.object_to_marketing(subject_id=again.subject_id, said=Said(now))
                privacy.lift_objection(subject_id=again.subject_id, said=Said(now))
                letters.consent(again, now)
            audience.insert_sends(running, now)
            with canary.arranging():
                chosen = Send.objects.filter(campaign=running, subject=again.subject).exists()
                wrong += [] if chosen else ["lost for good"]
    finally:
        if handle is not None:
            DataKey.objects.filter(handle=handle).delete()
    return finding(1, wrong)


@counterexample("suppressions.outlive_the_account")
def forget_with_the_account(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    erase = privacy.erase

    def forget(**asked: Any) -> Any:
        with processing("maintain", reason="a planted fault"):
            operations.release(places=operations.places_of(asked["subject_id"]), reasons=Suppression.Reason.values)
        return erase(**asked)

    privacy.erase = forget


@check(
    "suppressions.nothing_sent_after",
    kind="live",
    words={
        "en": "Nothing was handed over to an address or number later than 60 seconds after it was suppressed.",
        "fr": "Rien n’a été remis à une adresse ou un numéro plus de 60 secondes après sa mise à l’écart.",
    },
)
def nothing_sent_after(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    handed = Send.objects.filter(handed_at__isnull=False)
    place = {"channel": OuterRef("contact__channel"), "index": OuterRef("contact__index")}
    before = Suppression.objects.filter(**place, at__lt=OuterRef("handed_at") - GRACE)
    return count(handed.count(), handed.filter(Exists(before)).count(), "sends")


@counterexample("suppressions.nothing_sent_after")
def send_where_one_stands(now: datetime) -> None:
    member = Member.objects.filter(emailaddress__verified=True).latest("pk")
    letters.consent(member, now - timedelta(hours=2))
    contact = operations.ensure_of_member(subject_id=member.subject_id, at=now)
    if contact is not None:
        at = now - timedelta(hours=1)
        place = {"channel": contact.channel, "index": contact.index}
        operations.suppress(**place, reason=Suppression.Reason.BOUNCED, at=at)
        handed = {"state": Send.State.HANDED, "handed_at": at + timedelta(minutes=2)}
        letters.queue(letters.campaign(at), contact, at, **handed)
