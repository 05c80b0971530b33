"""What visitors and members do with a room besides watching: follow it, state their age, see its picture."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from vasistas.apps.rooms import operations, queries
from vasistas.apps.rooms.rules import AGE_SESSION_KEY
from vasistas.apps.rooms.views import answers
from vasistas.guard.access import public
from vasistas.guard.purposes import processing

FOLLOWS_PER_MINUTE = 30
THUMBNAIL_CACHE_S = 60  # a name is one picture for ever, but a picture lives as long as its broadcast


@require_POST
@processing("rooms")
def follow(request: HttpRequest, slug: str) -> HttpResponse:
    """`following=1` follows, anything else stops: the same answer twice is the same state."""
    room = queries.get_room_for(answers.viewer_of(request), slug)
    member = answers.member_of(request)
    answers.limit(request, "rooms.follow", FOLLOWS_PER_MINUTE)
    is_following = request.POST.get("following") == "1"
    if is_following:
        operations.follow(room=room, member=member, at=timezone.now())
    else:
        operations.unfollow(room=room, member=member)
    if answers.wants_json(request):
        return JsonResponse({"following": is_following, "followers": queries.follower_count(room)})
    return redirect(room)


@public("visitors state their age before they see adult rooms")
@require_POST
@processing("session")
def confirm_age(request: HttpRequest) -> HttpResponse:
    """Keep the visitor's own statement in their session, and nowhere else. `over_18=0` takes it back."""
    if request.POST.get("over_18") == "1":
        request.session[AGE_SESSION_KEY] = True
    else:
        request.session.pop(AGE_SESSION_KEY, None)
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return redirect(wanted if is_ours else reverse("pages:directory"))


@public("pictures of rooms on air are shown to everyone; of adult rooms to those who stated their age")
@require_safe
@processing("rooms")
def thumbnail_file(request: HttpRequest, name: str) -> HttpResponse:
    picture = queries.get_thumbnail_for(lambda: answers.viewer_of(request), name)
    cache = f"public, max-age={THUMBNAIL_CACHE_S}, immutable" if picture.is_for_all else "private, no-store"
    return HttpResponse(picture.data, content_type="image/webp", headers={"Cache-Control": cache})
