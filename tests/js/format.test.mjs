import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { bitrate, compact } from "../../src/vasistas/static/vasistas/js/lib/format.js";

test("counts are said as the templates say them", () => {
  const examples = JSON.parse(readFileSync(new URL("../wire/compact.json", import.meta.url), "utf8"));
  assert.deepEqual(Object.keys(examples).map((count) => compact(Number(count))), Object.values(examples));
});

test("bit rates change their unit at one megabit", () => {
  assert.deepEqual([0, 850, 999, 1_000, 2_449].map(bitrate), ["0 kbit/s", "850 kbit/s", "999 kbit/s", "1.0 Mbit/s", "2.4 Mbit/s"]);
});
