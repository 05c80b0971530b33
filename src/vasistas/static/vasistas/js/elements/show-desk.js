/**
 * `<show-desk>`: who asks for a session, and the one that runs, beside the host's picture. Its forms are sent without
 * leaving the page, for that would end the broadcast.
 */

import { getText, post } from "../lib/chat-http.js";
import { refresh } from "../lib/fresh.js";
import { paced } from "../lib/show-clock.js";

const REFRESH_MS = 2_000;
const NO_KEY = "00000000-0000-0000-0000-000000000000"; // stands in data-beside-url for the show's
const TONE_HZ = 660;
const TONE_S = 0.25;

class ShowDesk extends HTMLElement {
  #life = new AbortController();
  #key = "";
  #refresh = paced(() => this.#read(), REFRESH_MS);

  connectedCallback() {
    this.#life = new AbortController();
    const { signal } = this.#life;
    document.addEventListener("realtime", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail), { signal });
    document.addEventListener("realtime:reset", () => this.#refresh(), { signal });
    this.addEventListener("submit", (event) => this.#submit(/** @type {SubmitEvent} */ (event)), { signal });
    this.#beside();
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  get #shown() {
    return /** @type {HTMLElement | null} */ (this.querySelector("[data-desk] > *"));
  }

  /** @param {{tag: string, data: any}} detail */
  #hear({ tag, data }) {
    if (tag === "rooms.state.changed" || (tag.startsWith("shows.") && tag !== "shows.line.said")) this.#refresh();
    if (tag === "shows.requested" && data.state === "requested") this.#sound();
  }

  async #read() {
    const html = await getText(this.dataset.url ?? "");
    const fresh = html === null ? null : new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
    if (!fresh || !this.#shown) return;
    refresh(this.#shown, fresh);
    this.#beside();
  }

  /** Talk and camera stay while the same show runs. */
  async #beside() {
    const key = this.#shown?.dataset.key ?? "";
    if (key === this.#key) return;
    this.#key = key;
    const place = this.querySelector("[data-beside]");
    const html = key ? await getText((this.dataset.besideUrl ?? "").replace(NO_KEY, key)) : "";
    if (this.#key !== key || html === null) return;
    place?.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (event.defaultPrevented || form.matches("[data-say]")) return;
    event.preventDefault();
    const { error } = await post(form.action, new FormData(form, event.submitter));
    const told = this.querySelector("[data-told]");
    if (told) told.textContent = error ?? "";
    await this.#read();
  }

  #sound() {
    try {
      const audio = new AudioContext();
      const tone = new OscillatorNode(audio, { frequency: TONE_HZ });
      tone.connect(new GainNode(audio, { gain: 0.1 })).connect(audio.destination);
      tone.start();
      tone.stop(audio.currentTime + TONE_S);
      tone.addEventListener("ended", () => audio.close());
    } catch {
      // a page nobody touched yet may make no sound; the request stands there all the same
    }
  }
}

customElements.define("show-desk", ShowDesk);
