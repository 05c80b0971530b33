import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { COLOURS, colourOf } from "../../src/vasistas/static/vasistas/js/lib/chat-colour.js";
import * as draft from "../../src/vasistas/static/vasistas/js/lib/chat-draft.js";
import { place } from "../../src/vasistas/static/vasistas/js/lib/chat-place.js";
import * as pace from "../../src/vasistas/static/vasistas/js/lib/chat-pace.js";
import { mentions, tokens } from "../../src/vasistas/static/vasistas/js/lib/chat-tokens.js";

const examples = JSON.parse(readFileSync(new URL("../wire/chat_tokens.json", import.meta.url), "utf8"));

for (const { text, names, tokens: expected } of examples) {
  test(`tokens cut ${JSON.stringify(text)} as Python does`, () => {
    const found = tokens(text, names).map(({ kind, text: shown, href }) => (href ? [kind, shown, href] : [kind, shown]));
    assert.deepEqual(found, expected);
  });
}

test("tokens never lead anywhere but to http and https", () => {
  const hostile = ["javascript:alert(1)", "HTTPS://a.example/\u0000", "data:text/html,x", "//a.example", "vbscript:x"];
  for (const text of hostile) {
    for (const token of tokens(text)) assert.match(token.href, /^(|https?:\/\/.*)$/i);
  }
});

test("mentions are told by whole names", () => {
  assert.equal(mentions("hi @Vi", "Vi"), true);
  assert.equal(mentions("hi @Vivian", "Vi"), false);
  assert.equal(mentions("hi @", ""), false);
});

test("colours depend on the reference alone and stay in range", () => {
  assert.equal(colourOf("00c0ffee00c0ffee"), 0x00c0ffee % COLOURS);
  assert.equal(colourOf(""), 0);
  assert.equal(colourOf("<script>"), 0);
});

test("the counter shows itself near the limit and counts characters, not code units", () => {
  assert.deepEqual(draft.measure("hi", 300), { left: 298, isShown: false, isOver: false, isEmpty: false });
  assert.deepEqual(draft.measure("🦊".repeat(300), 300), { left: 0, isShown: true, isOver: false, isEmpty: false });
  assert.equal(draft.measure("a".repeat(301), 300).isOver, true);
  assert.equal(draft.measure("   ", 300).isEmpty, true);
});

test("slow mode counts whole seconds down to none", () => {
  assert.equal(draft.secondsLeft(10_000, 500), 10);
  assert.equal(draft.secondsLeft(10_000, 9_999), 1);
  assert.equal(draft.secondsLeft(10_000, 20_000), 0);
});

test("a failed message comes back and nothing typed since is lost", () => {
  assert.equal(draft.giveBack("hello", ""), "hello");
  assert.equal(draft.giveBack("hello", "next"), "hello next");
});

test("emoji go in at the caret, names with their spaces", () => {
  assert.deepEqual(draft.insert("ab", 1, 1, "🦊"), { text: "a🦊b", caret: 3 });
  assert.deepEqual(draft.insert("hey", 3, 3, "@Vi"), { text: "hey @Vi ", caret: 8 });
});

test("slow chat is read line by line, fast chat is told as a number now and then", () => {
  let state = pace.heard(pace.heard(pace.calm(), 0), 10_000);
  assert.deepEqual([state.isFast, state.unread], [false, 0]);
  for (let line = 0; line < 20; line += 1) state = pace.heard(state, 20_000 + line);
  assert.deepEqual([state.isFast, state.unread], [true, 14]);
  const told = pace.summary(state, 20_020);
  assert.deepEqual([told.count, told.pace.isFast, told.pace.unread], [14, true, 0]);
  const later = pace.summary(pace.heard(told.pace, 29_000), 30_020);
  assert.deepEqual([later.count, later.pace.isFast], [1, false]);
  assert.deepEqual(pace.heard(later.pace, 31_000).unread, 0);
});

test("a box opens above what opened it, below when there is no room, and stays on the screen", () => {
  const screen = { width: 320, height: 600 };
  const box = { width: 200, height: 250 };
  assert.deepEqual(place({ left: 280, right: 310, top: 400, bottom: 430 }, box, screen), { left: 110, top: 144 });
  assert.deepEqual(place({ left: 280, right: 310, top: 40, bottom: 70 }, box, screen), { left: 110, top: 76 });
  assert.deepEqual(place({ left: 0, right: 30, top: 100, bottom: 590 }, box, screen), { left: 8, top: 342 });
});
