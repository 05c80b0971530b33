/** `<studio-checklist>`: what is there, what is missing, what would be better. */

import { wordsOf } from "../lib/studio-words.js";

export class StudioChecklist extends HTMLElement {
  /** @param {readonly import("../lib/studio-checklist.js").Item[]} items */
  show(items) {
    const say = wordsOf(document);
    for (const { name, state, code } of items) {
      const row = /** @type {HTMLElement | null} */ (this.querySelector(`[data-item=${name}]`));
      if (!row || row.dataset.code === code) continue;
      row.dataset.code = code;
      row.dataset.state = state;
      const words = row.querySelector("[data-part=words]");
      const mark = row.querySelector("[data-part=state]");
      if (words) words.textContent = say(code);
      if (mark) mark.textContent = say(`check.${state}`); // for those who do not see the sign
    }
  }
}

customElements.define("studio-checklist", StudioChecklist);
