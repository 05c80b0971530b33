// @ts-check
// On every page: menus that close, filters that send themselves, the page's one connection. Each page works without it.

import "./elements/copy-field.js";
import "./elements/page-again.js";
import "./elements/wallet-balance.js";
import { openPage } from "./lib/page-realtime.js";

for (const menu of document.querySelectorAll("details[data-menu]")) {
  const close = () => menu.removeAttribute("open");
  document.addEventListener("click", (event) => {
    if (!menu.contains(/** @type {Node} */ (event.target))) close();
  });
  menu.addEventListener("keydown", (event) => {
    if (/** @type {KeyboardEvent} */ (event).key !== "Escape" || !menu.hasAttribute("open")) return;
    close();
    menu.querySelector("summary")?.focus();
  });
}

for (const form of document.querySelectorAll("form[data-auto-submit]")) {
  form.addEventListener("change", () => /** @type {HTMLFormElement} */ (form).requestSubmit());
}

// Only now have all modules of the page run: nothing is told before its element listens.
document.addEventListener("DOMContentLoaded", () => openPage(document));
