/** `<studio-countdown>`: three, two, one, over the picture; Cancel and Escape stop it. */

import { countdown } from "../lib/countdown.js";

export class StudioCountdown extends HTMLElement {
  /** @type {((isDone: boolean) => void) | null} */ #settle = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;

  connectedCallback() {
    this.querySelector("[data-part=cancel]")?.addEventListener("click", () => this.cancel());
    this.addEventListener("keydown", (event) => event.key === "Escape" && this.cancel());
  }

  disconnectedCallback() {
    this.cancel();
  }

  /** @returns {Promise<boolean>} false: cancelled */
  run() {
    this.cancel();
    const startedAt = performance.now();
    const figure = /** @type {HTMLElement} */ (this.querySelector("[data-part=figure]"));
    const tick = () => {
      const { left, isDone } = countdown(startedAt, performance.now());
      if (figure.textContent !== String(left) && left > 0) {
        figure.textContent = String(left);
        figure.classList.remove("countdown__figure--beat");
        void figure.offsetWidth; // starts the animation again
        figure.classList.add("countdown__figure--beat");
      }
      if (isDone) this.#end(true);
    };
    this.hidden = false;
    tick();
    this.#timer = setInterval(tick, 100);
    /** @type {HTMLElement | null} */ (this.querySelector("[data-part=cancel]"))?.focus();
    return new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  cancel() {
    this.#end(false);
  }

  /** @param {boolean} isDone */
  #end(isDone) {
    clearInterval(this.#timer);
    this.hidden = true;
    this.#settle?.(isDone);
    this.#settle = null;
  }
}

customElements.define("studio-countdown", StudioCountdown);
