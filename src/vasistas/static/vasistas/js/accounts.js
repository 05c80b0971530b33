/** Passwords can be looked at while they are typed: fewer slips, and no second field to repeat them. */

for (const input of document.querySelectorAll(".field input[type=password]")) {
  if (input instanceof HTMLInputElement) addReveal(input);
}

/** @param {HTMLInputElement} input */
function addReveal(input) {
  const template = document.getElementById("reveal-words");
  const words = template?.dataset ?? {};
  const row = document.createElement("div");
  row.className = "account-password";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button--small button--quiet account-password__reveal";
  button.textContent = words.show ?? "";
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-controls", input.id);
  input.replaceWith(row);
  row.append(input, button);
  button.addEventListener("click", () => {
    const isShown = input.type === "password";
    input.type = isShown ? "text" : "password";
    button.textContent = (isShown ? words.hide : words.show) ?? "";
    button.setAttribute("aria-pressed", String(isShown));
    input.focus();
  });
  input.form?.addEventListener("submit", () => {
    input.type = "password"; // so that browsers offer to save it
  });
}
