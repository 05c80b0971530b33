"""The host's forms: become a host, say what the room is, make a stream key, name moderators, send pictures."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from vasistas.apps.rooms import forms, images, operations, queries
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.views import answers
from vasistas.guard.access import public
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError

THUMBNAILS_PER_MINUTE = 30
DETAILS_PER_MINUTE = 20  # each is told to every page of the lobby
MODERATORS_PER_MINUTE = 30
KEYS_PER_MINUTE = 10


class FormWrong(DomainError):  # noqa: N818 — refusals read as facts
    status = 422
    code = "rooms.form_wrong"


@require_http_methods(["GET", "POST"])
@processing("host")
def become(request: HttpRequest) -> HttpResponse:
    """Agree to the terms and open the room, in one form."""
    member = answers.member_of(request)
    if queries.room_of_host(member) is not None:
        return redirect("pages:studio")
    form = forms.BecomeForm(request.POST or None)
    if form.is_valid():
        try:
            operations.open_room(
                member=member,
                slug=form.cleaned_data["slug"],
                details=form.details(),
                agreed=form.cleaned_data["agreed"],
                at=timezone.now(),
            )
            return redirect("pages:studio")
        except DomainError as error:
            _show_in(form, error)
    return render(request, "rooms/become.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@processing("host")
def details(request: HttpRequest, slug: str) -> HttpResponse:
    room = queries.get_own_room(answers.member_of(request), slug)
    form = forms.RoomForm(request.POST or None, initial=forms.RoomForm.initial_of(room))
    if request.method == "POST":
        answers.limit(request, "rooms.details", DETAILS_PER_MINUTE)
    if form.is_valid():
        try:
            operations.change_room(room=room, details=form.details())
        except DomainError as error:
            _show_in(form, error)
        else:
            return _saved(request, form)
    if form.errors and answers.wants_json(request):
        return answers.refusal(_in_words(form))
    return render(request, "rooms/details.html", {"form": form, "room": room}, status=422 if form.errors else 200)


@require_POST
@never_cache
@processing("host")
def stream_key(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a new key, and show it this once."""
    room = queries.get_own_room(answers.member_of(request), slug)
    answers.limit(request, "rooms.stream_key", KEYS_PER_MINUTE)
    key = operations.rotate_stream_key(room=room, at=timezone.now())
    address = f"{settings.PUBLIC_URL}{reverse('rooms:whip_key')}"
    if answers.wants_json(request):
        return JsonResponse({"key": key, "whip_url": address})
    return render(request, "rooms/stream_key.html", {"room": room, "key": key, "whip_url": address})


@require_POST
@processing("host")
def moderators(request: HttpRequest, slug: str) -> HttpResponse:
    """`act=add` with `name` (as shown), `act=remove` with `ref` (from the list)."""
    room = queries.get_own_room(answers.member_of(request), slug)
    answers.limit(request, "rooms.moderators", MODERATORS_PER_MINUTE)
    try:
        _change_moderators(room, forms.ModeratorForm(request.POST))
    except DomainError as error:
        if answers.wants_json(request):
            raise
        messages.error(request, error.message)  # back on the desk, where the name can be written again
    if answers.wants_json(request):
        people = [{"ref": person.ref, "name": person.name} for person in queries.moderators_of(room)]
        return JsonResponse({"moderators": people})
    return redirect("pages:studio")


@public("scripts get 401 in JSON instead of a redirect")
@require_POST
@answers.for_scripts
@processing("host")
def thumbnail(request: HttpRequest, slug: str) -> HttpResponse:
    """A picture of the host's own camera, as the whole body or as the file `thumbnail` of a form."""
    room = queries.get_own_room(answers.member_of(request), slug)
    answers.limit(request, "rooms.thumbnail", THUMBNAILS_PER_MINUTE)
    if request.content_type == "multipart/form-data":
        file = request.FILES.get("thumbnail")
        data = file.read(images.UPLOAD_BYTES_MAX + 1) if file else b""
    else:
        data = request.read(images.UPLOAD_BYTES_MAX + 1)
    url = operations.save_thumbnail(room=room, data=data, at=timezone.now())
    return JsonResponse({"url": url}, status=201)


def _saved(request: HttpRequest, form: forms.RoomForm) -> HttpResponse:
    if answers.wants_json(request):
        return JsonResponse({"title": form.cleaned_data["title"]})
    messages.success(request, _("Saved."))
    return redirect("pages:studio")


def _in_words(form: forms.RoomForm) -> DomainError:
    fields = {name: " ".join(str(text) for text in texts) for name, texts in form.errors.items()}
    return FormWrong(next(iter(fields.values())), fields=fields)


def _change_moderators(room: Room, form: forms.ModeratorForm) -> None:
    if not form.is_valid():
        raise DomainError(_("Write the name of one person."), code="rooms.no_name")
    asked = form.cleaned_data
    member = queries.member_by_ref(room, asked["ref"]) if asked["ref"] else queries.member_by_name(asked["name"])
    if asked["act"] == "add":
        operations.add_moderator(room=room, member=member, at=timezone.now())
    else:
        operations.remove_moderator(room=room, member=member)


def _show_in(form: forms.RoomForm, error: DomainError) -> None:
    """Show a refusal beside its field, or above the form."""
    named = {name: text for name, text in error.fields.items() if name in form.fields}
    for name, text in named.items():
        form.add_error(name, text)
    if not named:
        form.add_error(None, error.message)
