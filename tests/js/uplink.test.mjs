import assert from "node:assert/strict";
import { test } from "node:test";

import { CAP_BPS, RAMP_MS, capOf, median, outcome, progress, recommend } from "../../src/vasistas/static/vasistas/js/lib/uplink.js";

const line = (bitrateBps, { lossRatio = 0, rttMs = 40, from = 0, count = 20, availableBps = null } = {}) =>
  Array.from({ length: count }, (_, index) => ({ at: from + index * 500, bitrateBps, lossRatio, rttMs, availableBps }));

const table = [
  // [bit/s, loss, preset]
  [700_000, 0, null],
  [1_400_000, 0, "saver"],
  [3_000_000, 0, "saver"],
  [3_600_000, 0, "standard"],
  [7_100_000, 0, "high"],
  [7_100_000, 0.08, "standard"],
  [3_600_000, 0.08, "saver"],
  [1_400_000, 0.08, "saver"],
];
for (const [bps, loss, name] of table) {
  test(`${bps} bit/s with ${loss} lost: ${name}`, () => {
    assert.equal(recommend(bps, loss)?.name ?? null, name);
  });
}

test("what the node received is the truth where it answered", () => {
  const found = outcome({ sent: line(6_000_000), received: line(3_600_000, { lossRatio: 0.01, rttMs: null }) });
  assert.equal(found.bitrateBps, 3_600_000);
  assert.equal(found.recommended.name, "standard");
  assert.equal(found.rttMs, 40);
  assert.equal(found.code, "uplink.good");
});

test("without the node's figures the browser's are used", () => {
  assert.equal(outcome({ sent: line(3_600_000), received: [] }).bitrateBps, 3_600_000);
});

test("the time of speeding up does not count", () => {
  const slow = line(100_000, { count: 9 });
  const fast = line(7_500_000, { from: RAMP_MS, count: 10 });
  assert.equal(outcome({ sent: [...slow, ...fast], received: [] }).bitrateBps, 7_500_000);
});

test("too few samples say nothing", () => {
  assert.equal(outcome({ sent: line(3_000_000, { count: 9 }), received: [] }), null);
  assert.equal(outcome({ sent: [], received: [] }), null);
});

test("grades: nothing arrives, too weak, lossy, narrow, good", () => {
  const code = (bps, lossRatio) => outcome({ sent: line(bps, { lossRatio }), received: [] }).code;
  assert.equal(code(1_000, 0), "uplink.nothing");
  assert.equal(code(700_000, 0), "uplink.too_weak");
  assert.equal(code(4_000_000, 0.1), "uplink.lossy");
  assert.equal(code(1_500_000, 0), "uplink.narrow");
  assert.equal(code(4_000_000, 0), "uplink.good");
});

test("progress stays between nothing and all", () => {
  assert.deepEqual([progress(-5), progress(5_000), progress(99_999)], [0, 0.5, 1]);
});

test("median of odd and even lists", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
});

test("a line that reaches the node's limit carries every preset below the limit", () => {
  const at = (availableBps, lossRatio = 0) =>
    outcome({ sent: line(5_100_000, { availableBps, lossRatio }), received: [], capBps: 6_000_000 });
  assert.deepEqual([at(6_000_000).isCapped, at(6_000_000).recommended.name], [true, "high"]);
  assert.deepEqual([at(5_400_000).isCapped, at(5_400_000).recommended.name], [false, "standard"]);
  assert.equal(at(6_000_000, 0.03).recommended.name, "standard");
});

test("the node's limit is read from its answer", () => {
  assert.equal(capOf("v=0\r\nm=video 9 X 96\r\nb=AS:6000\r\n"), 6_000_000);
  assert.equal(capOf("v=0\r\nb=AS:90000\r\n"), CAP_BPS);
  assert.equal(capOf("v=0\r\n"), CAP_BPS);
});
