/** `<page-again data-after-s>`: asks for this page again, less often each time, and shows it once it says something new. */

const SLOWER = 1.5;
const AFTER_S_MAX = 20;

class PageAgain extends HTMLElement {
  #timer = 0;
  #life = new AbortController();

  connectedCallback() {
    this.#life = new AbortController();
    document.addEventListener("realtime", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail), {
      signal: this.#life.signal,
    });
    this.#wait(Number(this.dataset.afterS));
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#life.abort();
  }

  /** @param {{tag: string}} detail */
  #hear({ tag }) {
    if (tag === "wallet.balance.changed") location.reload();
  }

  /** @param {number} afterS */
  #wait(afterS) {
    this.#timer = window.setTimeout(() => this.#ask(afterS), afterS * 1000);
  }

  /** @param {number} afterS */
  async #ask(afterS) {
    const text = await fetch(location.href, { headers: { Accept: "text/html" } })
      .then((answer) => (answer.ok ? answer.text() : ""))
      .catch(() => "");
    if (text && !text.includes("<page-again")) location.reload();
    else this.#wait(Math.min(afterS * SLOWER, AFTER_S_MAX));
  }
}

customElements.define("page-again", PageAgain);
