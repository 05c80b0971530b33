// The wall of rooms: where the arrow keys lead.
import assert from "node:assert/strict";
import test from "node:test";

import { tileAfter } from "../../src/vasistas/static/vasistas/js/lib/wall-keys.js";

test("arrows go from tile to tile in rows of three", () => {
  assert.equal(tileAfter("ArrowRight", 0, 3, 7), 1);
  assert.equal(tileAfter("ArrowLeft", 4, 3, 7), 3);
  assert.equal(tileAfter("ArrowDown", 1, 3, 7), 4);
  assert.equal(tileAfter("ArrowUp", 4, 3, 7), 1);
});

test("at an edge the focus stays", () => {
  assert.equal(tileAfter("ArrowLeft", 0, 3, 7), 0);
  assert.equal(tileAfter("ArrowRight", 6, 3, 7), 6);
  assert.equal(tileAfter("ArrowDown", 5, 3, 7), 5);
});

test("without a focus the first tile gets it; Home and End go to the ends", () => {
  assert.equal(tileAfter("ArrowRight", -1, 3, 7), 0);
  assert.equal(tileAfter("Home", 5, 3, 7), 0);
  assert.equal(tileAfter("End", 1, 3, 7), 6);
});

test("other keys, and a wall without rooms, say nothing", () => {
  assert.equal(tileAfter("a", 1, 3, 7), -1);
  assert.equal(tileAfter("ArrowRight", -1, 0, 0), -1);
});
