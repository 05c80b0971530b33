/** What the message box shows while someone writes: characters left, seconds to wait, and what a failed send gives back. */

const COUNTER_FROM = 0.8; // of the longest message; before that the counter is noise

/**
 * @param {string} text
 * @param {number} charsMax
 * @returns {{left: number, isShown: boolean, isOver: boolean, isEmpty: boolean}} left: characters, may be negative
 */
export function measure(text, charsMax) {
  const chars = [...text.trim().normalize("NFC")].length;
  return {
    left: charsMax - chars,
    isShown: chars >= charsMax * COUNTER_FROM,
    isOver: chars > charsMax,
    isEmpty: chars === 0,
  };
}

/**
 * @param {number} openAt milliseconds; when the next message may go
 * @param {number} now milliseconds
 * @returns {number} whole seconds to wait, 0 when none
 */
export function secondsLeft(openAt, now) {
  return Math.max(0, Math.ceil((openAt - now) / 1000));
}

/**
 * @param {string} failed the words that were not sent
 * @param {string} current what has been typed since
 * @returns {string} the box's new text; nothing typed is lost
 */
export function giveBack(failed, current) {
  return current.trim() ? `${failed} ${current}` : failed;
}

/**
 * @param {string} text
 * @param {number} start selection start
 * @param {number} end selection end
 * @param {string} piece an emoji or "@name"
 * @returns {{text: string, caret: number}}
 */
export function insert(text, start, end, piece) {
  const before = text.slice(0, start);
  const after = text.slice(end);
  const gap = piece.startsWith("@") && before && !before.endsWith(" ") ? " " : "";
  const tail = piece.startsWith("@") && !after.startsWith(" ") ? " " : "";
  const added = gap + piece + tail;
  return { text: before + added + after, caret: before.length + added.length };
}
