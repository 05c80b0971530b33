import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as chat from "../../src/vasistas/static/vasistas/js/lib/chat-lines.js";

const VI = "00c0ffee00c0ffee";
const MAX = "badc0ffee0badc0f";
const line = (id, author_ref = MAX) => ({ id, author: author_ref === VI ? "Vi" : "Max", author_ref, role: "member", text: `m${id}`, at: id });
const ids = (state) => state.lines.map(({ id }) => id);
const range = (from, to) => Array.from({ length: to - from }, (_, index) => line(from + index));

const examples = JSON.parse(readFileSync(new URL("../wire/chat_events.json", import.meta.url), "utf8"));
examples.forEach(({ before, events, after }, index) => {
  test(`snapshot and events lead to the next snapshot, example ${index + 1}`, () => {
    const state = events.reduce((now, [tag, data]) => chat.apply(now, tag, data), chat.start(before, false));
    assert.deepEqual(state.lines.filter((one) => !one.isRemoved), after);
  });
});

test("a line that came twice is shown once", () => {
  const state = chat.said(chat.said(chat.start([], false), line(1)), line(1));
  assert.deepEqual(ids(state), [1]);
});

test("at most LINES_MAX lines are held and the oldest go", () => {
  const state = range(1, 302).reduce((now, one) => chat.said(now, one), chat.start([], false));
  assert.equal(state.lines.length, chat.LINES_MAX);
  assert.equal(ids(state)[0], 102);
  assert.equal(state.hasOlder, true);
});

test("while someone reads back nothing moves, and everything comes when they follow again", () => {
  let state = chat.readBack(chat.start([line(1)], false));
  state = chat.said(chat.said(state, line(2)), line(3));
  assert.deepEqual(ids(state), [1]);
  assert.equal(chat.waiting(state), 2);
  state = chat.follow(state);
  assert.deepEqual(ids(state), [1, 2, 3]);
  assert.equal(chat.waiting(state), 0);
});

test("too much held back lets go and asks for a fresh snapshot", () => {
  let state = chat.readBack(chat.start([line(1)], false));
  state = range(2, 2 + chat.LINES_MAX + 5).reduce((now, one) => chat.said(now, one), state);
  assert.equal(state.isDetached, true);
  assert.equal(state.held.length, 0);
  assert.equal(chat.waiting(state), chat.LINES_MAX + 5);
  assert.equal(chat.follow(state), state);
  assert.deepEqual(ids(chat.latest(state, [line(900)], true)), [900]);
});

test("a held line that is deleted arrives as removed", () => {
  let state = chat.said(chat.readBack(chat.start([], false)), line(2));
  state = chat.follow(chat.apply(state, "chat.message.deleted", { id: 2 }));
  assert.deepEqual(state.lines.map(({ text, isRemoved }) => [text, isRemoved]), [["", true]]);
});

test("a message being sent becomes the server's line, whichever way it comes first", () => {
  const mine = { ...line(0, VI), key: "k1" };
  const byAnswer = chat.confirmed(chat.sending(chat.start([], false), mine), "k1", line(7, VI));
  assert.deepEqual([ids(byAnswer), byAnswer.lines[0].isPending], [[7], undefined]);
  const byEvent = chat.said(chat.sending(chat.start([], false), mine), line(7, VI), VI);
  assert.deepEqual(ids(chat.confirmed(byEvent, "k1", line(7, VI))), [7]);
});

test("my line from another tab does not leave the one being sent behind", () => {
  let state = chat.sending(chat.start([], false), { ...line(0, VI), key: "k1" });
  state = chat.said(state, line(7, VI), VI); // from another tab
  state = chat.confirmed(state, "k1", line(8, VI));
  assert.deepEqual(ids(state), [7, 8]);
});

test("a failed message leaves no line", () => {
  const state = chat.failed(chat.sending(chat.start([line(1)], false), { ...line(0, VI), key: "k1" }), "k1");
  assert.deepEqual(ids(state), [1]);
});

test("messages on their way survive a fresh snapshot and a cleared author", () => {
  let state = chat.sending(chat.start([line(1)], false), { ...line(0, VI), key: "k1" });
  state = chat.apply(state, "chat.cleared_author", { author_ref: VI });
  state = chat.latest(state, [line(5)], true);
  assert.deepEqual(state.lines.map(({ id, isPending, isRemoved }) => [id, isPending, isRemoved]), [
    [5, undefined, undefined],
    [0, true, undefined],
  ]);
});

test("older pages go on top without repeats, and let the newest go when too many", () => {
  let state = chat.start(range(151, 301), true);
  state = chat.older(state, range(101, 152), true);
  assert.equal(state.lines.length, chat.LINES_MAX);
  assert.equal(ids(state)[0], 101);
  state = chat.older(state, range(51, 101), false);
  assert.equal(state.isDetached, true);
  assert.deepEqual([ids(state)[0], ids(state).at(-1), state.hasOlder], [51, 250, false]);
  assert.equal(chat.waiting(chat.said(state, line(999))), 1);
});

test("lost events keep the place of whoever reads back", () => {
  const state = chat.lost(chat.readBack(chat.start([line(1)], false)));
  assert.deepEqual([ids(state), state.isDetached], [[1], true]);
});

test("the oldest id and the speakers come from what is shown", () => {
  const state = chat.sending(chat.start([line(4), line(5, VI)], false), { ...line(0, VI), key: "k" });
  assert.equal(chat.oldestId(state), 4);
  assert.deepEqual([...chat.speakers(state)], ["Max", "Vi"]);
  assert.equal(chat.oldestId(chat.start([], false)), null);
});

const note = (key, at, text = "") => ({ id: 0, key, author: "Vi tipped", author_ref: "", role: "member", text, at });

test("what is told stands once between the messages, and its words may change", () => {
  const start = chat.told(chat.start([line(1)], false), note("tip 1", 2, "rude"));
  const state = chat.told(chat.said(start, line(3)), note("tip 1", 2));
  assert.deepEqual(state.lines.map(({ key, id, text }) => [key, id, text]), [[undefined, 1, "m1"], ["tip 1", 0, ""], [undefined, 3, "m3"]]);
});

test("what is told is nobody's message", () => {
  const state = chat.told(chat.start([], false), note("tip 1", 2));
  assert.equal(chat.oldestId(state), null);
  assert.equal(chat.speakers(state).size, 0);
  assert.equal(chat.isActionable(state.lines[0], "all", VI), false);
  assert.equal(chat.apply(state, "chat.message.deleted", { id: 0 }).lines[0].isRemoved, undefined);
});

test("what is told waits while somebody reads back, and keeps its place after a snapshot", () => {
  const reading = chat.told(chat.readBack(chat.start([line(1)], false)), note("tip 1", 2));
  assert.equal(chat.waiting(reading), 1);
  const fresh = chat.latest(reading, [line(1), line(3)], false);
  assert.deepEqual(fresh.lines.map(({ at }) => at), [1, 2, 3]);
});
