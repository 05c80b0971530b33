/** `<studio-faults>`: what is wrong with camera and microphone, each with its remedy. Fires `studio:retry`. */

import { wordsOf } from "../lib/studio-words.js";

export class StudioFaults extends HTMLElement {
  /** @param {Iterable<string>} codes */
  show(codes) {
    const template = /** @type {HTMLTemplateElement} */ (this.querySelector("template"));
    const notices = [...codes].map((code) => this.#notice(template, code));
    for (const old of this.querySelectorAll("[data-code]")) old.remove();
    this.append(...notices);
  }

  /** @param {HTMLTemplateElement} template @param {string} code */
  #notice(template, code) {
    const say = wordsOf(document);
    const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    const notice = /** @type {HTMLElement} */ (copy.firstElementChild);
    notice.dataset.code = code;
    for (const part of ["title", "remedy"]) {
      /** @type {HTMLElement} */ (notice.querySelector(`[data-part=fault-${part}]`)).textContent = say(`${code}.${part}`);
    }
    const retry = /** @type {HTMLElement} */ (notice.querySelector("button"));
    retry.hidden = code.startsWith("page.") || code.startsWith("browser."); // nothing that a second try mends
    retry.addEventListener("click", () => this.dispatchEvent(new CustomEvent("studio:retry", { bubbles: true })));
    return notice;
  }
}

customElements.define("studio-faults", StudioFaults);
