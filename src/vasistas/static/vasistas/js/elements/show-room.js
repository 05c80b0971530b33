/** `<show-room>`: the page of one show while it is open. What changes comes as HTML of the server; the clock by events. */

import { getText, post } from "../lib/chat-http.js";
import { refresh } from "../lib/fresh.js";
import { answer, clock, paced } from "../lib/show-clock.js";
import { panicKey } from "../lib/studio-panic.js";

const REFRESH_MS = 1_000; // between two looks at the state
const LOOK_MS = 15_000; // a look without an event: the site sees that the page is there

class ShowRoom extends HTMLElement {
  #life = new AbortController();
  /** @type {any} */ #look = 0;
  #refresh = paced(() => this.#read(), REFRESH_MS);

  connectedCallback() {
    this.#life = new AbortController();
    const { signal } = this.#life;
    document.addEventListener("realtime", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail), { signal });
    document.addEventListener("realtime:reset", () => this.#refresh(), { signal });
    this.addEventListener("submit", (event) => this.#submit(/** @type {SubmitEvent} */ (event)), { signal });
    const isSecond = panicKey();
    const press = (/** @type {KeyboardEvent} */ { key, repeat, timeStamp }) => isSecond({ key, repeat, at: timeStamp }) && this.#end();
    document.addEventListener("keydown", press, { signal });
    this.#look = setInterval(() => this.#refresh(), LOOK_MS);
    this.#drawClock();
  }

  disconnectedCallback() {
    this.#life.abort();
    clearInterval(this.#look);
  }

  get #state() {
    return /** @type {HTMLElement} */ (this.querySelector(".show__state"));
  }

  /** @param {{tag: string, data: any}} detail */
  #hear({ tag, data }) {
    const page = { key: this.dataset.key ?? "", ref: this.#state.dataset.ref ?? "", isHost: this.dataset.isHost === "yes" };
    const todo = answer(page, tag, data);
    if (todo === "figures") this.#figures(data);
    if (todo) this.#refresh();
  }

  /** @param {any} told */
  #figures(told) {
    const delivered = /** @type {HTMLElement | null} */ (this.querySelector("[data-delivered]"));
    const left = /** @type {HTMLElement | null} */ (this.querySelector("[data-left]"));
    if (delivered) delivered.dataset.delivered = String(told.delivered_s);
    if (left && told.left_s !== null) left.dataset.left = String(told.left_s);
    this.#drawClock();
  }

  #drawClock() {
    for (const name of ["delivered", "left"]) {
      const place = /** @type {HTMLElement | null} */ (this.querySelector(`[data-${name}]`));
      if (place) place.textContent = clock(Number(place.dataset[name]));
    }
  }

  async #read() {
    const html = await getText(this.dataset.stateUrl ?? "");
    const place = this.querySelector("[data-fresh]");
    if (html === null || !place) return;
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector(".show__state");
    if (!fresh) return;
    if (/** @type {HTMLElement} */ (fresh).dataset.phase !== this.#state.dataset.phase) {
      location.reload(); // another layout: a picture comes or goes
      return;
    }
    refresh(this.#state, fresh);
    this.#drawClock();
  }

  /** Escape, twice: out, as by the button. */
  #end() {
    /** @type {HTMLButtonElement | null} */ (this.querySelector("[data-out]"))?.click();
  }

  /** Adding to the budget must not break the picture. @param {SubmitEvent} event */
  async #submit(event) {
    if (!event.submitter?.hasAttribute("data-quiet")) return;
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const { error } = await post(form.action, new FormData(form, event.submitter));
    if (error !== undefined) {
      const told = document.createElement("p");
      told.setAttribute("role", "alert");
      told.textContent = error;
      form.append(told);
    } else this.#refresh();
  }
}

customElements.define("show-room", ShowRoom);
