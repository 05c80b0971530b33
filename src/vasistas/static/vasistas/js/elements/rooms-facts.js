/** `<rooms-facts>`: state, viewers and title of one room, as they change. Cards and the watch page use it alike. */

import { compact } from "../lib/format.js";

class RoomsFacts extends HTMLElement {
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

  /** @param {{channel: string, tag: string, data: any}} detail */
  #hear({ tag, data }) {
    if (String(data.room_id) !== this.dataset.roomId) return;
    if (tag === "rooms.state.changed") this.#state(data.state);
    if (tag === "rooms.viewers.counted") this.#viewers(data.count);
    if (tag === "rooms.details.changed") this.#text("title", data.title);
    if (tag === "rooms.thumbnail.changed" && data.url) this.#picture(data.url);
  }

  /** @param {{channel: string, snapshot: any}} detail */
  #reset({ channel, snapshot }) {
    if (channel !== `room:${this.dataset.roomId}`) return;
    this.#state(snapshot.room.state);
    this.#viewers(snapshot.room.viewers);
    this.#text("title", snapshot.room.title);
  }

  /** @param {string} state */
  #state(state) {
    this.dataset.state = state;
    for (const badge of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-state-badge]"))) {
      badge.hidden = badge.dataset.stateBadge !== state;
    }
  }

  /** @param {number} count */
  #viewers(count) {
    this.#text("viewers", compact(count));
  }

  /** @param {string} part @param {string} text */
  #text(part, text) {
    for (const place of this.querySelectorAll(`[data-fact="${part}"]`)) place.textContent = text;
  }

  /** Shown only when it is there: no card goes blank between two pictures. @param {string} url */
  #picture(url) {
    const image = /** @type {HTMLImageElement | null} */ (this.querySelector('[data-fact="picture"]'));
    if (!image) return;
    const fresh = new Image();
    fresh.src = url;
    fresh
      .decode()
      .then(() => {
        image.src = url;
        image.hidden = false;
      })
      .catch(() => null); // replaced again meanwhile; the next one comes in seconds
  }
}

customElements.define("rooms-facts", RoomsFacts);
