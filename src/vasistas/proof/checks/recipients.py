"""Clause 7: who got something is told when it is corrected or erased, until it acknowledges (GDPR Art. 19)."""

import base64
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import httpx
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.urls import reverse

from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy import queries
from vasistas.apps.privacy.models import RecipientNotice
from vasistas.apps.privacy.models.recipients import OPEN
from vasistas.apps.privacy.operations import corrections
from vasistas.guard.conformance.registry import Finding, check, counterexample, finding
from vasistas.guard.egress import door, webhooks
from vasistas.guard.egress import queries as egress
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Recipient
from vasistas.guard.purposes import processing
from vasistas.proof import canary
from vasistas.proof.browser import not_logged
from vasistas.proof.canary import Canaries

PLAYED = "mail"  # a recipient of the policy, played by one that keeps what it gets
NAME, MAIL, PSEUDONYM = "user.account.username", "user.contact.email", "user.unique_id.pseudonymous"
LATE = timedelta(hours=1)  # a notice that is due waits seconds; longer, and nobody sends
UNSETTLED = timedelta(days=14)  # an escalated notice waits for a person here no longer
State, What = RecipientNotice.State, RecipientNotice.What


@contextmanager
def one_that_keeps() -> Iterator[None]:
    """Play the mail provider as a recipient that keeps names and has to be told; in this context alone."""
    played = replace(
        get_policy().recipients[PLAYED],
        categories=frozenset({NAME, MAIL, PSEUDONYM}),
        told_at="https://recipient.invalid/notices",
        not_told={},
    )
    with door.rehearsing({**get_policy().recipients, PLAYED: played}):
        yield


@check(
    "recipients.are_told",
    kind="canary",
    words={
        "en": "A member whose data a recipient got corrects it, and is erased: each is noted for that recipient, under "
        "a name that it alone has for the member; for members it got nothing of, nothing is.",
        "fr": "Un membre dont un destinataire a reçu les données les rectifie, puis est effacé : chaque fait est noté "
        "pour ce destinataire, sous un nom que lui seul connaît ; rien ne l’est pour les autres membres.",
    },
)
def are_told(now: datetime) -> Finding:
    with canary.stage(now) as canaries, one_that_keeps():
        vi, ada = canaries.vi, canaries.ada
        _hand_over(canaries)
        for member in (vi, ada):
            _correct_name(canaries, member is vi)
        corrected = [(one.what, one.categories) for one in queries.recipient_notices_of(vi.subject_id, PLAYED)]
        privacy.tell_recipients(subject_id=vi.subject_id, what=What.ERASED, at=now)
        after = queries.recipient_notices_of(vi.subject_id, PLAYED)
        erased = [(one.what, one.categories) for one in after]
        wrong = [] if corrected == [(What.CORRECTED, NAME)] else ["a correction is not passed on"]
        wrong += [] if erased == [(What.ERASED, NAME)] else ["an erasure is not passed on"]
        wrong += ["somebody it got nothing of"] if queries.recipient_notices_of(ada.subject_id, PLAYED) else []
        wrong += ["one name for two recipients"] if _is_one_name(vi.subject_id) else []
        with canary.arranging():
            ours = {vi.subject.audit_id, str(vi.subject.key_handle), vi.subject.key_handle.hex, vi.email}
        wrong += ["a name of ours"] if ours & {one.about for one in after} else []
    return finding(5, wrong)


def _hand_over(canaries: Canaries) -> None:
    with processing("account"):
        door.hand_over(PLAYED, {NAME}, [canaries.vi.subject_id])


def _correct_name(canaries: Canaries, is_vi: bool) -> None:  # noqa: FBT001 — one of two
    browser = canary.browser_of(canaries.vi if is_vi else canaries.ada)
    path = reverse("pages:correct", args=[NAME])
    browser.get(path)
    browser.post(path, {"display_name": f"Canary {secrets.token_hex(6)}"})


def _is_one_name(subject_id: int) -> bool:
    return egress.known_as(subject_id, PLAYED) == egress.known_as(subject_id, "media")


