import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { COLOURS } from "../../src/vasistas/static/vasistas/js/lib/chat-colour.js";

const css = (name) => readFileSync(new URL(`../../src/vasistas/static/vasistas/css/${name}`, import.meta.url), "utf8");
const pairs = (source) =>
  Object.fromEntries([...source.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name, ...both]) => [name, both]));

const grounds = pairs(css("tokens.css"));
const authors = Object.entries(pairs(css("components/chat.css"))).filter(([name]) => name.startsWith("chat-author-"));

/** Relative luminance, WCAG 2.2 */
function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const linear = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

test("there is a colour for each number an author can have", () => {
  assert.equal(authors.length, COLOURS);
  for (let index = 0; index < COLOURS; index += 1) {
    assert.match(css("components/chat.css"), new RegExp(`\\.chat__author--${index} \\{`));
  }
});

for (const ground of ["surface", "surface-hover", "accent-soft"]) {
  test(`authors are AA on ${ground}, by day and by night`, () => {
    for (const [name, both] of authors) {
      both.forEach((colour, scheme) => {
        const measured = contrast(colour, grounds[ground][scheme]);
        assert.ok(measured >= 4.5, `${name} ${["light", "dark"][scheme]}: ${measured.toFixed(2)}`);
      });
    }
  });
}
