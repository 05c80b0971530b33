import assert from "node:assert/strict";
import { test } from "node:test";

import { credits, money } from "../../src/vasistas/static/vasistas/js/lib/credits.js";

test("amounts are said as the templates say them", () => {
  assert.deepEqual([0, 10, 1_234, 1_205].map((minor) => credits(minor, 10, "en")), ["0", "1", "123.4", "120.5"]);
  assert.deepEqual([0, 5, 1_234, 120_000].map((minor) => money(minor, "EUR", "en")), ["€0.00", "€0.05", "€12.34", "€1200.00"]);
});
