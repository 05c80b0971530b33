import assert from "node:assert/strict";
import { test } from "node:test";

import { countdown, elapsed } from "../../src/vasistas/static/vasistas/js/lib/countdown.js";
import { PRESETS } from "../../src/vasistas/static/vasistas/js/lib/devices.js";
import { canGoLive, checklist } from "../../src/vasistas/static/vasistas/js/lib/studio-checklist.js";
import { tellCut } from "../../src/vasistas/static/vasistas/js/lib/studio-cut.js";
import { panicKey } from "../../src/vasistas/static/vasistas/js/lib/studio-panic.js";
import { isOnAir, mustWarn, next } from "../../src/vasistas/static/vasistas/js/lib/studio-state.js";
import { words } from "../../src/vasistas/static/vasistas/js/lib/studio-words.js";
import { EVERY_MS, cover, delay, judge } from "../../src/vasistas/static/vasistas/js/lib/thumbnail.js";

test("a broadcast from set-up to its end", () => {
  const steps = ["count", "go", "connected", "lost", "connected", "stop", "again"];
  let phase = "setup";
  const seen = steps.map((step) => (phase = next(phase, step)));
  assert.deepEqual(seen, ["counting", "connecting", "live", "reconnecting", "live", "ended", "setup"]);
});

test("a late answer changes nothing: after a cut nothing is live again", () => {
  assert.equal(next("ended", "connected"), "ended");
  assert.equal(next("setup", "connected"), "setup");
  assert.equal(next("setup", "go"), "setup");
});

test("the way out exists in every phase", () => {
  for (const phase of ["setup", "counting", "connecting", "live", "reconnecting", "ended"]) {
    assert.equal(next(phase, "stop"), "ended");
  }
});

test("leaving is warned of while somebody may be watching", () => {
  assert.deepEqual(["setup", "counting", "connecting", "live", "reconnecting", "ended"].map(mustWarn), [
    false, true, true, true, true, false,
  ]);
  assert.equal(isOnAir("counting"), false);
});

test("three, two, one, done", () => {
  const at = (ms) => countdown(1_000, 1_000 + ms);
  assert.deepEqual([at(0), at(900), at(1_100), at(2_900), at(3_000)].map(({ left }) => left), [3, 3, 2, 1, 0]);
  assert.deepEqual([at(2_999).isDone, at(3_000).isDone], [false, true]);
});

test("time on air", () => {
  assert.deepEqual([0, 59_999, 247_000, 3_847_000].map(elapsed), ["0:00", "0:59", "4:07", "1:04:07"]);
});

test("escape twice, quickly, is the panic key; held, slowly or with another key between it is not", () => {
  const press = (...presses) => {
    const key = panicKey();
    return presses.map(([name, at, repeat = false]) => key({ key: name, at, repeat }));
  };
  assert.deepEqual(press(["Escape", 0], ["Escape", 500]), [false, true]);
  assert.deepEqual(press(["Escape", 0], ["Escape", 900], ["Escape", 1_200]), [false, false, true]);
  assert.deepEqual(press(["Escape", 0], ["Escape", 100, true], ["Escape", 200, true]), [false, false, false]);
  assert.deepEqual(press(["Escape", 0], ["a", 100], ["Escape", 200]), [false, false, false]);
  assert.deepEqual(press(["Escape", 0], ["Escape", 100], ["Escape", 200]), [false, true, false]);
});

const ready = {
  hasCamera: true, hasMicrophone: true, soundHint: "good", title: "Fox cam", picture: { isBlank: false, isDark: false },
  uplink: { recommended: PRESETS.high }, preset: PRESETS.standard,
};
const states = (over) => Object.fromEntries(checklist({ ...ready, ...over }).map(({ name, state, code }) => [name, [state, code]]));

test("all in place: everything is done", () => {
  assert.deepEqual(checklist(ready).map(({ state }) => state), Array(5).fill("done"));
});

