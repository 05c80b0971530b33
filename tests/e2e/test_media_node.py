"""Chromium against a node alone: publish by WHIP, watch by WHEP, count what was really decoded. No site involved."""

import secrets
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import CHROMIUM, FAKE_DEVICES, FLAGS, WAIT_MS
from tests.media import nodes
from vasistas.media.port import SessionUnknown

pytestmark = pytest.mark.media

SOUND_AT_ONCE = "--autoplay-policy=no-user-gesture-required"
ORIGIN = "http://localhost:9/"  # never reached: the page is made here, and localhost may use a camera
PUBLISH = """async ({codec, simulcast}) => {
  const media = await navigator.mediaDevices.getUserMedia({
    video: {width: 1280, height: 720},
    audio: {echoCancellation: false, noiseSuppression: false, autoGainControl: false},
  });
  const pc = (window.pc = new RTCPeerConnection());
  pc.addTransceiver(media.getAudioTracks()[0], {direction: 'sendonly'});
  const sendEncodings = simulcast
    ? [{rid: "l", scaleResolutionDownBy: 4, maxBitrate: 150000},
       {rid: "m", scaleResolutionDownBy: 2, maxBitrate: 500000},
       {rid: 'h', maxBitrate: 1200000}]
    : [{maxBitrate: 1500000}];
  const video = pc.addTransceiver(media.getVideoTracks()[0], {direction: 'sendonly', sendEncodings});
  const all = RTCRtpSender.getCapabilities('video').codecs;
  const wanted = all.filter((one) => one.mimeType === `video/${codec}`);
  video.setCodecPreferences([...wanted, ...all.filter((one) => one.mimeType === 'video/rtx')]);
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}"""
PLAY = """async () => {
  const pc = (window.pc = new RTCPeerConnection());
  const video = document.createElement("video");
  Object.assign(video, {autoplay: true, srcObject: new MediaStream()});
  document.body.append(video);
  pc.ontrack = (event) => video.srcObject.addTrack(event.track);
  pc.addTransceiver('audio', {direction: 'recvonly'});
  pc.addTransceiver('video', {direction: 'recvonly'});
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}"""
ANSWER = "(sdp) => pc.setRemoteDescription({type: 'answer', sdp})"
RECEIVED = """async () => {
  const found = {frames: 0, samples: 0, audible: 0, width: 0, packets: 0};
  for (const one of (await pc.getStats()).values()) {
    if (one.type !== 'inbound-rtp') continue;
    found.packets += one.packetsReceived;
    if (one.kind === 'video') { found.frames = one.framesDecoded; found.width = one.frameWidth; }
    else { found.samples = one.totalSamplesReceived - one.concealedSamples; found.audible = one.totalAudioEnergy; }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser(chromium: Browser) -> Iterator[Browser]:
    """One more Chromium, which plays sound without being asked."""
    started = chromium.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, *FAKE_DEVICES, SOUND_AT_ONCE])
    yield started
    started.close()


@pytest.fixture(scope="module")
def node() -> Iterator[nodes.RunningNode]:
    with nodes.running() as started:
        yield started


type NewPage = Callable[[], Page]


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    contexts = []

    def open_page() -> Page:
        context = browser.new_context()
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        context.route(f"{ORIGIN}*", lambda route: route.fulfill(body="<title>node</title>", content_type="text/html"))
        page = context.new_page()
        page.goto(ORIGIN)
        return page

    yield open_page
    for context in contexts:
        context.close()


def publish(node: nodes.RunningNode, page: Page, room: str, *, codec: str = "VP8", simulcast: bool = False) -> str:
    offer = page.evaluate(PUBLISH, {"codec": codec, "simulcast": simulcast})
    answer = node.client.publish(room=room, session=secrets.token_hex(16), offer=offer, takeover=True)
    page.evaluate(ANSWER, answer.sdp)
    nodes.until(lambda: node.client.session_stats(answer.session).bitrate_bps > 0)
    return answer.session


def play(node: nodes.RunningNode, page: Page, room: str) -> str:
    answer = node.client.play(room=room, session=secrets.token_hex(16), offer=page.evaluate(PLAY))
    page.evaluate(ANSWER, answer.sdp)
    return answer.session


def until_received(page: Page, is_enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    found: dict[str, Any] = nodes.until(lambda: got if is_enough(got := page.evaluate(RECEIVED)) else None)
    return found


def comes_nothing(page: Page) -> bool:
    """Whether no packet came for a second."""
    before = page.evaluate(RECEIVED)["packets"]
    page.wait_for_timeout(1_000)
    return bool(page.evaluate(RECEIVED)["packets"] == before)


@pytest.mark.parametrize("codec", ["VP8", "H264"])
def test_viewers_decode_frames_and_hear_sound(node: nodes.RunningNode, new_page: NewPage, codec: str) -> None:
    session = publish(node, new_page(), codec, codec=codec)
    vi, maxim = new_page(), new_page()
    watching = play(node, vi, codec)
    play(node, maxim, codec)

    for page in (vi, maxim):
        until_received(page, lambda got: got["frames"] > 40 and got["samples"] > 48_000 and got["audible"] > 0)
    stats = node.client.session_stats(session)
    assert (stats.codec, stats.viewers) == (codec, 2)
    assert stats.rtt_ms is not None
    nodes.until(lambda: node.client.session_stats(watching).delivered_s >= 2)


def test_the_picture_returns_with_its_publisher(node: nodes.RunningNode, new_page: NewPage) -> None:
    ada, vi = new_page(), new_page()
    publish(node, ada, "back")
    play(node, vi, "back")
    before = until_received(vi, lambda got: got["frames"] > 20)
    ada.evaluate("pc.close()")

    publish(node, ada, "back")

    until_received(vi, lambda got: got["frames"] > before["frames"] + 40)


def test_simulcast_layers_arrive_and_a_good_way_gets_the_highest(node: nodes.RunningNode, new_page: NewPage) -> None:
    session = publish(node, new_page(), "layers", simulcast=True)
    nodes.until(lambda: len(node.client.session_stats(session).layers) == 3)
    vi = new_page()
    play(node, vi, "layers")

    until_received(vi, lambda got: got["frames"] > 20)
    nodes.until(lambda: {layer.rid: layer.width for layer in node.client.session_stats(session).layers}["l"] == 320)
    nodes.until(lambda: vi.evaluate(RECEIVED)["width"] == 1_280, patience_s=180)


def test_a_cut_is_a_cut(node: nodes.RunningNode, new_page: NewPage) -> None:
    ada, vi = new_page(), new_page()
    sessions = publish(node, ada, "cut"), play(node, vi, "cut")
    until_received(vi, lambda got: got["frames"] > 10)

    node.client.close_room("cut")

    for session in sessions:
        with pytest.raises(SessionUnknown):
            node.client.session_stats(session)
    nodes.until(lambda: comes_nothing(vi))  # what was on its way is over soon
    assert comes_nothing(vi)


def test_loopback_is_offered_to_a_machine_without_a_network(node: nodes.RunningNode, new_page: NewPage) -> None:
    answer = node.client.publish(
        room="address",
        session=secrets.token_hex(16),
        offer=new_page().evaluate(PUBLISH, {"codec": "VP8", "simulcast": False}),
    )

    candidates = [line.split()[4:6] for line in answer.sdp.splitlines() if line.startswith("a=candidate:")]
    assert ["127.0.0.1", str(node.media_port)] in candidates
    assert {port for _, port in candidates} == {str(node.media_port)}
    assert all(socket.inet_pton(socket.AF_INET, address) for address, _ in candidates if ":" not in address)
