/**
 * Where an arrow key leads on the wall: tiles stand in rows, from left to right.
 *
 * @param {string} key as `KeyboardEvent.key`
 * @param {number} at the tile that has the focus; -1: none
 * @param {number} columns
 * @param {number} count tiles
 * @returns {number} the tile to go to; -1: the key says nothing here
 */
export function tileAfter(key, at, columns, count) {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -at, End: count - 1 - at }[key];
  if (step === undefined || count === 0) return -1;
  if (at < 0) return 0;
  const next = at + step;
  return next < 0 || next >= count ? at : next;
}
