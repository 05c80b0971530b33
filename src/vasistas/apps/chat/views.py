"""The doors of the chat: say, read back, moderate. Each works as a plain form and as a fetch that wants JSON."""

import functools
from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat import commands, forms, operations, queries
from vasistas.apps.chat.models import Message
from vasistas.apps.rooms import operations as room_operations
from vasistas.apps.rooms import queries as rooms
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.rules import Viewer
from vasistas.guard.access import public
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError, NotFound
from vasistas.lib.numbers import whole

BODY_BYTES_MAX = 32_768  # of one posted form; 300 characters of four bytes, percent-encoded, are below 4 kB

type View = Callable[..., HttpResponse]


class BodyTooLarge(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    status = 413
    code = "chat.body_too_large"

    def __init__(self) -> None:
        limit_kb = BODY_BYTES_MAX // 1024
        super().__init__(_("This is too large for a chat message. %(limit)d kB are the limit.") % {"limit": limit_kb})


class SignInFirst(DomainError):  # noqa: N818 — see above
    status = 401
    code = "chat.sign_in"


class NotUnderstood(DomainError):  # noqa: N818 — see above
    """A form that no page of ours sends; `fields` says what was wrong."""

    status = 422
    code = "chat.not_understood"


def small_bodies_only(view: View) -> View:
    """Refuse large posts by their stated length, before anything reads them (the CSRF check parses the form)."""

    @functools.wraps(view)
    def measured(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if request.method == "POST" and (not length.isdecimal() or int(length) > BODY_BYTES_MAX):
            raise BodyTooLarge
        try:
            return csrf_protect(view)(request, *args, **kwargs)
        except RequestDataTooBig:  # a body that did not state its length
            raise BodyTooLarge from None

    return csrf_exempt(measured)  # protected above, after the measure


# -- Saying and reading ------------------------------------------------------------------------------------------------


@public("everyone who may watch a room reads along; saying something needs a member")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@small_bodies_only
@processing("chat")
def chat(request: HttpRequest, slug: str) -> HttpResponse:
    room = _room_for(request, slug)
    return _say(request, room) if request.method == "POST" else _history(request, room)


def _history(request: HttpRequest, room: Room) -> HttpResponse:
    before = request.GET.get("before")
    is_page, older_than = _is_navigation(request), whole(before or "")
    if before is not None and older_than is None:
        raise NotUnderstood(_("There is no such place in this chat."))
    panel = queries.panel_for(room, _viewer(request), timezone.now(), older_than=older_than, with_people=is_page)
    return _page(request, room, panel) if is_page else JsonResponse(panel.snapshot())


def _say(request: HttpRequest, room: Room) -> HttpResponse:
    if not isinstance(request.user, Member):
        if _is_navigation(request):
            return redirect_to_login(_back(request, room))
        raise SignInFirst(_("Sign in to chat."))
    typed = forms.Say(request.POST)
    try:
        words = _cleaned(typed)["text"]
        return _carry_out(request, room, request.user, words)
    except DomainError as error:
        if not _is_navigation(request):
            raise
        panel = queries.panel_for(room, _viewer(request), timezone.now())
        return _page(request, room, panel, error=error.message, draft=request.POST.get("text", ""), status=error.status)


def _carry_out(request: HttpRequest, room: Room, author: Member, words: str) -> HttpResponse:
    at = timezone.now()
    asked = commands.parse(words)
    if not isinstance(asked, commands.Say):
        with processing("moderate"):
            told = operations.obey(room=room, by=author, asked=asked, at=at)
        return _done(request, room, told)
    message = operations.say(room=room, author=author, text=asked.text, at=at)
    if _is_navigation(request):
        return HttpResponseRedirect(_back(request, room))
    return JsonResponse({"line": queries.line_of(message).wire()}, status=201)


# -- Moderating --------------------------------------------------------------------------------------------------------


@require_GET
@never_cache
@processing("moderate")
def moderate(request: HttpRequest, slug: str, message_id: int) -> HttpResponse:
    """What can be done about one message, as a page: the menu of those without JavaScript."""
    room = _room_for(request, slug)
    message = _message(request, room, message_id)
    with processing("chat"):
        panel = queries.panel_for(room, _viewer(request), timezone.now(), with_people=False)
    context = {"room": room, "chat": panel, "line": queries.line_of(message), "back": _back(request, room)}
    return render(request, "chat/moderate.html", context)


@require_GET
@never_cache
@processing("chat")
def desk(request: HttpRequest, slug: str) -> HttpResponse:
    """The tools of the room as a fragment: what the panel puts in place of its own after a change."""
    room, at = _room_for(request, slug), timezone.now()
    queries.check_has_desk(queries.standing_of(room, _viewer(request), at))
    panel = queries.panel_for(room, _viewer(request), at)
    return render(request, "chat/_desk.html", {"room": room, "chat": panel, "back": _back(request, room)})


@require_POST
@processing("moderate")
def delete(request: HttpRequest, slug: str, message_id: int) -> HttpResponse:
    room = _room_for(request, slug)
    reason = _cleaned(forms.Reason(request.POST))["reason"]
    message = _message(request, room, message_id)
    operations.delete(message=message, by=_member(request), at=timezone.now(), reason=reason)
    return _done(request, room, _("The message is removed."))


@require_POST
@processing("moderate")
def clear(request: HttpRequest, slug: str) -> HttpResponse:
    room, asked = _room_for(request, slug), _cleaned(forms.About(request.POST))
    author = _message(request, room, asked["message"]).author
    act = {"by": _member(request), "at": timezone.now(), "reason": asked["reason"]}
    operations.clear_author(room=room, author=author, **act)
    return _done(request, room, _("The messages of %(name)s are gone.") % {"name": author.display_name})


@require_POST
@processing("moderate")
def mute(request: HttpRequest, slug: str) -> HttpResponse:
    room, asked = _room_for(request, slug), _cleaned(forms.Mute(request.POST))
    author = _message(request, room, asked["message"]).author
    act = {"by": _member(request), "at": timezone.now(), "reason": asked["reason"]}
    operations.mute(room=room, member=author, minutes=asked["minutes"], **act)
    words = _("%(name)s is muted for %(minutes)d min.")
    return _done(request, room, words % {"name": author.display_name, "minutes": asked["minutes"]})


@require_POST
@processing("moderate")
def unmute(request: HttpRequest, slug: str) -> HttpResponse:
    room, asked = _room_for(request, slug), _cleaned(forms.Unmute(request.POST))
    at, by = timezone.now(), _member(request)
    member = queries.get_muted_for(queries.standing_of(room, by, at), room, asked["mute"])
    operations.unmute(room=room, member=member, by=by, at=at)
    return _done(request, room, _("%(name)s may speak again.") % {"name": member.display_name})


@require_POST
@processing("moderate")
def ban(request: HttpRequest, slug: str) -> HttpResponse:
    room, asked = _room_for(request, slug), _cleaned(forms.Ban(request.POST))
    author = _message(request, room, asked["message"]).author
    operations.ban(
        room=room,
        member=author,
        by=_member(request),
        at=timezone.now(),
        reason=asked["reason"],
        days=asked["days"],
    )
    return _done(request, room, _("%(name)s is banned from this room.") % {"name": author.display_name})


@require_POST
@processing("moderate")
def unban(request: HttpRequest, slug: str) -> HttpResponse:
    room, asked = _room_for(request, slug), _cleaned(forms.Unban(request.POST))
    by = _member(request)
    queries.check_has_desk(queries.standing_of(room, by, timezone.now()))
    member = rooms.member_by_ref(room, asked["ref"])
    room_operations.unban(room=room, member=member, by=by)
    return _done(request, room, _("%(name)s may come back.") % {"name": member.display_name})


@require_POST
@processing("chat")
def slow_mode(request: HttpRequest, slug: str) -> HttpResponse:
    room, asked = _room_for(request, slug), _cleaned(forms.SlowMode(request.POST))
    operations.set_slow_mode(room=room, by=_member(request), seconds=asked["seconds"], at=timezone.now())
    return _done(request, room, _("Slow mode is changed."))


@require_POST
@processing("chat")
def change_settings(request: HttpRequest, slug: str) -> HttpResponse:
    room, form = _room_for(request, slug), forms.Settings(request.POST)
    _cleaned(form)
    operations.change_settings(room=room, by=_member(request), at=timezone.now(), asked=form.asked())
    return _done(request, room, _("The chat's settings are changed."))


# -- Translating in and out --------------------------------------------------------------------------------------------


def _viewer(request: HttpRequest) -> Viewer:
    return Viewer.of(request.user, request.session)


@processing("rooms")
def _room_for(request: HttpRequest, slug: str) -> Room:
    return rooms.get_room_for(_viewer(request), slug)


def _member(request: HttpRequest) -> Member:
    if not isinstance(request.user, Member):  # LoginRequiredMiddleware let nobody else through
        raise NotFound(_("Sign in first."))
    return request.user


def _message(request: HttpRequest, room: Room, message_id: int) -> Message:
    return queries.get_message_for(_member(request), room, message_id, timezone.now())


def _cleaned(form: django_forms.Form) -> dict[str, Any]:
    if form.is_valid():
        return form.cleaned_data
    fields = {name: str(errors[0]) for name, errors in form.errors.items()}
    raise NotUnderstood(" ".join(fields.values()), fields=fields)


def _is_navigation(request: HttpRequest) -> bool:
    return request.accepts("text/html") and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def _back(request: HttpRequest, room: Room) -> str:
    """The page the form stood on (the watch page or the studio), at its chat."""
    page = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = page.startswith("/") and url_has_allowed_host_and_scheme(page, allowed_hosts=None)
    return f"{page.partition('#')[0] if is_ours else room.get_absolute_url()}#chat"


def _done(request: HttpRequest, room: Room, notice: str) -> HttpResponse:
    if _is_navigation(request):
        messages.success(request, notice)
        return HttpResponseRedirect(_back(request, room))
    return JsonResponse({"notice": notice})


def _page(request: HttpRequest, room: Room, panel: queries.Panel, *, status: int = 200, **context: str) -> HttpResponse:
    return render(request, "chat/room.html", {"room": room, "chat": panel, **context}, status=status)
