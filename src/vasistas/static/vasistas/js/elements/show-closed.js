/** `<show-closed>`: a page that says a room is in private, and comes back when it is open again. */

class ShowClosed extends HTMLElement {
  #life = new AbortController();

  connectedCallback() {
    this.#life = new AbortController();
    const hear = (/** @type {Event} */ event) => {
      const { tag, data } = /** @type {CustomEvent} */ (event).detail;
      if (tag === "rooms.state.changed" && String(data.room_id) === this.dataset.roomId && data.state !== "private") location.reload();
    };
    document.addEventListener("realtime", hear, { signal: this.#life.signal });
  }

  disconnectedCallback() {
    this.#life.abort();
  }
}

customElements.define("show-closed", ShowClosed);
