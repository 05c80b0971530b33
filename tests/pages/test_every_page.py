"""What holds for each page of the site: found by following every link, as visitor, member and host."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from urllib.parse import urldefrag, urljoin

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import URLResolver, get_resolver, path

from tests.factories.accounts import make_member
from tests.factories.chat import make_message
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from vasistas.config import urls
from vasistas.guard.access import public
from vasistas.guard.middleware import StatePurpose
from vasistas.guard.policy import get_policy
from vasistas.guard.reads.recorder import ReadLogUnavailable
from vasistas.lib.errors import LimitReached

PAGES_MAX = 175  # a crawl that finds more runs in circles
STARTS = ["/", "/rooms/", "/rooms/?q=nothing+fits", "/rooms/reef/", "/rooms/club/", "/rooms/night/"]
STARTS += ["/account/", "/account/requests/"]
STATIC = Path(settings.PACKAGE) / "static/vasistas"
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Node:
    tag: str
    attributes: dict[str, str]
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)
    text: str = ""

    def all(self, *tags: str) -> Iterator["Node"]:
        """Everything below that is shown: a template is no part of the page yet."""
        for child in self.children:
            if child.tag == "template":
                continue
            if not tags or child.tag in tags:
                yield child
            yield from child.all(*tags)

    def within(self, *tags: str) -> bool:
        return self.parent is not None and (self.parent.tag in tags or self.parent.within(*tags))

    def words(self) -> str:
        own = self.attributes.get("aria-label", "") + self.attributes.get("alt", "") + self.text
        return (own + "".join(child.words() for child in self.children)).strip()


class Tree(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__()
        self.root = self.at = Node("", {})
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        node = Node(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.children.append(node)
        if tag not in VOID:
            self.at = node

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag}>"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data):
        self.at.text += data


def faults_of(markup: str) -> list[str]:
    """What is wrong with a page of ours, in words."""
    root = Tree(markup).root
    return [*frame_faults(root), *foreign_faults(root), *reading_faults(root), *reference_faults(root)]


def frame_faults(root: Node) -> Iterator[str]:
    for tag in ("main", "h1", "title"):
        if (count := sum(not node.within("svg") for node in root.all(tag))) != 1:
            yield f"{count} <{tag}>"
    footer = next(root.all("footer"), None)
    words = footer.words() if footer else ""
    links = {node.attributes.get("href") for node in footer.all("a")} if footer else set()
    for promised in ("My Account", "Privacy", "Contact", settings.OPERATOR.name, settings.OPERATOR.address):
        if promised not in words:
            yield f"the footer does not say {promised}"
    if not {"/account/", "/privacy/", "/contact/", "/source/", f"mailto:{settings.OPERATOR.mail}"} <= links:
        yield "the footer lacks a link"


def foreign_faults(root: Node) -> Iterator[str]:
    """Inline code, and addresses of other sites: the content policy would refuse both, and the visitor pay for it."""
    for node in root.all():
        if (
            node.tag == "script"
            and not node.attributes.get("src")
            and node.attributes.get("type") != "application/json"
        ):
            yield "an inline script"
        if node.tag == "style" or "style" in node.attributes:
            yield f"inline style in <{node.tag}>"
        for name, value in node.attributes.items():
            if name.startswith("on"):
                yield f"{name} in <{node.tag}>"
            is_offered = node.tag == "a" and value == get_policy().authority.url  # where people may complain
            is_foreign = re.match(r"\s*(https?:)?//", value) is not None and not is_offered
            if name in {"src", "href", "action", "srcset", "poster", "data"} and is_foreign:
                yield f"{name}={value}"


def reading_faults(root: Node) -> Iterator[str]:
    """What someone who cannot see the page would miss."""
    labelled = {node.attributes.get("for") for node in root.all("label")}
    for node in root.all("input", "select", "textarea"):
        is_named = node.attributes.get("id") in labelled or node.within("label") or "aria-label" in node.attributes
        if node.attributes.get("type") not in {"hidden", "submit"} and not is_named:
            yield f"<{node.tag} name={node.attributes.get('name')}> without label"
    for node in root.all("a", "button", "summary"):
        if not node.words() and not {"aria-hidden", "hidden"} & set(node.attributes):
            yield f"<{node.tag} href={node.attributes.get('href')}> says nothing"
    for node in root.all("img"):
        if "alt" not in node.attributes or not {"width", "height"} <= set(node.attributes):
            yield f"<img src={node.attributes.get('src')}> without alt or size"


def reference_faults(root: Node) -> Iterator[str]:
    identifiers = [node.attributes["id"] for node in root.all() if "id" in node.attributes]
    yield from {f"id {name} twice" for name in identifiers if identifiers.count(name) > 1}
    for node in root.all():
        for name in ("aria-labelledby", "aria-describedby", "aria-controls"):
            for reference in node.attributes.get(name, "").split():
                if reference not in identifiers:
                    yield f"{name}={reference} points nowhere"


def links_of(markup: str, address: str) -> set[str]:
    found = {node.attributes.get("href", "") for node in Tree(markup).root.all("a")}
    joined = {urldefrag(urljoin(address, href)).url for href in found}
    return {href for href in joined if href.startswith("/") and not href.endswith((".tar.gz", ".json"))}


def crawl(client: Client, starts: list[str]) -> dict[str, str]:
    """Every page that links lead to: address -> HTML. A dead link fails. One page of each list's filters is enough."""
    pages: dict[str, str] = {}
    waiting = list(starts)
    while waiting:
        address = waiting.pop(0)
        is_filter = address.startswith("/rooms/?") and address not in starts
        if address in pages or is_filter or address.startswith("/admin/"):
            continue
        response = client.get(address, follow=True)
        assert response.status_code == 200, address
        pages[address] = response.content.decode()
        waiting += sorted(links_of(pages[address], response.request["PATH_INFO"]))
        assert len(pages) < PAGES_MAX
    return pages


