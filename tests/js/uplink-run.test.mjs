import assert from "node:assert/strict";
import { test } from "node:test";

import { testUplink } from "../../src/vasistas/static/vasistas/js/lib/uplink-run.js";

/** A line of a given rate, its browser end and its node end, under a clock that only waiting moves. */
function line({ bps, nodeAnswers = true, status = 201, cutAtMs = Infinity }) {
  let now = 0;
  const cut = new AbortController();
  const asked = [];
  const peer = {
    isClosed: false,
    addTransceiver(_track, { sendEncodings }) { this.encodings = sendEncodings; },
    async setLocalDescription() { this.localDescription = { sdp: "offer" }; },
    async setRemoteDescription() {},
    getStats: async () => new Map([["V", { id: "V", type: "outbound-rtp", kind: "video", bytesSent: (bps * 1.02 * now) / 8000, frameWidth: 640 }]]),
    close() { this.isClosed = true; },
  };
  const fetch = async (url, { method = "GET" }) => {
    asked.push(`${method} ${url}`);
    if (method === "POST") {
      const body = status === 201 ? "v=0" : JSON.stringify({ code: "media.limit_probes", message: "Busy." });
      return new Response(body, { status, headers: { Location: "/probe/7" } });
    }
    if (method === "DELETE") return new Response(null, { status: 204 });
    if (!nodeAnswers) return new Response("", { status: 503 });
    return Response.json({ bitrate_bps: bps, loss_ratio: 0.01, rtt_ms: 30 });
  };
  const shares = [];
  return {
    asked, peer, shares,
    run: () => testUplink({
      peer, track: "noise", url: "/probe", site: { fetch, csrf: "t" }, signal: cut.signal, now: () => now,
      wait: async (ms) => { now += ms; if (now >= cutAtMs) cut.abort(); },
      onProgress: (share, rate) => shares.push([share, rate]),
    }),
  };
}

test("ten seconds of a line give its rate as the node saw it, and end the session", async () => {
  const { run, asked, peer, shares } = line({ bps: 3_700_000 });
  const found = await run();
  await new Promise(setImmediate);
  assert.deepEqual([found.bitrateBps, found.lossRatio.toFixed(3), found.rttMs, found.recommended.name], [3_700_000, "0.010", 30, "standard"]);
  assert.equal(peer.isClosed, true);
  assert.deepEqual([asked[0], asked.at(-1)], ["POST /probe", "DELETE /probe/7"]);
  assert.deepEqual(shares.at(-1), [1, 3_700_000]);
});

test("a silent node leaves the browser's own figures", async () => {
  const found = await line({ bps: 3_700_000, nodeAnswers: false }).run();
  assert.equal(found.bitrateBps, 3_774_000);
});

test("a refusal comes back with its code and nothing stays open", async () => {
  const { run, peer, asked } = line({ bps: 1, status: 503 });
  await assert.rejects(run(), { code: "media.limit_probes", message: "Busy." });
  assert.equal(peer.isClosed, true);
  assert.deepEqual(asked, ["POST /probe"]);
});

test("stopped half-way: closed and ended", async () => {
  const { run, peer, asked } = line({ bps: 1_000_000, cutAtMs: 3_000 });
  await assert.rejects(run(), { name: "AbortError" });
  await new Promise(setImmediate);
  assert.equal(peer.isClosed, true);
  assert.equal(asked.at(-1), "DELETE /probe/7");
});
