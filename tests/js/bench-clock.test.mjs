import assert from "node:assert/strict";
import { test } from "node:test";

import { COLUMNS, ROWS, age, decode, encode } from "../../bench/joining/clock.mjs";

const lights = (cells, white = 235, black = 16) => cells.map((isWhite) => (isWhite ? white : black));

test("a moment comes back from its cells", () => {
  for (const ms of [0, 1, 255, 256, 65_535, 1_234_567, 2 ** 24 - 1]) {
    assert.equal(encode(ms).length, COLUMNS * ROWS);
    assert.equal(decode(lights(encode(ms))), ms);
  }
});

test("a wall clock is taken modulo 2^24", () => {
  const now = 1_795_362_000_123.4;
  assert.equal(decode(lights(encode(now))), 1_795_362_000_123 % 2 ** 24);
});

test("dull black and white are still read", () => {
  assert.equal(decode(lights(encode(4_711), 180, 70)), 4_711);
});

test("what is not a clock is not read", () => {
  const cells = encode(4_711);
  assert.equal(decode(lights(cells.with(3, !cells[3]))), null, "one cell is wrong");
  assert.equal(decode(lights(cells).with(3, 128)), null, "one cell is grey, as between two frames");
  assert.equal(decode(lights(cells.map(() => false))), null, "a black picture");
  assert.equal(decode(lights(cells.map(() => true))), null, "a white picture");
  assert.equal(decode(lights(cells).slice(1)), null, "cells are missing");
});

test("age goes over the wrap", () => {
  assert.equal(age(1_060, 1_000), 60);
  assert.equal(age(2 ** 24 * 7 + 20, 2 ** 24 - 30), 50);
  assert.equal(age(2 ** 24 - 1, 2 ** 24 - 41), 40);
});
