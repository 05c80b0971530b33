import assert from "node:assert/strict";
import { test } from "node:test";

import { WhipRefused, codecOrder, leave, postTo, send } from "../../src/vasistas/static/vasistas/js/lib/whip.js";
import { backoff, isFinal } from "../../src/vasistas/static/vasistas/js/lib/whip-reconnect.js";

/** A peer connection that remembers what it was told. */
class Peer {
  transceivers = [];
  isClosed = false;
  localDescription = null;
  remoteDescription = null;
  addTransceiver(track, init) {
    const transceiver = {
      track, init, codecs: null,
      setCodecPreferences(codecs) { this.codecs = codecs; },
      sender: { track, getParameters: () => ({ encodings: init.sendEncodings ?? [] }), setParameters: async (given) => { this.given = given; } },
    };
    this.transceivers.push(transceiver);
    return transceiver;
  }
  async setLocalDescription() { this.localDescription = { type: "offer", sdp: "v=0 offer" }; }
  async setRemoteDescription(description) {
    if (description.sdp === "nonsense") throw new Error("bad answer");
    this.remoteDescription = description;
  }
  close() { this.isClosed = true; }
}

const answering = (status, body, headers = {}) => {
  const asked = [];
  const fetch = async (url, options) => {
    asked.push({ url, ...options });
    return new Response(status === 204 ? null : body, { status, headers });
  };
  return { fetch, asked, csrf: "token" };
};
const media = { video: "camera", audio: "microphone", encodings: [{ rid: "h" }], codecs: [{ mimeType: "video/VP8" }] };

test("an offer goes out with the site's token, the answer comes back with its place", async () => {
  const site = answering(201, "v=0 answer", { Location: "/rooms/fox/whip/1" });
  const peer = new Peer();
  const sending = await send(peer, { url: "/rooms/fox/whip", site, media });
  assert.equal(sending.location, "/rooms/fox/whip/1");
  assert.deepEqual(peer.remoteDescription, { type: "answer", sdp: "v=0 answer" });
  assert.equal(peer.transceivers[0].init.direction, "sendonly");
  assert.deepEqual(peer.transceivers[0].init.sendEncodings, media.encodings);
  assert.deepEqual(peer.transceivers[0].codecs, media.codecs);
  assert.equal(peer.given.degradationPreference, "balanced");
  const [{ url, method, headers, body }] = site.asked;
  assert.deepEqual([url, method, body], ["/rooms/fox/whip", "POST", "v=0 offer"]);
  assert.equal(headers["X-CSRFToken"], "token");
  assert.equal(headers["Content-Type"], "application/sdp");
});

test("without a microphone the offer still has a place for one", async () => {
  const peer = new Peer();
  await send(peer, { url: "/w", site: answering(201, "v=0"), media: { ...media, audio: undefined } });
  assert.equal(peer.transceivers[1].track, "audio");
});

test("a refusal keeps the site's code and words, and the peer is closed", async () => {
  const site = answering(409, JSON.stringify({ code: "media.room_busy", message: "The room is live elsewhere." }));
  const peer = new Peer();
  await assert.rejects(send(peer, { url: "/w", site, media }), (error) => {
    assert.ok(error instanceof WhipRefused);
    assert.deepEqual([error.status, error.code, error.message], [409, "media.room_busy", "The room is live elsewhere."]);
    return true;
  });
  assert.equal(peer.isClosed, true);
});

test("an answer nobody can read closes the peer", async () => {
  const peer = new Peer();
  await assert.rejects(send(peer, { url: "/w", site: answering(201, "nonsense"), media }), /bad answer/);
  assert.equal(peer.isClosed, true);
});

test("no network is told apart from a refusal", async () => {
  const fetch = async () => { throw new TypeError("Failed to fetch"); };
  await assert.rejects(postTo("/w", null, { fetch, csrf: "" }), { status: null, code: "site.unreachable" });
});

test("an answer that comes after the cut is not applied", async () => {
  const cut = new AbortController();
  const peer = new Peer();
  const site = { csrf: "", fetch: async () => { cut.abort(); return new Response("v=0", { status: 201 }); } };
  await assert.rejects(send(peer, { url: "/w", site, media, signal: cut.signal }), { name: "AbortError" });
  assert.equal(peer.remoteDescription, null);
  assert.equal(peer.isClosed, true);
});

test("leaving outlives the page and never throws", async () => {
  const site = answering(204, "");
  await leave("/rooms/fox/whip/1", site);
  assert.deepEqual([site.asked[0].method, site.asked[0].keepalive], ["DELETE", true]);
  await leave("/x", { csrf: "", fetch: async () => { throw new TypeError("offline"); } });
});

test("codecs of the browser are ordered, and none known means no wish", () => {
  const capabilities = { codecs: [{ mimeType: "video/VP8" }, { mimeType: "video/H264" }] };
  assert.equal(codecOrder(capabilities, "h264")[0].mimeType, "video/H264");
  assert.deepEqual(codecOrder(null, "h264"), []);
});

test("waiting doubles up to eight seconds, at least half of it for certain", () => {
  assert.deepEqual([0, 1, 2, 9].map((attempt) => backoff(attempt, 1)), [250, 500, 1_000, 8_000]);
  assert.equal(backoff(3, 0), 1_000);
});

test("refusals that nothing mends end the trying; a busy or silent site does not", () => {
  assert.deepEqual([400, 403, 404, 409].map(isFinal), [true, true, true, true]);
  assert.deepEqual([null, 429, 500, 503].map(isFinal), [false, false, false, false]);
});
