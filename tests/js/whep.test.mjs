import assert from "node:assert/strict";
import { test } from "node:test";

import { leave, play, WhepRefused } from "../../src/vasistas/static/vasistas/js/lib/whep.js";

/** A connection that notes what is done to it. */
class Peer {
  transceivers = [];
  remote = null;
  isClosed = false;
  localDescription = { sdp: "offer" };
  addTransceiver(kind, { direction }) {
    const receiver = { jitterBufferTarget: null };
    this.transceivers.push([kind, direction, receiver]);
    return { receiver };
  }
  async setLocalDescription() {}
  async setRemoteDescription(answer) {
    this.remote = answer;
  }
  close() {
    this.isClosed = true;
  }
}

const answer = (body, status, headers = {}) => async (url, request) => {
  site.push([url, request]);
  return new Response(body, { status, headers });
};
let site = [];
const started = () => {
  site = [];
  return new Peer();
};

test("one offer for a picture and a sound, with a small buffer, and the answer is applied", async () => {
  const peer = started();
  const fetch = answer("v=0", 201, { Location: "/rooms/ada/whep/1f" });

  const location = await play(peer, { url: "/rooms/ada/whep", fetch });

  assert.deepEqual(peer.transceivers, [
    ["video", "recvonly", { jitterBufferTarget: 40 }],
    ["audio", "recvonly", { jitterBufferTarget: 40 }],
  ]);
  assert.deepEqual([site.length, site[0][0], site[0][1].method, site[0][1].body], [1, "/rooms/ada/whep", "POST", "offer"]);
  assert.deepEqual([peer.remote, location, peer.isClosed], [{ type: "answer", sdp: "v=0" }, "/rooms/ada/whep/1f", false]);
});

test("a browser without a settable buffer plays all the same", async () => {
  const peer = started();
  peer.addTransceiver = () => ({ receiver: {} });
  await play(peer, { url: "/x", fetch: answer("v=0", 201) });
  assert.equal(peer.remote.sdp, "v=0");
});

test("a refusal keeps the site's status, code and words, and closes the connection", async () => {
  const peer = started();
  const body = JSON.stringify({ code: "media.room_not_live", message: "Nobody is on air here.", fields: {} });

  await assert.rejects(play(peer, { url: "/x", fetch: answer(body, 404) }), (error) => {
    assert.deepEqual([error.name, error.status, error.code, error.message], ["WhepRefused", 404, "media.room_not_live", "Nobody is on air here."]);
    return true;
  });
  assert.equal(peer.isClosed, true);
});

test("a page instead of JSON, as a proxy sends it, is a failing site", async () => {
  await assert.rejects(play(started(), { url: "/x", fetch: answer("<h1>Bad gateway</h1>", 502) }), { status: 502, code: "site.failed" });
});

test("no answer at all has no status", async () => {
  const peer = started();
  const fetch = () => Promise.reject(new TypeError("network"));
  await assert.rejects(play(peer, { url: "/x", fetch }), (error) => error instanceof WhepRefused && error.status === null);
  assert.equal(peer.isClosed, true);
});

test("who leaves while the site answers gives the session back", async () => {
  const peer = started();
  const abort = new AbortController();
  const made = answer("v=0", 201, { Location: "/rooms/ada/whep/1f" });
  const fetch = async (url, request) => {
    const response = await made(url, request);
    if (request.method === "POST") abort.abort();
    return response;
  };

  await assert.rejects(play(peer, { url: "/rooms/ada/whep", fetch, signal: abort.signal }), { name: "AbortError" });

  assert.deepEqual(site.map(([url, request]) => [url, request.method]), [["/rooms/ada/whep", "POST"], ["/rooms/ada/whep/1f", "DELETE"]]);
  assert.deepEqual([peer.isClosed, peer.remote], [true, null]);
});

test("a goodbye outlives the page, and without a session there is none", async () => {
  started();
  const fetch = answer(null, 204);
  await leave("", fetch);
  await leave("/rooms/ada/whep/1f", fetch);
  assert.deepEqual(site.map(([url, { method, keepalive }]) => [url, method, keepalive]), [["/rooms/ada/whep/1f", "DELETE", true]]);
});
