// Tips of one room as plain values.
import assert from "node:assert/strict";
import test from "node:test";

import * as tips from "../../src/vasistas/static/vasistas/js/lib/tips.js";

const tip = (id) => ({ id, name: "Vi", ref: "", amount_minor: 100, item: "", text: "", at: id });
const goal = (id, reached, target = 1000) => ({
  goal_id: id,
  title: "A song",
  target_minor: target,
  reached_minor: reached,
  is_first: false,
});

test("amounts read as on the server", () => {
  assert.equal(tips.credits(1234, 10), "123.4");
  assert.equal(tips.credits(120000, 10), "12000");
  assert.equal(tips.money(1200, "€"), "€12.00");
  assert.equal(tips.filled("{name} tipped {amount} {else}", { name: "Vi", amount: "5" }), "Vi tipped 5 {else}");
});

test("the newest tips stand first, each once", () => {
  const some = [3, 1, 2, 3].reduce((row, id) => tips.withTip(row, tip(id)), []);
  assert.deepEqual(some.map((one) => one.id), [3, 2, 1]);
  const many = [1, 2, 3, 4, 5, 6, 7].reduce((row, id) => tips.withTip(row, tip(id)), []);
  assert.deepEqual(many.map((one) => one.id), [7, 6, 5, 4, 3]);
});

test("a goal fills, and never beyond the whole", () => {
  assert.equal(tips.percent(goal(1, 255)), 25);
  assert.equal(tips.percent(goal(1, 5000)), 100);
  assert.equal(tips.percent(goal(null, 0, 0)), 0);
});

test("events that cross do not move a goal back; another goal replaces it", () => {
  assert.equal(tips.later(goal(1, 500), goal(1, 300)).reached_minor, 500);
  assert.equal(tips.later(goal(1, 500), goal(1, 800)).reached_minor, 800);
  assert.equal(tips.later(goal(1, 500), goal(2, 0)).goal_id, 2);
  assert.equal(tips.later(goal(1, 500), goal(null, 0, 0)).goal_id, null);
  assert.equal(tips.later(goal(2, 0), goal(1, 900)).goal_id, 2); // of a goal that has ended
});

test("a tip is a line of the chat, and keeps its place when its words go", () => {
  const given = { ...tip(7), item: "A song", text: "bravo" };
  const line = tips.asLine(given, "Vi tipped 10 credits");
  assert.deepEqual([line.key, line.author, line.text, line.at], ["tip 7", "Vi tipped 10 credits", "A song · bravo", 7]);
  const [after] = tips.silenced([given], 7);
  assert.equal(tips.asLine(after, "").text, "A song");
  assert.equal(tips.silenced([given], 8)[0].text, "bravo");
});

test("the more is given, the more of the chord sounds", () => {
  assert.deepEqual([1, 50, 100, 1_000, 10_000, 1e9].map((credits) => tips.notes(credits * 10, 10).length), [1, 2, 3, 4, 4, 4]);
  assert.equal(tips.notes(0, 10).length, 1);
});

test("rooms are tipped while they are on air", () => {
  assert.deepEqual(["live", "away", "starting", "offline", "private"].filter(tips.isOnAir), ["live", "away"]);
});
