/** `<wallet-balance>`: the member's own credits, as they change. */

import { credits, money } from "../lib/credits.js";

class WalletBalance extends HTMLElement {
  #life = new AbortController();

  connectedCallback() {
    this.#life = new AbortController();
    const { signal } = this.#life;
    document.addEventListener("realtime", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail), { signal });
    document.addEventListener("realtime:reset", (event) => this.#reset(/** @type {CustomEvent} */ (event).detail), { signal });
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  /** @param {{tag: string, data: any}} detail */
  #hear({ tag, data }) {
    if (tag === "wallet.balance.changed") this.#show(data.balance_minor);
  }

  /** Snapshots of pages that are live for something else do not say it. @param {{snapshot: any}} detail */
  #reset({ snapshot }) {
    if (Number.isInteger(snapshot.balance_minor)) this.#show(snapshot.balance_minor);
  }

  /** @param {number} minor */
  #show(minor) {
    const language = document.documentElement.lang || "en";
    this.#text("credits", credits(minor, Number(this.dataset.creditMinor), language));
    this.#text("money", money(minor, this.dataset.currency ?? "EUR", language));
  }

  /** @param {string} part @param {string} text */
  #text(part, text) {
    for (const place of this.querySelectorAll(`[data-${part}]`)) place.textContent = text;
  }
}

customElements.define("wallet-balance", WalletBalance);
