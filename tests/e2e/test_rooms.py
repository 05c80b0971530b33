"""The HTTP of rooms against the real media node, without any page's own scripts: what a foreign client would do."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import WAIT_MS, NewContext, SignIn
from tests.e2e.site import Site

pytestmark = pytest.mark.media

ROOM = "/rooms/piano-with-mira"

HELPERS = """
const token = () => document.cookie.match(/csrftoken=([^;]+)/)?.[1] ?? "";
window.ask = async (method, path, type, body) => {
  const headers = {"X-CSRFToken": token(), ...(type && {"Content-Type": type})};
  const answer = await fetch(path, {method, headers, body});
  const text = await answer.text();
  let json = null;
  try { json = JSON.parse(text); } catch {}
  return {status: answer.status, place: answer.headers.get("Location"), text, json};
};
window.negotiate = async (path, tracks) => {
  const link = new RTCPeerConnection();
  const seen = new MediaStream();
  link.ontrack = (event) => seen.addTrack(event.track);
  for (const track of tracks) link.addTransceiver(track, {direction: track.kind ? "sendonly" : "recvonly"});
  await link.setLocalDescription(await link.createOffer());
  if (link.iceGatheringState !== "complete") {
    await new Promise((done) => link.addEventListener("icegatheringstatechange",
      () => link.iceGatheringState === "complete" && done()));
  }
  const answer = await ask("POST", path, "application/sdp", link.localDescription.sdp);
  if (answer.status === 201) await link.setRemoteDescription({type: "answer", sdp: answer.text});
  else link.close();
  return {...answer, link, seen};
};
window.publish = async (path) => {
  const camera = await navigator.mediaDevices.getUserMedia({audio: true, video: {width: 640, height: 360}});
  const {link, ...answer} = await negotiate(path, camera.getTracks());
  window.sending = link;
  return {status: answer.status, place: answer.place, json: answer.json};
};
window.watch = async (path) => {
  const {link, seen, ...answer} = await negotiate(path, ["video", "audio"]);
  if (answer.status !== 201) return {status: answer.status, json: answer.json};
  window.receiving = link;
  const screen = document.createElement("video");
  Object.assign(screen, {muted: true, autoplay: true, srcObject: seen});
  document.body.append(screen);
  await new Promise((done) => screen.requestVideoFrameCallback(done));
  return {status: answer.status, place: answer.place, width: screen.videoWidth};
};
window.decoded = async () => [...(await receiving.getStats()).values()].find(
  (row) => row.type === "inbound-rtp" && row.kind === "video")?.framesDecoded ?? 0;
null;
"""


def prepare(page: Page) -> Page:
    page.goto("/privacy/")
    page.evaluate(HELPERS)
    return page


def until(page: Page, condition: str) -> None:
    """Ask the site again and again, for WAIT_MS at most. (`wait_for_function` takes a promise for a yes.)"""
    page.evaluate(
        f"""async (ms) => {{
          const end = performance.now() + ms;
          while (!({condition})) {{
            if (performance.now() > end) throw new Error("It never came true.");
            await new Promise((next) => setTimeout(next, 100));
          }}
        }}""",
        WAIT_MS,
    )


def ask(page: Page, method: str, path: str, kind: str = "", body: str = "") -> dict[str, Any]:
    return page.evaluate(
        "([method, path, type, body]) => ask(method, path, type, body || undefined)", [method, path, kind, body]
    )


def state_is(state: str) -> str:
    return f"(await ask('GET', '{ROOM}/health')).json.state === '{state}'"


def test_a_room_from_probe_to_cut(sign_in: SignIn, new_context: NewContext, site: Site) -> None:
    mira = prepare(sign_in("Mira", permissions=["camera", "microphone"]))
    visitor = prepare(new_context().new_page())

    probe = mira.evaluate(f"publish('{ROOM}/probe')")
    assert probe["status"] == 201
    until(mira, f"(await ask('GET', '{probe['place']}')).json.bitrate_bps > 0")
    assert ask(mira, "DELETE", probe["place"])["status"] == 200

    assert visitor.evaluate(f"watch('{ROOM}/whep')")["json"]["code"] == "media.room_not_live"
    assert visitor.evaluate(f"publish('{ROOM}/whip')")["status"] in {401, 403}  # a visitor has no CSRF cookie either

    first = mira.evaluate(f"publish('{ROOM}/whip')")
    assert first["status"] == 201
    until(mira, state_is("live"))
    assert visitor.evaluate(f"watch('{ROOM}/whep')")["width"] == 640
    until(mira, f"(await ask('GET', '{ROOM}/health')).json.viewers === 1")

    assert mira.evaluate(f"publish('{ROOM}/whip')")["json"]["code"] == "rooms.busy"
    second = mira.evaluate(f"publish('{ROOM}/whip?takeover=1')")
    assert second["status"] == 201
    before = visitor.evaluate("decoded()")
    until(visitor, f"(await decoded()) > {before} + 10")  # the same player goes on without a new offer

    assert ask(mira, "DELETE", first["place"])["status"] == 200  # the former page closes late
    assert mira.evaluate(f"async () => {state_is('live')}")
    assert ask(mira, "POST", f"{ROOM}/cut")["json"] == {"state": "offline"}
    until(mira, f"(await ask('GET', '{ROOM}/health')).json.media === null")
    assert visitor.evaluate(f"watch('{ROOM}/whep')")["json"]["code"] == "media.room_not_live"


def test_a_killed_node_is_away_until_the_host_is_back(sign_in: SignIn, site: Site) -> None:
    mira = prepare(sign_in("Mira", permissions=["camera", "microphone"]))
    answer = mira.evaluate(f"publish('{ROOM}/whip')")
    assert answer["status"] == 201, answer["json"]
    until(mira, state_is("live"))
    site.kill_media()
    until(mira, state_is("away"))
    until(mira, f"(await publish('{ROOM}/whip?takeover=1')).status === 201")
    until(mira, state_is("live"))
    ask(mira, "POST", f"{ROOM}/cut")


def test_pictures_lose_what_they_carry(sign_in: SignIn, site: Site) -> None:
    mira = prepare(sign_in("Mira", permissions=["camera", "microphone"]))
    answer = mira.evaluate(f"publish('{ROOM}/whip')")
    assert answer["status"] == 201, answer["json"]
    until(mira, state_is("live"))
    sent = mira.evaluate(
        """async (path) => {
          const canvas = Object.assign(document.createElement("canvas"), {width: 1280, height: 720});
          canvas.getContext("2d").fillRect(0, 0, 640, 720);
          const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg"));
          const jpeg = new Uint8Array(await blob.arrayBuffer());
          const words = new TextEncoder().encode("Exif\\0\\0 the kitchen of Mira, 49.6N 6.1E");
          const mark = [0xff, 0xe1, (words.length + 2) >> 8, (words.length + 2) & 255, ...words];
          const planted = new Blob([jpeg.slice(0, 2), new Uint8Array(mark), jpeg.slice(2)]);
          return ask("POST", path, "image/jpeg", planted);
        }""",
        f"{ROOM}/thumbnail",
    )
    assert sent["status"] == 201, sent["text"]
    served = mira.request.get(sent["json"]["url"])
    assert (served.status, served.headers["content-type"]) == (200, "image/webp")
    assert b"kitchen" not in served.body()
    assert ask(mira, "POST", f"{ROOM}/thumbnail", "image/jpeg", "<svg/>")["json"]["code"] in {
        "rooms.no_picture",
        "limit_reached",
    }
    ask(mira, "POST", f"{ROOM}/cut")
    assert mira.request.get(sent["json"]["url"]).status == 404
