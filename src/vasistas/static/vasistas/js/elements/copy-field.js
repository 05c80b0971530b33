/** `<copy-field data-copy="Copy" data-copied="Copied">`: a read-only field with a button that copies it. */

const SHOWN_MS = 2_000;

export class CopyField extends HTMLElement {
  connectedCallback() {
    const field = this.querySelector("input");
    if (!field || this.querySelector("button")) return;
    const button = document.createElement("button");
    const { copy = "Copy", copied = "Copied" } = this.dataset;
    button.type = "button";
    button.className = "button";
    button.textContent = copy;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      await write(field);
      button.textContent = copied;
      setTimeout(() => {
        button.textContent = copy;
      }, SHOWN_MS);
    });
    field.addEventListener("focus", () => field.select());
    this.append(button);
  }
}

/** Insecure pages have no clipboard of their own; the old way still works there. @param {HTMLInputElement} field */
async function write(field) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(field.value);
    return;
  }
  field.select();
  document.execCommand("copy");
}

customElements.define("copy-field", CopyField);
