/** The boxes of a chat panel: the menu beside a line, the emoji, the room's tools. Their forms are sent without leaving. */

import { getText, post } from "../lib/chat-http.js";
import { place } from "../lib/chat-place.js";

/**
 * @typedef {object} Panel
 * @property {AbortSignal} signal ends the listening
 * @property {(words: string) => void} notice something was done
 * @property {(words: string) => void} fail something was refused; "" when there was no answer
 * @property {(id: number) => import("../lib/chat-lines.js").Line | undefined} lineOf
 */

/** @param {HTMLElement} root the chat panel @param {Panel} panel */
export function watchActs(root, { signal, notice, fail, lineOf }) {
  const menu = /** @type {HTMLElement | null} */ (root.querySelector("[data-menu]"));

  root.addEventListener("click", (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest("[data-act-link]");
    const line = lineOf(Number(/** @type {HTMLElement | null} */ (link?.closest("[data-id]"))?.dataset.id));
    if (!link || !line || !menu?.showPopover) return;
    event.preventDefault();
    openMenu(root, menu, link, line);
  }, { signal });

  root.addEventListener("submit", async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.matches("[data-acts], [data-tool]")) return;
    event.preventDefault();
    const button = /** @type {HTMLButtonElement | null} */ (/** @type {SubmitEvent} */ (event).submitter);
    const address = button?.hasAttribute("formaction") ? button.formAction : form.action;
    const { answer, error = "" } = await post(address, new FormData(form, button));
    if (!answer) {
      const beside = form.closest("[data-desk]")?.querySelector("[data-tool-error]");
      if (beside && error) beside.textContent = error;
      else fail(error);
      return;
    }
    if (menu?.matches(":popover-open")) menu.hidePopover();
    notice(answer.notice ?? "");
    await renewTools(root);
  }, { signal });

  const emoji = /** @type {HTMLElement | null} */ (root.querySelector("[data-emoji]"));
  emoji?.addEventListener("toggle", () => {
    const button = root.querySelector("[data-emoji-button]");
    if (button && emoji.matches(":popover-open")) put(emoji, button);
  }, { signal });
}

/** @param {HTMLElement} root @param {HTMLElement} menu @param {Element} link @param {import("../lib/chat-lines.js").Line} line */
function openMenu(root, menu, link, line) {
  const { viewerRef, url } = root.dataset;
  const form = /** @type {HTMLFormElement} */ (menu.querySelector("[data-acts]"));
  const remove = /** @type {HTMLButtonElement} */ (form.querySelector("[data-delete]"));
  /** @type {HTMLInputElement} */ (form.elements.namedItem("message")).value = String(line.id);
  remove.formAction = `${url}/${line.id}/delete`;
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-others]"))) {
    part.hidden = line.author_ref === viewerRef;
    for (const input of part.querySelectorAll("input")) input.disabled = part.hidden; // a reason is for others only
  }
  const name = menu.querySelector("[data-menu-name]");
  if (name) name.textContent = line.author;
  menu.showPopover();
  put(menu, link);
  remove.focus();
}

/** @param {HTMLElement} box @param {Element} anchor */
function put(box, anchor) {
  const { left, top } = place(anchor.getBoundingClientRect(), box.getBoundingClientRect(), {
    width: document.documentElement.clientWidth,
    height: document.documentElement.clientHeight,
  });
  box.style.left = `${left}px`;
  box.style.top = `${top}px`;
}

/** @param {HTMLElement} root puts the server's tools, after a change, in place of the old */
async function renewTools(root) {
  const tools = root.querySelector("[data-desk]");
  const html = tools && (await getText(`${root.dataset.deskUrl}?next=${encodeURIComponent(location.pathname)}`));
  if (!html) return;
  const held = /** @type {HTMLElement | null} */ (document.activeElement);
  const wasInside = tools.contains(held);
  tools.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  if (wasInside) /** @type {HTMLElement | null} */ (root.querySelector("[data-desk-menu] > summary"))?.focus();
}
