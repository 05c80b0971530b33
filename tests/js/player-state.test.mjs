import assert from "node:assert/strict";
import { test } from "node:test";

import { next, start } from "../../src/vasistas/static/vasistas/js/lib/player-state.js";

const half = () => 0.5;
const run = (player, ...events) => events.reduce((now, event) => next(now, event, half), player);
const room = (state) => ({ type: "room", state });
const frame = { type: "frame" };
const lost = { type: "lost" };
const refused = (status, code = "x", words = "No.") => ({ type: "refused", status, code, words });
const notLive = refused(404, "media.room_not_live");
const shown = ({ phase, act }) => [phase, act];

test("a page opens as its room is: it connects on air, and waits otherwise", () => {
  assert.deepEqual(
    ["offline", "starting", "live", "away", "private"].map((state) => shown(start(state))),
    [["waiting", null], ["waiting", null], ["connecting", "connect"], ["connecting", "connect"], ["private", null]],
  );
});

test("a frame makes it playing, and away where the host is away", () => {
  assert.deepEqual(shown(run(start("live"), frame)), ["playing", null]);
  assert.deepEqual(shown(run(start("away"), frame)), ["away", null]);
});

test("whoever waits is connected when the room goes live, not all in the same moment", () => {
  const early = next(start("offline"), room("live"), () => 0);
  const late = next(start("offline"), room("live"), () => 0.999);
  assert.deepEqual([shown(early), early.inMs, late.inMs], [["connecting", "connect"], 0, 400]);
});

test("starting is no picture yet", () => {
  assert.equal(run(start("offline"), room("starting")).phase, "waiting");
  assert.deepEqual(shown(run(start("offline"), room("starting"), room("live"))), ["connecting", "connect"]);
});

test("a lost line is tried again within 200 ms, then ever more slowly up to 8 s, for good", () => {
  let player = run(start("live"), frame);
  const pauses = [];
  for (let round = 0; round < 9; round += 1) {
    player = next(player, lost, () => 0.999);
    pauses.push(player.inMs);
    assert.deepEqual(shown(player), ["reconnecting", "connect"]);
  }
  assert.deepEqual(pauses, [200, 400, 800, 1599, 3198, 6397, 7996, 7996, 7996]);
});

test("the pause is half fixed, half random", () => {
  const player = run(start("live"), frame);
  assert.deepEqual([next(player, lost, () => 0).inMs, next(player, lost, () => 1).inMs], [100, 200]);
});

test("a picture that is back forgets the failed attempts", () => {
  const player = run(start("live"), lost, lost, lost, frame, lost);
  assert.equal(player.inMs, next(run(start("live"), frame), lost, half).inMs);
});

test("away and back again keep the line", () => {
  const away = run(start("live"), frame, room("away"));
  assert.deepEqual(shown(away), ["away", null]);
  assert.deepEqual(shown(run(away, room("live"))), ["playing", null]);
});

test("a room that goes off air has ended, and closes the line once", () => {
  const ended = run(start("live"), frame, room("offline"));
  assert.deepEqual(shown(ended), ["ended", "close"]);
  assert.deepEqual(shown(run(ended, lost)), ["ended", null]);
  assert.deepEqual(shown(run(ended, room("live"))), ["connecting", "connect"]);
});

test("a private session closes the line, and the public room opens it again", () => {
  const drawn = run(start("live"), frame, room("private"));
  assert.deepEqual(shown(drawn), ["private", "close"]);
  assert.deepEqual(shown(run(drawn, room("live"))), ["connecting", "connect"]);
});

test("the node does not know the room yet: it is asked again soon, and no attempt counts", () => {
  const player = run(start("live"), notLive);
  assert.deepEqual([shown(player), player.attempt, player.inMs], [["reconnecting", "connect"], 0, 1500]);
  assert.deepEqual(shown(run(start("away"), notLive)), ["away", "connect"]);
});

test("a refusal that repetition does not mend stays, with its words, whatever the room does", () => {
  const player = run(start("live"), refused(403, "rooms.banned", "You are banned."));
  assert.deepEqual([shown(player), player.words], [["refused", "close"], "You are banned."]);
  assert.deepEqual(shown(run(player, room("live"))), ["refused", null]);
  assert.deepEqual(shown(run(player, lost)), ["refused", null]);
});

test("a full node, a failing site and no answer at all are tried again", () => {
  for (const status of [429, 500, 502, 503, null]) {
    assert.deepEqual(shown(run(start("live"), refused(status))), ["reconnecting", "connect"], String(status));
  }
});

test("pausing closes the line and resuming opens it", () => {
  const paused = run(start("live"), frame, { type: "pause" });
  assert.deepEqual(shown(paused), ["paused", "close"]);
  assert.deepEqual(shown(run(paused, frame)), ["paused", null]);
  assert.deepEqual(shown(run(paused, lost)), ["paused", null]);
  assert.deepEqual(shown(run(paused, room("away"))), ["paused", null]);
  assert.deepEqual(shown(run(paused, { type: "resume" })), ["connecting", "connect"]);
});

test("a paused player learns that the broadcast ended", () => {
  const paused = run(start("live"), frame, { type: "pause" });
  assert.deepEqual(shown(run(paused, room("offline"))), ["ended", "close"]);
});

test("who may not pause or resume is left alone", () => {
  assert.deepEqual(shown(run(start("offline"), { type: "pause" })), ["waiting", null]);
  assert.deepEqual(shown(run(start("live"), frame, { type: "resume" })), ["playing", null]);
});