@pytest.fixture
def scene(db):
    """A live room with talk, one that is offline, one for adults, and everyone whom a room knows."""
    ada, vi = make_member("Ada", password=None), make_member("Vi", password=None)
    room = make_room(make_host(ada), state="live", slug="reef", tags=["sea", "fish"], viewer_count=1234)
    make_message(room, vi, "Hello https://fish.example/ <b>")
    make_room(make_host(make_member("Mira", password=None)), slug="night")
    make_room(make_host(make_member("Max", password=None)), slug="club", state="live", content_class="adult")
    return {"Ada": ada, "Vi": vi}


@pytest.mark.parametrize("name", [None, "Vi", "Ada"])
def test_every_page_that_links_lead_to_is_whole(client: Client, scene, name):
    if name:
        client.force_login(scene[name])

    pages = crawl(client, STARTS)

    faults = {address: found for address, markup in pages.items() if (found := faults_of(without_talk(markup)))}
    assert faults == {}
    assert len(pages) > 10


def without_talk(markup: str) -> str:
    """What members said may link to other sites; that is for the chat's own tests."""
    return re.sub(r'(<a\b[^>]*href=")https?://fish\.example/', r"\1/", markup)


@pytest.mark.parametrize("address", ["/nope/", "/rooms/nobody/", "/rooms/reef/chat/999/delete"])
def test_every_address_that_leads_nowhere_says_so_on_a_whole_page(client: Client, scene, address):
    client.force_login(scene["Vi"])

    response = client.get(address)

    assert response.status_code in {404, 405}
    assert faults_of(response.content.decode()) == []


@pytest.mark.parametrize("name", [None, "Vi"])
def test_every_page_of_accounts_leads_to_my_account(client: Client, scene, name):
    """Those of the libraries too, at whatever they answer: a page, a refusal, or a redirect to one."""
    if name:
        client.force_login(scene[name])
    addresses = [f"/accounts/{address}" for address in _addresses_of(get_resolver("allauth.urls"))]
    seen = {}

    for address in addresses:
        answer = client.get(address, follow=True)
        if answer["Content-Type"].startswith("text/html"):
            root = Tree(answer.content.decode()).root
            seen[address] = [fault for fault in frame_faults(root) if "footer" in fault]

    assert {address: faults for address, faults in seen.items() if faults} == {}
    assert len(seen) > 15


def _addresses_of(resolver, before: str = "") -> Iterator[str]:
    """Every address without a part of its own to fill in."""
    for one in resolver.url_patterns:
        here = before + str(one.pattern).removeprefix("^").removesuffix("$")
        if isinstance(one, URLResolver):
            yield from _addresses_of(one, here)
        elif not set(here) & set("<(?"):
            yield here


def test_staff_pages_carry_the_footer_and_nothing_foreign(client: Client, scene):
    sam = make_member("Sam", password=None, is_staff=True, is_superuser=True)
    client.force_login(sam)

    root = Tree(client.get("/admin/").content.decode()).root

    assert [fault for fault in frame_faults(root) if "footer" in fault] == []
    assert list(foreign_faults(root)) == []


# -- Refusals and faults -----------------------------------------------------------------------------------------------


