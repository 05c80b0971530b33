import assert from "node:assert/strict";
import { test } from "node:test";

import { figures, listen, read } from "../../src/vasistas/static/vasistas/js/lib/player-stats.js";

const report = (factor, over = {}) => [
  {
    type: "inbound-rtp", kind: "video", bytesReceived: 250_000 * factor, packetsReceived: 200 * factor,
    packetsLost: 10 * factor, framesDecoded: 30 * factor, frameWidth: 1280, frameHeight: 720,
    jitterBufferDelay: 1.2 * factor, jitterBufferEmittedCount: 30 * factor, ...over,
  },
  { type: "inbound-rtp", kind: "audio", bytesReceived: 12_500 * factor, packetsReceived: 50 * factor, packetsLost: 0 },
  { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.02 },
  { type: "candidate-pair", nominated: false, currentRoundTripTime: 9 },
  { type: "codec", mimeType: "video/VP8" },
];

test("two readings a second apart give rates, loss, round trip and the delay to the screen", () => {
  assert.deepEqual(figures(read(report(1), 1_000), read(report(2), 2_000)), {
    width: 1280, height: 720, fps: 30, kbps: 2_100, lossPercent: 3.8, rttMs: 20, delayMs: 50,
  });
});

test("nothing measured yet is nothing, not a fault", () => {
  const empty = read([], 0);
  assert.deepEqual(figures(empty, read([], 500)), {
    width: 0, height: 0, fps: 0, kbps: 0, lossPercent: 0, rttMs: null, delayMs: null,
  });
});

test("a packet that came late after all does not make loss negative", () => {
  const before = read(report(2, { packetsLost: 20 }), 1_000);
  const after = read(report(3, { packetsLost: 18 }), 2_000);
  assert.equal(figures(before, after).lossPercent, 0);
});

test("a line is dead when nothing at all came for the whole time, and alive again with the first byte", () => {
  const at = (ms, heard) => ({ ...read([], ms), heard });
  let silence = { heard: -1, sinceMs: 0, isDead: false };
  const dead = [[0, 10], [500, 20], [1_000, 20], [1_500, 20], [1_700, 20], [2_200, 30]].map(([ms, heard]) => {
    silence = listen(silence, at(ms, heard), 1_200);
    return silence.isDead;
  });
  assert.deepEqual(dead, [false, false, false, false, true, false]);
});

test("what the node says between pictures counts as heard", () => {
  assert.equal(read([{ type: "transport", bytesReceived: 1_234 }], 0).heard, 1_234);
});
