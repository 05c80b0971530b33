/**
 * `<letter-preview>` in a form: posts the form into its frame a moment after something was written or chosen, and as it
 * opens. Each look gets a frame of its own, so that the browser's way back does not lead through all of them.
 */

const AFTER_MS = 400;

class LetterPreview extends HTMLElement {
  #timer = 0;
  #looks = 0;
  #life = new AbortController();

  connectedCallback() {
    this.#life = new AbortController();
    const { signal } = this.#life;
    this.closest("form")?.addEventListener("input", () => this.#wait(), { signal });
    this.#button?.addEventListener("click", (event) => this.#press(event), { signal });
    this.#look();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#life.abort();
  }

  get #button() {
    return this.querySelector("button");
  }

  /** @param {Event} event */
  #press(event) {
    event.preventDefault();
    this.#look();
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#look(), AFTER_MS);
  }

  #look() {
    clearTimeout(this.#timer);
    const form = this.closest("form");
    const old = [...this.querySelectorAll("iframe")];
    const shown = old[0];
    if (!form || !shown || !this.#button) return;
    const next = /** @type {HTMLIFrameElement} */ (shown.cloneNode());
    this.#looks += 1;
    next.name = `letter-${this.#looks}`;
    next.hidden = true;
    next.addEventListener("load", () => this.#show(next));
    for (const late of old.slice(1)) late.remove();
    shown.after(next);
    post(form, this.#button.formAction, next.name);
  }

  /** @param {HTMLIFrameElement} next */
  #show(next) {
    for (const frame of this.querySelectorAll("iframe")) if (frame !== next) frame.remove();
    next.hidden = false;
  }
}

/** As the button does, and without its press: no field is checked, nothing else hears of it. @param {HTMLFormElement} form @param {string} action @param {string} target */
function post(form, action, target) {
  const before = [form.getAttribute("action"), form.getAttribute("target")];
  form.setAttribute("action", action);
  form.setAttribute("target", target);
  form.submit();
  for (const [at, name] of ["action", "target"].entries()) {
    if (before[at] === null) form.removeAttribute(name);
    else form.setAttribute(name, before[at]);
  }
}

customElements.define("letter-preview", LetterPreview);
