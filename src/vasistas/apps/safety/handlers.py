"""Tell the person it is about: by mail, with the way to the statement. The subject line says nothing."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.safety.events import AppealClosed, Decided
from vasistas.apps.safety.models import Appeal, Decision
from vasistas.guard.purposes import processing


def tell_of_decision(event: Decided) -> None:
    with processing("report"):
        decision = Decision.objects.filter(pk=event.decision_id).only("token", "subject").first()
        if decision is not None:
            _send(decision, "decided")


def tell_of_appeal(event: AppealClosed) -> None:
    with processing("report"):
        closed = Appeal.objects.filter(pk=event.appeal_id).select_related("decision").first()
        if closed is not None:
            _send(closed.decision, "appeal")


def _send(decision: Decision, name: str) -> None:
    there = Member.objects.filter(subject_id=decision.subject_id, emailaddress__verified=True)
    member = there.only("email", "email_sealed", "row_key", "subject").first()
    if member is None:
        return
    site = {"site_name": settings.SITE_NAME, "operator": settings.OPERATOR, "public_url": settings.PUBLIC_URL}
    page = f"{settings.PUBLIC_URL}{reverse('pages:statement', args=[decision.token])}"
    text = render_to_string(f"safety/mail/{name}.txt", {**site, "page": page}).strip()
    EmailMessage(_("A decision about your account"), text, to=[str(member.email)]).send()
