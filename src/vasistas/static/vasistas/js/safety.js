// @ts-check
// The wall of rooms by keyboard: arrows go from tile to tile, Enter opens the room, X cuts it. All works by mouse too.

import "./elements/page-part.js";
import { tileAfter } from "./lib/wall-keys.js";

const tiles = () => /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-tile]")]);

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLElement && event.target.closest("input, select, textarea");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = tiles();
  const at = all.findIndex((tile) => tile.contains(document.activeElement));
  if (event.key.toLowerCase() === "x" && at >= 0) {
    event.preventDefault();
    all[at].querySelector("form")?.requestSubmit();
    return;
  }
  const columns = new Set(all.map((tile) => tile.offsetLeft)).size;
  const next = tileAfter(event.key, at, columns, all.length);
  if (next < 0) return;
  event.preventDefault();
  all[next].querySelector("a")?.focus();
});
