"""The site and its media node as two installations that share a key alone: `vasistas web` and `vasistas media`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import WAIT_MS, escape_twice
from tests.e2e.site import STOP_S, Site, await_true, running
from tests.e2e.test_accounts import sign_up
from tests.e2e.test_journey import decodes, go_live, player_is, watch
from tools.servers import free_port

pytestmark = pytest.mark.media

KEY = "the same words on both machines, and nowhere else"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A node alone; yields the address of its control API."""
    control, media = free_port(), free_port()
    log = tmp_path_factory.mktemp("node") / "log"
    vasistas = str(Path(sys.executable).parent / "vasistas")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [vasistas, "media", "--", "--control-port", str(control), "--media-port", str(media)],
            env={**os.environ, "VASISTAS_GRANT_KEY": KEY},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        url = f"http://127.0.0.1:{control}"
        await_true(lambda: _answers(url), "the node answers")
        yield url
        process.terminate()
        assert process.wait(STOP_S) == 0


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def split_site(node: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VASISTAS_MEDIA_NODE_URL", node)
        patch.setenv("VASISTAS_GRANT_KEY", KEY)
        patch.setenv("VASISTAS_DEMO", "yes")  # for the page of mails
        with running(tmp_path_factory.mktemp("split") / "data", command="web") as started:
            yield started


@pytest.fixture
def page_of(chromium: Browser, split_site: Site) -> Iterator[list[Page]]:
    contexts = [chromium.new_context(base_url=split_site.url) for _ in range(2)]
    for context in contexts:
        context.set_default_timeout(WAIT_MS)
    yield [context.new_page() for context in contexts]
    for context in contexts:
        context.close()


def test_site_without_a_node_of_its_own_is_watched_through_another(split_site: Site, page_of: list[Page]) -> None:
    host, viewer = page_of
    sign_up(host, "Lio")
    host.goto("/become-a-host/")
    host.fill("[name=title]", "Over another machine")
    host.fill("[name=slug]", "elsewhere")
    host.select_option("[name=category]", "talk")
    host.check("[name=agreed]")
    host.click("main form button[type=submit]")
    host.wait_for_url("**/studio/")

    go_live(host)
    decodes(watch(viewer, "/rooms/elsewhere/"))
    assert httpx.get(f"{split_site.url}/readyz").json()["media"] == "ok"
    with pytest.raises(LookupError):
        split_site.media_process()

    escape_twice(host)
    player_is(viewer, "ended")
