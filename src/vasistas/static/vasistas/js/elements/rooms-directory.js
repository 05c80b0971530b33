/**
 * `<rooms-directory>`: a list of cards that the server renders. When a room goes on or off air, or events were missed,
 * the page is read again and the list replaced; what a card shows in between is `<rooms-facts>`' work.
 */

const REST_MS = 1_500; // many rooms may change at once; one reading serves them all
const SPREAD_MS = 1_500; // and not every open page reads at the same moment

class RoomsDirectory extends HTMLElement {
  #life = new AbortController();
  /** @type {any} */ #due = 0;

  connectedCallback() {
    this.#life = new AbortController();
    const { signal } = this.#life;
    document.addEventListener("realtime", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail), { signal });
    document.addEventListener("realtime:reset", () => this.#soon(), { signal });
  }

  disconnectedCallback() {
    this.#life.abort();
    clearTimeout(this.#due);
  }

  /** @param {{tag: string, data: any}} detail */
  #hear({ tag, data }) {
    if (tag !== "rooms.state.changed" || data.state === "starting") return;
    const card = this.querySelector(`rooms-facts[data-room-id="${Number(data.room_id)}"]`);
    if (!card || data.state === "offline" || data.state === "live") this.#soon();
  }

  #soon() {
    this.#due ||= setTimeout(() => this.#read(), REST_MS + Math.random() * SPREAD_MS);
  }

  async #read() {
    this.#due = 0;
    const { signal } = this.#life;
    const response = await fetch(location.href, { signal, headers: { Accept: "text/html" } }).catch(() => null);
    if (!response?.ok) return; // the next change tries again
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("rooms-directory");
    const isInUse = this.contains(document.activeElement);
    if (fresh && !signal.aborted && !isInUse) this.replaceChildren(...fresh.childNodes);
  }
}

customElements.define("rooms-directory", RoomsDirectory);
