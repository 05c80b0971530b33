import assert from "node:assert/strict";
import { test } from "node:test";

import { Meter, decibels, loudness, position } from "../../src/vasistas/static/vasistas/js/lib/meter.js";

/** Five seconds of one level, 20 times a second; the last answer. */
function hold(meter, level, fromMs = 0, seconds = 5) {
  let shown;
  for (let at = fromMs; at <= fromMs + seconds * 1000; at += 50) shown = meter.push(level, at);
  return shown;
}

test("loudness of a full square wave is one, of silence zero", () => {
  assert.deepEqual(loudness([1, -1, 1, -1]), { rms: 1, peak: 1 });
  assert.deepEqual(loudness([]), { rms: 0, peak: 0 });
});

test("decibels: full scale is 0, half is about -6, nothing is the floor", () => {
  assert.equal(decibels(1), 0);
  assert.equal(Math.round(decibels(0.5)), -6);
  assert.equal(decibels(0), -100);
  assert.equal(position(0), 1);
  assert.equal(position(-100), 0);
});

test("nothing is said before the meter has listened for a while", () => {
  assert.equal(new Meter().push({ rms: 0, peak: 0 }, 0).hint, "waiting");
});

test("a voice is good, a whisper too quiet, a muted device silent", () => {
  assert.equal(hold(new Meter(), { rms: 0.08, peak: 0.3 }).hint, "good");
  assert.equal(hold(new Meter(), { rms: 0.003, peak: 0.01 }).hint, "quiet");
  assert.equal(hold(new Meter(), { rms: 0, peak: 0 }).hint, "silent");
});

test("a pause in speaking is not too quiet", () => {
  const meter = new Meter();
  hold(meter, { rms: 0.08, peak: 0.3 });
  assert.equal(hold(meter, { rms: 0.001, peak: 0.002 }, 5_050, 2).hint, "good");
});

test("one clipped sample warns for a moment, then no more", () => {
  const meter = new Meter();
  hold(meter, { rms: 0.1, peak: 0.4 });
  assert.equal(meter.push({ rms: 0.4, peak: 1 }, 5_100).hint, "clipping");
  assert.equal(meter.push({ rms: 0.1, peak: 0.4 }, 6_000).hint, "clipping");
  assert.equal(meter.push({ rms: 0.1, peak: 0.4 }, 7_700).hint, "good");
});

test("the peak mark falls slowly and never below the level of now", () => {
  const meter = new Meter();
  const loud = meter.push({ rms: 0.5, peak: 0.9 }, 0).peak;
  const after = meter.push({ rms: 0.01, peak: 0.02 }, 50).peak;
  assert.ok(after < loud && after > loud - 0.02);
});
