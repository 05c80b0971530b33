"""Every view is closed unless it says why it is open."""

from django.http import HttpRequest, HttpResponse

from vasistas.guard import access


def test_public_opens_a_view_and_lists_its_reason(monkeypatch):
    monkeypatch.setattr(access, "PUBLIC", {})

    @access.public("a test")
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert view.login_required is False
    assert list(access.PUBLIC.values()) == ["a test"]
