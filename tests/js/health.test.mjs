import assert from "node:assert/strict";
import { test } from "node:test";

import { bitrateText, judge, measure, percentText } from "../../src/vasistas/static/vasistas/js/lib/health.js";
import { POINTS_MAX, append, paths } from "../../src/vasistas/static/vasistas/js/lib/health-sparkline.js";

const outbound = (rid, bytesSent, over = {}) => ({
  id: `V${rid}`, type: "outbound-rtp", kind: "video", rid, bytesSent, headerBytesSent: 0, framesPerSecond: 30,
  frameWidth: { l: 320, m: 640, h: 1280 }[rid], frameHeight: { l: 180, m: 360, h: 720 }[rid], remoteId: `R${rid}`,
  codecId: "C1", qualityLimitationReason: "none", ...over,
});
const reports = (factor) => [
  outbound("l", 25_000 * factor), outbound("m", 75_000 * factor), outbound("h", 250_000 * factor),
  { id: "A", type: "outbound-rtp", kind: "audio", bytesSent: 8_000 * factor },
  { id: "Rl", type: "remote-inbound-rtp", kind: "video", fractionLost: 0 },
  { id: "Rh", type: "remote-inbound-rtp", kind: "video", fractionLost: 0.03 },
  { id: "C1", type: "codec", mimeType: "video/VP8" },
  { id: "T", type: "transport", selectedCandidatePairId: "P" },
  { id: "P", type: "candidate-pair", currentRoundTripTime: 0.042, availableOutgoingBitrate: 4e6 },
];

test("the first look has no rates, the second has", () => {
  const first = measure(reports(1), null, 1_000);
  assert.equal(first.measure.bitrateBps, 0);
  const { measure: second } = measure(reports(2), first.counters, 2_000);
  assert.equal(second.bitrateBps, (25_000 + 75_000 + 250_000 + 8_000) * 8);
  assert.deepEqual(second.layers.map(({ rid, bitrateBps }) => [rid, bitrateBps]), [
    ["h", 2_000_000], ["m", 600_000], ["l", 200_000],
  ]);
  assert.equal(second.audioBps, 64_000);
  assert.equal(second.rttMs, 42);
  assert.equal(second.lossRatio, 0.03);
  assert.equal(second.codec, "VP8");
  assert.equal(second.limitedBy, "none");
});

test("a layer that stopped is not listed, and a new connection starts from nothing", () => {
  const first = measure(reports(1), null, 0);
  const stopped = reports(2).map((report) => (report.id === "Vh" ? outbound("h", 250_000) : report));
  assert.deepEqual(measure(stopped, first.counters, 1_000).measure.layers.map(({ rid }) => rid), ["m", "l"]);
  const renamed = reports(3).map((report) => ({ ...report, id: `2${report.id}` }));
  assert.equal(measure(renamed, first.counters, 2_000).measure.bitrateBps, 0);
});

test("a browser without such counters never calls the node silent", () => {
  let look = measure([], null, 0);
  look = measure([], look.counters, 60_000);
  assert.equal(look.measure.silentMs, 0);
  const pair = (bytesReceived) => [{ id: "P", type: "candidate-pair", nominated: true, state: "succeeded", bytesReceived }];
  look = measure(pair(100), look.counters, 61_000);
  look = measure(pair(100), look.counters, 64_000);
  assert.equal(look.measure.silentMs, 3_000);
});

test("padding counts for the line, not for a layer", () => {
  const padded = (factor) => [outbound("h", 125_000 * factor, { headerBytesSent: 50_000 * factor })];
  const first = measure(padded(1), null, 0);
  const { measure: second } = measure(padded(2), first.counters, 1_000);
  assert.deepEqual([second.layers[0].bitrateBps, second.bitrateBps], [1_000_000, 1_400_000]);
});

test("a node that was not heard for a while is known by its silence", () => {
  const heard = (bytesReceived) => [{ id: "T", type: "transport", bytesReceived }];
  let look = measure(heard(100), null, 0);
  const silences = [[150, 1_000], [150, 2_000], [150, 3_500], [160, 4_000]].map(([bytes, at]) => {
    look = measure(heard(bytes), look.counters, at);
    return look.measure.silentMs;
  });
  assert.deepEqual(silences, [0, 1_000, 2_500, 0]);
});

test("no reports give an empty measure, not an error", () => {
  const { measure: empty } = measure([], null, 0);
  assert.deepEqual([empty.lossRatio, empty.rttMs, empty.layers, empty.codec], [null, null, [], ""]);
});

const wanted = { targetBps: 2_800_000, fps: 30, sinceMs: 10_000 };
const well = { bitrateBps: 2_500_000, lossRatio: 0, rttMs: 40, fps: 30, limitedBy: "none", layers: [] };
const table = [
  [{}, "good", "health.good"],
  [{ bitrateBps: 0 }, "poor", "health.nothing_sent"],
  [{ lossRatio: 0.12 }, "poor", "health.loss"],
  [{ lossRatio: 0.04 }, "fair", "health.loss"],
  [{ limitedBy: "bandwidth", bitrateBps: 500_000 }, "poor", "health.bandwidth"],
  [{ limitedBy: "bandwidth" }, "fair", "health.bandwidth"],
  [{ limitedBy: "cpu" }, "fair", "health.cpu"],
  [{ fps: 8 }, "poor", "health.frames"],
  [{ rttMs: 600 }, "fair", "health.delay"],
];
for (const [over, grade, code] of table) {
  test(`${JSON.stringify(over)} is ${grade}: ${code}`, () => {
    assert.deepEqual(judge({ ...well, ...over }, wanted), { grade, code });
  });
}

test("the first seconds are not judged", () => {
  assert.equal(judge({ ...well, bitrateBps: 0 }, { ...wanted, sinceMs: 1_000 }).code, "health.starting");
});

test("figures are short texts", () => {
  assert.deepEqual([bitrateText(2_440_000), bitrateText(640_400), bitrateText(null)], ["2.4 Mbit/s", "640 kbit/s", "–"]);
  assert.deepEqual([percentText(0.004), percentText(0.12), percentText(null)], ["0.4 %", "12 %", "–"]);
});

test("the line keeps a minute and ends at the right edge", () => {
  let values = [];
  for (let i = 0; i < 100; i += 1) values = append(values, i);
  assert.equal(values.length, POINTS_MAX);
  const { line, area } = paths(values, { width: 118, height: 40, ceiling: 10 });
  assert.match(line, /^M0 /);
  assert.match(line, /L118 3$/);
  assert.match(area, /Z$/);
  assert.deepEqual(paths([1], { width: 100, height: 40, ceiling: 10 }), { line: "", area: "" });
});
