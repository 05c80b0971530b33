/** Draws one line of chat as templates/chat/_line.html does, and reads the server's back. All words by textContent. */

import { colourOf } from "../lib/chat-colour.js";
import { tokens } from "../lib/chat-tokens.js";

/**
 * @typedef {import("../lib/chat-lines.js").Line} Line
 * @typedef {object} Look
 * @property {HTMLTemplateElement} parts badges and the link to act, made by the server
 * @property {Set<string>} names who may be called
 * @property {string} viewerName
 * @property {string} viewerRef
 * @property {string} removed "Message removed."
 * @property {string} act "Moderate the message of {name}"
 * @property {(line: Line) => boolean} isActionable
 * @property {(line: Line) => string} actAddress
 */

/** @param {HTMLElement} row @returns {Line} */
export function readLine(row) {
  const { id, author = "", ref = "", role = "member", at, words: text = "" } = row.dataset;
  return { id: Number(id), author, author_ref: ref, role, text, at: Number(at) };
}

/** @param {Line} line @returns {string} changes when the line has to be drawn again */
export function looksOf(line) {
  if (line.isTold) return `told|${line.author}|${line.text}`;
  return `${line.id}|${line.isPending ? "p" : ""}${line.isRemoved ? "r" : ""}`;
}

/**
 * @param {Line} line
 * @param {Look} look
 * @returns {HTMLLIElement}
 */
export function drawLine(line, look) {
  const row = document.createElement("li");
  row.className = "chat__line";
  if (line.isTold) {
    row.classList.add("chat__line--told");
    row.append(time(line.at), span("chat__told", line.author), span("chat__text", line.text));
    return row;
  }
  row.dataset.id = String(line.id);
  if (line.isRemoved) {
    row.classList.add("chat__line--removed");
    row.textContent = look.removed;
    return row;
  }
  if (line.isPending) row.classList.add("chat__line--pending");
  const badge = look.parts.content.querySelector(`[data-badge="${line.role === "host" ? "host" : "moderator"}"]`);
  const text = span("chat__text");
  text.append(...words(line.text, look));
  if (line.author_ref !== look.viewerRef && text.querySelector("[data-me]")) row.classList.add("chat__line--call");
  row.append(
    time(line.at),
    ...(line.role !== "member" && badge ? [badge.cloneNode(true)] : []),
    span(`chat__author chat__author--${colourOf(line.author_ref)}`, line.author),
    span("chat__colon", ": "),
    text,
    ...(look.isActionable(line) ? [actLink(line, look)] : []),
  );
  return row;
}

/** @param {string} text @param {Look} look @returns {Node[]} */
function words(text, look) {
  const names = look.viewerName ? [...look.names, look.viewerName] : look.names;
  return tokens(text, names).map((token) => {
    if (token.kind === "link") return anchor(token.href, token.text);
    if (token.kind !== "mention") return document.createTextNode(token.text);
    const mention = span("chat__mention", token.text);
    if (token.text.slice(1).toLowerCase() === look.viewerName.toLowerCase()) mention.dataset.me = "";
    return mention;
  });
}

/** @param {string} href from `tokens`: http or https only @param {string} text */
function anchor(href, text) {
  const link = document.createElement("a");
  link.href = href;
  link.rel = "noopener noreferrer nofollow ugc";
  link.target = "_blank";
  link.title = href;
  link.textContent = text;
  return link;
}

/** @param {Line} line @param {Look} look */
function actLink(line, look) {
  const found = look.parts.content.querySelector("[data-act-link]");
  if (!found) return document.createTextNode("");
  const link = /** @type {HTMLAnchorElement} */ (found.cloneNode(true));
  link.href = look.actAddress(line);
  link.setAttribute("aria-label", look.act.replace("{name}", line.author));
  return link;
}

/** @param {HTMLElement} row the server's, in the server's time: shown in the reader's */
export function localTime(row) {
  const shown = row.querySelector("time");
  if (shown) shown.textContent = clock(new Date(shown.dateTime));
}

/** @param {number} at unix seconds */
function time(at) {
  const when = new Date(at * 1000);
  const element = document.createElement("time");
  element.className = "chat__time";
  element.dateTime = when.toISOString();
  element.textContent = clock(when);
  return element;
}

/** @param {Date} when */
function clock(when) {
  return when.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** @param {string} name @param {string} [text] */
function span(name, text = "") {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  return element;
}
