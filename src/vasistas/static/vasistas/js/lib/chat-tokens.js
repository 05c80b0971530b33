/**
 * Cuts the words of a message into text, links and mentions; the Python twin is `vasistas/apps/chat/text.py` and
 * both are held to tests/wire/chat_tokens.json. Tokens become nodes by `textContent`, never by HTML.
 *
 * @typedef {{kind: "text" | "link" | "mention", text: string, href: string}} Token
 */

const LINK_CHARS_SHOWN = 40;
const TRAILING = ".,;:!?'*_~";
const HOST = "(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]";
const ENDS = "[.,;:!?'\"*_~)\\]<>`]*(?: |$)"; // after an address without a path: "https://bank.example@elsewhere" is none
const LINK = new RegExp(`https?://(${HOST})(:[0-9]{1,5})?([/?#][^ <>"\`]*|(?=${ENDS}))`, "iy");
const WORD = /[\p{L}\p{N}_]/u;

/**
 * @param {string} text a stored line
 * @param {Iterable<string>} [names] names shown, of people who spoke here recently
 * @returns {Token[]}
 */
export function tokens(text, names = []) {
  const known = [...new Set(names)].filter(Boolean).sort((a, b) => b.length - a.length);
  /** @type {Token[]} */
  const found = [];
  let start = 0;
  let at = 0;
  while (at < text.length) {
    const [token, length] = tokenAt(text, at, known);
    if (!token) {
      at += 1;
      continue;
    }
    if (start < at) found.push({ kind: "text", text: text.slice(start, at), href: "" });
    found.push(token);
    at += length;
    start = at;
  }
  if (start < text.length) found.push({ kind: "text", text: text.slice(start), href: "" });
  return found;
}

/**
 * @param {string} text
 * @param {string} name the viewer's own name shown
 * @returns {boolean} whether someone calls this person
 */
export function mentions(text, name) {
  return name !== "" && tokens(text, [name]).some((token) => token.kind === "mention");
}

/**
 * @param {string} text
 * @param {number} at
 * @param {string[]} known longest first
 * @returns {[Token | null, number]}
 */
function tokenAt(text, at, known) {
  const before = at > 0 ? lastCharacter(text, at) : "";
  if (before && WORD.test(before)) return [null, 0];
  if (text[at] === "@") {
    for (const name of known) {
      const after = at + 1 + name.length;
      const next = text.slice(after, after + 2);
      if (text.slice(at + 1, after).toLowerCase() === name.toLowerCase() && !startsWithWord(next)) {
        return [{ kind: "mention", text: text.slice(at, after), href: "" }, after - at];
      }
    }
  } else if (text[at] === "h" || text[at] === "H") {
    LINK.lastIndex = at;
    const found = LINK.exec(text);
    if (found) return link(found);
  }
  return [null, 0];
}

/**
 * @param {RegExpExecArray} found
 * @returns {[Token, number]}
 */
function link(found) {
  const [whole, host, port = "", allPath] = found;
  let path = allPath;
  while (path && (TRAILING.includes(path.at(-1) ?? "") || (/[)\]]$/.test(path) && !/[([]/.test(path)))) {
    path = path.slice(0, -1);
  }
  const href = whole.slice(0, whole.length - allPath.length) + path;
  const letters = [...host.toLowerCase() + port + path.replace(/\/$/, "")];
  const text = letters.length > LINK_CHARS_SHOWN ? `${letters.slice(0, LINK_CHARS_SHOWN).join("")}…` : letters.join("");
  return [{ kind: "link", text, href }, href.length];
}

/** @param {string} text @param {number} end @returns {string} the character that ends before `end`, surrogates whole */
function lastCharacter(text, end) {
  return Array.from(text.slice(Math.max(0, end - 2), end)).at(-1) ?? "";
}

/** @param {string} text */
function startsWithWord(text) {
  const [first] = text;
  return first !== undefined && WORD.test(first);
}
