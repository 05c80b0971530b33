import { refresh } from "../lib/fresh.js";

/** `<page-part id data-after-s>`: asks for this page again so often, and brings itself up to date; without data-after-s it rests. */

const SLOWER = 1.25; // with each answer that says nothing new
const AFTER_S_MAX = 30;

class PagePart extends HTMLElement {
  #timer = 0;

  connectedCallback() {
    this.#wait(1);
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  /** @param {number} slower */
  #wait(slower) {
    const afterS = Math.min(Number(this.dataset.afterS ?? 0) * slower, AFTER_S_MAX);
    if (afterS > 0) this.#timer = window.setTimeout(() => this.#ask(slower), afterS * 1000);
  }

  /** @param {number} slower */
  async #ask(slower) {
    const text = await fetch(location.href, { headers: { Accept: "text/html" } })
      .then((answer) => (answer.ok ? answer.text() : ""))
      .catch(() => "");
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById(this.id);
    const before = this.textContent;
    if (fresh && this.isConnected) refresh(this, fresh);
    this.#wait(this.textContent === before ? slower * SLOWER : 1);
  }
}

customElements.define("page-part", PagePart);
