"""Changes of the policy: what a member was told of them, and where staff approve and release the next version."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import operations, queries
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.approvals import APPROVALS_MIN
from vasistas.guard.policy.faults import PolicyRefused
from vasistas.guard.policy.versions import NOTICE_DAYS, TELLING_DAYS
from vasistas.guard.purposes import processing
from vasistas.guard.reads.keys import AuditKeyRefused
from vasistas.guard.staff import ask_for_second_factor, has_fresh_second_factor, staff_only
from vasistas.lib.errors import DomainError, NotFound
from vasistas.pages import my_data, policy_page
from vasistas.pages.views.own import member_of


@never_cache
@require_safe
@processing("rights")
def my_changes(request: HttpRequest) -> HttpResponse:
    told = list(queries.notices_of(member_of(request).subject_id))
    context = {"told": told, "coming": get_policy.to_come(), "current": get_policy(), "lang": my_data.language()}
    return render(request, "pages/account/changes.html", context)


@never_cache
@require_POST
@processing("rights")
def put_away(request: HttpRequest, number: int) -> HttpResponse:
    if number not in {policy.version for policy in get_policy.to_come()}:
        raise NotFound(_("There is no such change on its way."))
    operations.put_notice_away(subject_id=member_of(request).subject_id, version=number, at=timezone.now())
    return redirect("pages:my_changes")


@staff_only
@never_cache
@require_safe
@processing("staff")
def staff_policy(request: HttpRequest) -> HttpResponse:
    return _shown(request)


@staff_only
@never_cache
@require_POST
@processing("staff")
def approve(request: HttpRequest) -> HttpResponse:
    if not has_fresh_second_factor(request):
        return ask_for_second_factor(request)
    member = member_of(request)
    try:
        operations.approve_policy(
            subject_id=member.subject_id,
            files_hash=request.POST.get("files_hash", ""),
            is_operator=member.is_superuser,
            at=timezone.now(),
        )
    except PolicyRefused:
        return redirect("pages:staff_policy")  # it tells why
    messages.success(request, _("You have approved these files."))
    return redirect("pages:staff_policy")


@staff_only
@never_cache
@require_POST
@processing("staff")
def release(request: HttpRequest) -> HttpResponse:
    if not has_fresh_second_factor(request):
        return ask_for_second_factor(request)
    try:
        policy = operations.release_policy(at=timezone.now(), files_hash=request.POST.get("files_hash", ""))
    except PolicyRefused:
        return redirect("pages:staff_policy")  # it tells why
    except AuditKeyRefused as refused:
        raise DomainError(str(refused), code="privacy.not_signed") from None
    except OSError as error:
        told = _("The policy's folder cannot be written. Run `vasistas policy release` as its owner.")
        raise DomainError(told, code="privacy.not_written") from error
    messages.success(request, _("Version %(number)d is released.") % {"number": policy.version})
    return redirect("pages:staff_policy")


def _shown(request: HttpRequest) -> HttpResponse:
    context: dict[str, Any] = policy_page.about(request, get_policy())
    context |= {"coming": get_policy.to_come(), "notice_days": NOTICE_DAYS, "telling_days": TELLING_DAYS}
    try:
        found = queries.policy_candidate(context["now"])
    except PolicyRefused as refused:
        return render(request, "pages/staff/policy.html", {**context, "faults": refused.faults})
    given = list(queries.approvals_of_policy(found.files_hash))
    names = dict(
        Member.objects.filter(subject__in=[one.subject_id for one in given]).values_list("subject", "display_name")
    )
    context |= {
        "candidate": found,
        "difference": policy_page.readable(found.difference, context["lang"]) if found.difference else None,
        "given": [(one, names.get(one.subject_id, "")) for one in given],
        "has_approved": any(one.subject_id == member_of(request).subject_id for one in given),
        "is_approved": len(given) >= APPROVALS_MIN,
        "approvals_min": APPROVALS_MIN,
    }
    return render(request, "pages/staff/policy.html", context)
