/** On the desk: when the room goes on or off air elsewhere, the desk is read again, unless something is being written. */

export class StudioState extends HTMLElement {
  /** @type {AbortController | null} */ #listening = null;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    document.addEventListener("realtime", (event) => this.#news(/** @type {CustomEvent} */ (event).detail), { signal });
  }

  disconnectedCallback() {
    this.#listening?.abort();
  }

  /** @param {{tag: string, data: {state?: string}}} news */
  #news({ tag, data }) {
    if (tag !== "rooms.state.changed" || data.state === this.dataset.state) return;
    const isWriting = [...document.forms].some((form) => [...form.elements].some(isChanged));
    if (!isWriting) window.location.reload();
  }
}

/** @param {Element} control */
function isChanged(control) {
  return control instanceof HTMLInputElement && control.value !== control.defaultValue;
}

customElements.define("studio-state", StudioState);
