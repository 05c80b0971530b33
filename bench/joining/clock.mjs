/**
 * A clock that survives a video codec: 24 bits of milliseconds and 8 bits to check them, as a board of large black and
 * white cells. Pure: knows numbers only, no canvas.
 */

export const COLUMNS = 8;
export const ROWS = 4;
const VALUE_BITS = 24;
const WRAP = 2 ** VALUE_BITS; // 4.6 hours
const DARK = 90;
const LIGHT = 165;

/** @param {number} value 24 bits */
function check(value) {
  return ((value ^ (value >> 8) ^ (value >> 16)) & 0xff) ^ 0xa5; // an all black or all white picture is no clock
}

/**
 * The cells for a moment, row by row; true is white.
 * @param {number} ms
 * @returns {boolean[]}
 */
export function encode(ms) {
  const value = Math.round(ms) % WRAP;
  const sum = check(value);
  const bits = (/** @type {number} */ number, /** @type {number} */ count) =>
    Array.from({ length: count }, (_, place) => ((number >> place) & 1) === 1);
  return [...bits(value, VALUE_BITS), ...bits(sum, 8)];
}

/**
 * The moment modulo 2^24 ms, or null when a cell is grey or the check fails.
 * @param {number[]} lights of the cells' middles, 0 to 255
 * @returns {number | null}
 */
export function decode(lights) {
  if (lights.length !== COLUMNS * ROWS || lights.some((light) => light > DARK && light < LIGHT)) return null;
  const read = (/** @type {number} */ from, /** @type {number} */ count) =>
    lights.slice(from, from + count).reduce((sum, light, place) => sum + (light >= LIGHT ? 2 ** place : 0), 0);
  const value = read(0, VALUE_BITS);
  return read(VALUE_BITS, 8) === check(value) ? value : null;
}

/**
 * Milliseconds since the moment that was read.
 * @param {number} now
 * @param {number} value of `decode`
 */
export function age(now, value) {
  return (((now - value) % WRAP) + WRAP) % WRAP;
}
