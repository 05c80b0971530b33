// What the page of a show does on an event, and how its clock reads.
import assert from "node:assert/strict";
import test from "node:test";

import { answer, clock, paced } from "../../src/vasistas/static/vasistas/js/lib/show-clock.js";

const payer = { key: "k", ref: "me", isHost: false };
const host = { key: "k", ref: "host", isHost: true };

test("figures of one's own seat are in the event; of others they are nobody's business", () => {
  assert.equal(answer(payer, "shows.ticked", { key: "k", ref: "me" }), "figures");
  assert.equal(answer(payer, "shows.ticked", { key: "k", ref: "other" }), null);
  assert.equal(answer(host, "shows.ticked", { key: "k", ref: "other" }), "refresh");
});

test("what changes the page is read anew, and other shows are none of it", () => {
  for (const tag of ["shows.started", "shows.ended", "shows.warned", "shows.presence.changed"]) {
    assert.equal(answer(payer, tag, { key: "k" }), "refresh");
    assert.equal(answer(payer, tag, { key: "another" }), null);
  }
  assert.equal(answer(payer, "shows.line.said", { key: "k" }), null);
  assert.equal(answer(payer, "chat.message.said", { key: "k" }), null);
});

test("a clock reads minutes and seconds, and hours when there are some", () => {
  assert.deepEqual([0, 5, 65, 760, 3723, -3].map(clock), ["0:00", "0:05", "1:05", "12:40", "1:02:03", "0:00"]);
});

test("what is asked for often runs now, then once more at the end of the pause", () => {
  const due = [];
  let runs = 0;
  const ask = paced(() => (runs += 1), 1000, (act) => due.push(act));
  ask();
  ask();
  ask();
  assert.equal(runs, 1);
  due.shift()();
  assert.equal(runs, 2);
  due.shift()();
  assert.equal(runs, 2);
  ask();
  assert.equal(runs, 3);
});
