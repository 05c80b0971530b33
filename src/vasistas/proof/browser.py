"""Ask the site as a browser does: the real stack of this process, no socket between."""

import logging
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
from asgiref.sync import async_to_sync
from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, get_resolver, resolve
from django.utils.module_loading import import_string

ADDRESS = "192.0.2.7"  # of nobody (RFC 5737)
AGENT = "Vasistas-Proof"
ANSWER_S_MAX = 10.0
PAGES_PER_VIEW = 2  # a site has thousands of rooms; two pages of each view show how it is drawn
PAGES_MAX = 120
STARTS = ("/", "/rooms/", "/account/", "/privacy/", "/contact/", "/source/")


@dataclass
class Browser:
    """A window with its own cookies. Sync: views run in this very thread, on its database connections."""

    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def ask(
        self,
        method: str,
        path: str,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Return the answer, whatever its status; redirects are not followed."""
        return async_to_sync(self._ask)(method, path, data, headers or {})

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, data: Mapping[str, str]) -> httpx.Response:
        """Post a form as the page before would: with the token its cookie carries."""
        token = self.cookies.get("csrftoken") or ""
        return self.ask("POST", path, {**data, "csrfmiddlewaretoken": token}, {"Referer": settings.PUBLIC_URL + path})

    async def _ask(
        self, method: str, path: str, data: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        application = import_string(settings.ASGI_APPLICATION)
        transport = httpx.ASGITransport(application, raise_app_exceptions=False, client=(ADDRESS, 50_000))
        edge = {"X-Forwarded-Proto": "https"} if settings.HTTPS else {}  # as the proxy in front says it
        sent = {"User-Agent": AGENT, "Accept": "text/html,*/*", **edge, **headers}
        async with httpx.AsyncClient(
            transport=transport, base_url=settings.PUBLIC_URL, cookies=self.cookies, timeout=ANSWER_S_MAX
        ) as client:
            answer = await client.request(method, path, data=data, headers=sent)
        self.cookies.update(answer.cookies)
        return answer


@dataclass(frozen=True)
class Page:
    path: str
    view: str  # its name in the site map; details name this, never a path with somebody in it
    status: int
    headers: httpx.Headers
    markup: str


def error_pages() -> list[Page]:
    """What people see when something is wrong: nothing there, a stranger's host name, a form without its token."""
    browser = Browser()
    with not_logged():
        answers = {
            "error 404": browser.get("/no-such-page/"),
            "error 400": browser.get("/", headers={"Host": "no-such-host.invalid"}),
            "error 403": browser.ask("POST", "/age-statement/", {"next": "/"}),
        }
    return [Page("", name, answer.status_code, answer.headers, answer.text) for name, answer in answers.items()]


def fault_page() -> Page:
    """What people see after a fault of ours: drawn by the site's own handler, apart, for no page fails on request."""
    with not_logged():
        answer = get_resolver().resolve_error_handler(500)(HttpRequest())
    return Page("", "error 500", answer.status_code, httpx.Headers(), answer.content.decode())


@contextmanager
def not_logged() -> Iterator[None]:
    """Keep refusals we asked for ourselves out of the log; what happens to others at the same time stays in."""
    here = threading.get_ident()

    def is_of_others(record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        return record.thread != here and (request is None or request.META.get("REMOTE_ADDR") != ADDRESS)

    handlers = list(logging.getLogger().handlers)
    for handler in handlers:
        handler.addFilter(is_of_others)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(is_of_others)


def public_pages(browser: Browser | None = None) -> Iterator[Page]:
    """Yield the pages links lead to from the front door, PAGES_PER_VIEW of each view at most; nobody is signed in."""
    browser = browser or Browser()
    waiting, asked = list(STARTS), set[str]()
    taken: Counter[str] = Counter()
    while waiting and len(asked) < PAGES_MAX:
        path = waiting.pop(0)
        view = _view_of(path)
        if path in asked or view is None or taken[view] >= PAGES_PER_VIEW:
            continue
        asked.add(path)
        taken[view] += 1
        answer = browser.get(path)
        if answer.is_redirect:
            waiting.append(urljoin(path, answer.headers["Location"]).removeprefix(settings.PUBLIC_URL))
        elif answer.headers.get("Content-Type", "").startswith("text/html"):
            yield Page(path, view, answer.status_code, answer.headers, answer.text)
            waiting += [urldefrag(urljoin(path, href)).url for href in links(answer.text) if _is_ours(href)]


def _is_ours(href: str) -> bool:
    parts = urlsplit(href)
    return not parts.scheme and not parts.netloc


def _view_of(path: str) -> str | None:
    try:
        return resolve(urlsplit(path).path).view_name
    except Resolver404:
        return None


class _Reader(HTMLParser):
    """Notes tags with their attributes, and what stands inside the footer."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str], bool]] = []  # tag, attributes, in the footer
        self.footer_text = ""
        self.depth = 0
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag == "footer"
        self.tags.append((tag, {name: value or "" for name, value in attrs}, self.depth > 0))

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "footer"

    def handle_data(self, data: str) -> None:
        if self.depth > 0:
            self.footer_text += data


def links(markup: str) -> list[str]:
    return [attributes.get("href", "") for tag, attributes, _ in _Reader(markup).tags if tag == "a"]


def tags(markup: str, *names: str) -> list[tuple[str, dict[str, str]]]:
    """Return the tags of these names in their order, each with its attributes."""
    return [(tag, attributes) for tag, attributes, _ in _Reader(markup).tags if tag in names]


def footer(markup: str) -> tuple[str, set[str]]:
    """Return the words and the links at the bottom of a page."""
    reader = _Reader(markup)
    words = re.sub(r"\s+", " ", reader.footer_text)
    return words, {attributes.get("href", "") for tag, attributes, inside in reader.tags if inside and tag == "a"}


LOADING = {"src", "srcset", "action", "formaction", "poster", "data", "background", "ping"}


def foreign_loads(markup: str) -> list[str]:
    """Return the tags that would make a browser ask another site without being clicked, or send a form there."""
    own = urlsplit(settings.PUBLIC_URL).netloc
    found = []
    for tag, attributes, _ in _Reader(markup).tags:
        names = LOADING | ({"href"} if tag in {"link", "use", "image"} else set())
        for name in names & attributes.keys():
            netloc = urlsplit(attributes[name].strip()).netloc
            if netloc and netloc != own:
                found.append(f"{tag} {name}")
    return found
