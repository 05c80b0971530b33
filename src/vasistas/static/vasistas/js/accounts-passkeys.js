/** Forms with `data-passkey`: the button asks the device, the answer goes into the hidden field, the form is sent. */
import { answer, creationOptions, requestOptions, wordFor } from "./accounts-webauthn.js";

const isKnown = "PublicKeyCredential" in window;

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (form instanceof HTMLFormElement && isKnown) prepare(form);
}
if (!isKnown) {
  for (const words of document.querySelectorAll("[data-passkey-missing]")) words.removeAttribute("hidden");
}

/** @param {HTMLFormElement} form */
function prepare(form) {
  const button = form.querySelector("button");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button) button.disabled = true;
    show(form, null);
    try {
      const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("credential"));
      field.value = JSON.stringify(answer(await ask(form)));
      form.submit(); // sends without a second "submit" event
    } catch (error) {
      show(form, wordFor(error));
      if (button) button.disabled = false;
    }
  });
}

/** @param {HTMLFormElement} form @returns {Promise<Credential | null>} */
async function ask(form) {
  if (form.dataset.passkey === "create") {
    const alone = form.elements.namedItem("passwordless");
    const isAlone = alone instanceof HTMLInputElement && alone.checked;
    const { creation_options: options } = readOptions();
    return navigator.credentials.create({ publicKey: creationOptions(options.publicKey, isAlone) });
  }
  const { request_options: options } = form.dataset.passkey === "login" ? await fetchOptions(form.action) : readOptions();
  return navigator.credentials.get({ publicKey: requestOptions(options.publicKey) });
}

/** @returns {any} */
function readOptions() {
  return JSON.parse(document.getElementById("passkey-options")?.textContent ?? "{}");
}

/** @param {string} url @returns {Promise<any>} */
async function fetchOptions(url) {
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new TypeError(`status ${response.status}`);
  return response.json();
}

/** @param {HTMLFormElement} form @param {string | null} word */
function show(form, word) {
  const words = form.querySelector("[data-passkey-words]");
  if (!(words instanceof HTMLElement)) return;
  words.hidden = word === null;
  for (const sentence of words.querySelectorAll("[data-word]")) {
    if (sentence instanceof HTMLElement) sentence.hidden = sentence.dataset.word !== word;
  }
}