test("only camera and title stand in the way; the rest is advice", () => {
  const able = (over) => canGoLive(checklist({ ...ready, ...over }));
  assert.equal(able({ hasCamera: false }), false);
  assert.equal(able({ title: "  " }), false);
  assert.equal(able({ hasMicrophone: false, uplink: null, picture: null }), true);
});

test("each gap has its own words", () => {
  assert.deepEqual(states({ hasMicrophone: false }).microphone, ["advice", "check.microphone_off"]);
  assert.deepEqual(states({ soundHint: "silent" }).microphone, ["advice", "check.microphone_silent"]);
  assert.deepEqual(states({ soundHint: "quiet" }).microphone, ["advice", "check.microphone_quiet"]);
  assert.deepEqual(states({ soundHint: "clipping" }).microphone, ["advice", "check.microphone_clipping"]);
  assert.deepEqual(states({ picture: null }).thumbnail, ["advice", "check.thumbnail_none"]);
  assert.deepEqual(states({ picture: { isBlank: true, isDark: true } }).thumbnail, ["advice", "check.thumbnail_blank"]);
  assert.deepEqual(states({ picture: { isBlank: false, isDark: true } }).thumbnail, ["advice", "check.thumbnail_dark"]);
  assert.deepEqual(states({ uplink: null }).uplink, ["advice", "check.uplink_untested"]);
  assert.deepEqual(states({ uplink: { recommended: null } }).uplink, ["advice", "check.uplink_weak"]);
  assert.deepEqual(states({ uplink: { recommended: PRESETS.saver } }).uplink, ["advice", "check.uplink_below"]);
});

test("words fill their gaps and show a missing sentence by its code", () => {
  const say = words({ "live.viewers": "{count} watching" });
  assert.equal(say("live.viewers", { count: 3 }), "3 watching");
  assert.equal(say("no.such"), "no.such");
  assert.equal(say("live.viewers"), "{count} watching");
});

test("the directory's picture is cut from the middle", () => {
  assert.deepEqual(cover(1280, 720), { x: 0, y: 0, width: 1280, height: 720 });
  assert.deepEqual(cover(640, 480), { x: 0, y: 60, width: 640, height: 360 });
  assert.deepEqual(cover(720, 1280), { x: 0, y: 438, width: 720, height: 405 });
});

test("blank and dark pictures are known", () => {
  const grey = (value) => new Uint8ClampedArray(400).fill(value);
  const striped = Uint8ClampedArray.from({ length: 400 }, (_, index) => (Math.floor(index / 4) % 2 ? 220 : 90));
  assert.deepEqual(judge(grey(0)), { isBlank: true, isDark: true });
  assert.deepEqual(judge(grey(120)), { isBlank: true, isDark: false });
  assert.deepEqual(judge(striped), { isBlank: false, isDark: false });
  assert.deepEqual(judge([]), { isBlank: true, isDark: true });
});

test("a refused picture is retried ever more slowly", () => {
  assert.deepEqual([0, 1, 2, 10].map(delay), [EVERY_MS, 16_000, 32_000, 60_000]);
});

test("the site is told of a cut until it knows, ever more slowly, and not for ever", async () => {
  const told = async (answers) => {
    const [news, waits] = [[], []];
    const post = async () => { if (!answers.shift()) throw new Error("offline"); };
    await tellCut({ post, wait: async (ms) => { waits.push(ms); }, onNews: (code) => news.push(code) });
    return { news, waits };
  };
  assert.deepEqual(await told([true]), { news: ["ended.site_knows"], waits: [] });
  assert.deepEqual(await told([false, false, true]), {
    news: ["ended.site_waits", "ended.site_waits", "ended.site_knows"], waits: [500, 1_000],
  });
  const silent = await told([]);
  assert.equal(silent.news.at(-1), "ended.site_silent");
  assert.equal(silent.waits.length, 7);
});
