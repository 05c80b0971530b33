/** `<show-talk>`: what those who take part say to each other. Lines come by events and are nowhere else. */

import { post } from "../lib/chat-http.js";

const LINES_MAX = 200;

class ShowTalk extends HTMLElement {
  #life = new AbortController();

  connectedCallback() {
    this.#life = new AbortController();
    const { signal } = this.#life;
    document.addEventListener("realtime", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail), { signal });
    this.querySelector("[data-say]")?.addEventListener("submit", (event) => this.#say(event), { signal });
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  /** @param {{tag: string, data: any}} detail */
  #hear({ tag, data }) {
    const lines = this.querySelector("[data-lines]");
    if (tag !== "shows.line.said" || data.key !== this.dataset.key || !lines) return;
    const row = document.createElement("li");
    const name = document.createElement("strong");
    name.textContent = data.name;
    row.append(name, ` ${data.text}`);
    lines.append(row);
    while (lines.children.length > LINES_MAX) lines.firstElementChild?.remove();
    row.scrollIntoView({ block: "nearest" });
  }

  /** @param {Event} event */
  async #say(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const { error } = await post(form.action, new FormData(form));
    const told = this.querySelector("[data-told]");
    if (told) told.textContent = error ?? "";
    if (error === undefined) form.reset();
  }
}

customElements.define("show-talk", ShowTalk);