@public("a test breaks it")
def broken(request):
    raise ZeroDivisionError("a fault of ours")


@public("a test asks too often")
def limited(request):
    raise LimitReached("Too many attempts. Try again in 7 s.", retry_after_s=7)


@public("a test is not let in")
def closed(request):
    raise PermissionDenied


@pytest.fixture
def with_faults(settings):
    site = ModuleType("urls_with_faults")
    site.__dict__.update({name: getattr(urls, name) for name in dir(urls) if name.startswith("handler")})
    site.urlpatterns = [
        path("broken/", broken),
        path("limited/", limited),
        path("closed/", closed),
        *urls.urlpatterns,
    ]
    settings.ROOT_URLCONF = site


def test_a_fault_of_ours_is_a_whole_page_with_a_reference_and_no_query(with_faults, caplog):
    response = Client(raise_request_exception=False).get("/broken/")  # the database is closed to this test

    page = response.content.decode()
    reference = re.search(r"<code>([0-9a-f]{8})</code>", page)
    assert response.status_code == 500
    assert faults_of(page) == []
    assert reference is not None
    assert f"pages.failed reference={reference[1]}" in caplog.messages
    assert "ZeroDivisionError" not in page


def test_a_database_that_does_not_answer_is_the_same_page():
    response = Client(raise_request_exception=False).get("/")  # asks for rooms, and the database is closed

    assert response.status_code == 500
    assert faults_of(response.content.decode()) == []


def test_a_wrong_host_name_is_a_whole_page():
    response = Client(headers={"host": "evil.example"}).get("/")

    assert response.status_code == 400
    assert faults_of(response.content.decode()) == []
    assert "evil.example" not in response.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token_is_a_whole_page():
    response = Client(enforce_csrf_checks=True).post("/age-statement/", {"next": "/"})

    assert response.status_code == 403
    assert faults_of(response.content.decode()) == []
    assert "The form had expired" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "status"), [("/closed/", 403), ("/limited/", 429)])
def test_a_refusal_is_a_whole_page(client: Client, with_faults, address, status):
    response = client.get(address, headers={"accept": "text/html"})

    assert response.status_code == status
    assert faults_of(response.content.decode()) == []


def test_a_log_that_cannot_be_written_is_a_whole_page(rf):
    def answer(_request):
        raise ReadLogUnavailable

    response = StatePurpose(answer)(rf.get("/account/", headers={"accept": "text/html"}))

    assert response.status_code == 503
    assert faults_of(response.content.decode()) == []


@pytest.mark.django_db
def test_an_address_of_a_form_is_a_whole_page_and_nothing_for_scripts(client: Client):
    page = client.get("/age-statement/", headers={"accept": "text/html"})
    assert (page.status_code, page["Allow"]) == (405, "POST")
    assert faults_of(page.content.decode()) == []

    assert client.get("/age-statement/", headers={"sec-fetch-mode": "cors"}).content == b""


@pytest.mark.django_db
def test_a_refusal_tells_scripts_in_json(client: Client, with_faults):
    response = client.get("/limited/", headers={"accept": "application/json", "sec-fetch-mode": "cors"})

    assert response.json() == {"code": "limit_reached", "message": "Too many attempts. Try again in 7 s.", "fields": {}}
    assert response.headers["Retry-After"] == "7"


# -- Files -------------------------------------------------------------------------------------------------------------


def test_no_style_sheet_asks_another_site():
    for file in STATIC.rglob("*.css"):
        assert re.findall(r"(?:https?:)?//[\w.]+", re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.DOTALL)) == [], (
            file
        )


def test_no_script_asks_another_site():
    for file in STATIC.rglob("*.js"):
        code = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", file.read_text(), flags=re.DOTALL)
        assert re.findall(r"[\"'`](?:https?|wss?)://[\w.]+", code) == [], file


def test_the_checks_see_what_is_wrong():
    """The counterexample: a page with one of each fault turns the test red."""
    bad = """<html><body><main><h1>a</h1><h1>b</h1><p style="color:red" onclick="x()">x</p><script>x()</script>
    <img src="//ads.example/x.gif"><input name="q"><a href="/x"></a><i id="a"></i><i id="a" aria-labelledby="b"></i>
    </main></body></html>"""

    found = faults_of(bad)

    assert len(found) == 17
    assert {"2 <h1>", "an inline script", "inline style in <p>", "onclick in <p>", "id a twice"} <= set(found)
    assert {"src=//ads.example/x.gif", "<input name=q> without label", "<a href=/x> says nothing"} <= set(found)
