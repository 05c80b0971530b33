/**
 * Brings a part of the page up to date with HTML of the server without putting new elements in the place of those that
 * stay: what has the focus keeps it, an open list stays open, and what is typed or chosen is left alone.
 */

/** The page's own: not the server's to change while it is open. */
const OWN = new Set(["open"]);

/** @param {Node} shown @param {Node} fresh @returns {boolean} whether one may become the other */
export function isSame(shown, fresh) {
  if (shown.nodeName !== fresh.nodeName) return false;
  const [one, other] = [/** @type {any} */ (shown), /** @type {any} */ (fresh)];
  if (one.getAttribute === undefined) return true;
  // a form for another show, a button for another act: never under the finger of somebody who is about to press
  return ["action", "class", "id", "name", "value"].every((key) => isToken(one) || one.getAttribute(key) === other.getAttribute(key));
}

/** @param {any} element */
const isToken = (element) => element.nodeName === "INPUT" && element.getAttribute("type") === "hidden";

/** @param {Node} shown stays @param {Node} fresh is used up */
export function refresh(shown, fresh) {
  if (!isSame(shown, fresh)) {
    /** @type {any} */ (shown).replaceWith(fresh);
    return;
  }
  if (shown.nodeType !== 1) {
    if (shown.nodeValue !== fresh.nodeValue) shown.nodeValue = fresh.nodeValue;
    return;
  }
  attributes(/** @type {Element} */ (shown), /** @type {Element} */ (fresh));
  children(shown, [...shown.childNodes], [...fresh.childNodes]);
}

/** Elements are found again further on; text only where it stands. @param {Node} place @param {Node[]} olds @param {Node[]} news */
function children(place, olds, news) {
  let next = 0;
  for (const one of news) {
    const ahead = one.nodeType === 1 ? olds.length : next + 1;
    const found = olds.findIndex((old, at) => at >= next && at < ahead && isSame(old, one));
    if (found < 0) {
      place.insertBefore(one, olds[next] ?? null);
      continue;
    }
    for (const gone of olds.slice(next, found)) place.removeChild(gone);
    refresh(olds[found], one);
    next = found + 1;
  }
  for (const gone of olds.slice(next)) place.removeChild(gone);
}

/** @param {Element} shown @param {Element} fresh */
function attributes(shown, fresh) {
  for (const name of shown.getAttributeNames()) if (!OWN.has(name) && !fresh.hasAttribute(name)) shown.removeAttribute(name);
  for (const name of fresh.getAttributeNames()) {
    const value = fresh.getAttribute(name) ?? "";
    if (!OWN.has(name) && shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  }
}