@counterexample("recipients.are_told")
def tell_nobody(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    vars(corrections)["tell_recipients"] = lambda **_asked: 0


@dataclass
class Played:
    """A recipient that checks the signature and answers what it is told to."""

    answers: list[tuple[int, bool]]  # status, whether the id is repeated
    got: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        status, echoes = self.answers[len(self.got)]
        said, id_ = request.content, request.headers["webhook-id"]
        signed = b".".join((id_.encode(), request.headers["webhook-timestamp"].encode(), said))
        key = base64.b64decode(webhooks.public_key(PLAYED).removeprefix("whpk_"))
        signature = base64.b64decode(request.headers["webhook-signature"].removeprefix("v1a,"))
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
        except InvalidSignature:
            return httpx.Response(403)
        self.got.append((id_, msgspec.json.decode(said)["data"]))
        answer = msgspec.json.encode({"acknowledged": id_ if echoes else "something"})
        return httpx.Response(status, content=iter([answer]))


@check(
    "recipients.acknowledge",
    kind="canary",
    words={
        "en": "A notice is signed, carries the recipient’s own name for the person and nothing else, is sent again "
        "after a failure or an answer that is none, and rests when it is acknowledged.",
        "fr": "Un avis est signé, ne porte que le nom que le destinataire donne à la personne, est renvoyé après un "
        "échec ou une réponse qui n’en est pas une, et s’arrête à l’accusé de réception.",
    },
)
def acknowledge(now: datetime) -> Finding:
    recipient = Played([(500, True), (200, False), (200, True)])
    with canary.stage(now) as canaries, one_that_keeps(), not_logged():
        subject_id, states, at = canaries.vi.subject_id, list[str](), now
        _hand_over(canaries)
        privacy.tell_recipients(subject_id=subject_id, what=What.ERASED, at=now)
        for _attempt in range(4):
            (notice,) = queries.recipient_notices_of(subject_id, PLAYED)
            at = max(at, notice.next_attempt_at)
            privacy.send_notice(notice.pk, at=at, transport=httpx.MockTransport(recipient))
            states.append(queries.recipient_notices_of(subject_id, PLAYED)[0].state)
        data = {"subject": egress.known_as(subject_id, PLAYED), "categories": [NAME]}
    wrong = [] if states == [State.FAILED, State.FAILED, *[State.ACKNOWLEDGED] * 2] else ["states"]
    wrong += [] if [carried for _id, carried in recipient.got] == [data] * 3 else ["what is sent, or how often"]
    wrong += [] if len({id_ for id_, _carried in recipient.got}) == 1 else ["another id at each attempt"]
    return finding(4, wrong)


@counterexample("recipients.acknowledge")
def take_silence_for_yes(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    webhooks.deliver = lambda *_sent, **_how: None


@check(
    "recipients.none_is_forgotten",
    kind="live",
    words={
        "en": "Every recipient that may get data can be told or says why it need not be; no notice waits unsent for an "
        "hour, and none waits for a person here for 14 days.",
        "fr": "Chaque destinataire possible peut être averti, ou dit pourquoi ce n’est pas utile ; aucun avis n’attend "
        "une heure d’être envoyé, ni 14 jours qu’une personne d’ici s’en charge.",
    },
)
def none_is_forgotten(now: datetime) -> Finding:
    reached = [one for one in get_policy().recipients.values() if one.categories]
    wrong = [f"{one.key}: neither told_at nor not_told" for one in reached if not _is_answered(one)]
    late = RecipientNotice.objects.filter(state__in=OPEN, next_attempt_at__lt=now - LATE).count()
    unsettled = RecipientNotice.objects.filter(state=State.ESCALATED, next_attempt_at__lt=now - UNSETTLED).count()
    wrong += [f"{late} notices wait unsent"] if late else []
    wrong += [f"{unsettled} notices wait for staff"] if unsettled else []
    return finding(len(reached) + RecipientNotice.objects.count(), wrong)


def _is_answered(one: Recipient) -> bool:
    return bool(one.told_at or one.not_told)


@counterexample("recipients.none_is_forgotten")
def let_one_lie(now: datetime) -> None:
    since = now - 2 * LATE
    RecipientNotice.objects.create(
        recipient=PLAYED, about="0" * 32, what=What.ERASED, categories=NAME, next_attempt_at=since, made_at=since
    )
