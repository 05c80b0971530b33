/** A minute of figures as one line. Pure. */

export const POINTS_MAX = 60;

/**
 * @param {readonly number[]} values oldest first
 * @param {number} value
 * @returns {number[]} at most POINTS_MAX, newest last
 */
export function append(values, value) {
  return [...values, value].slice(-POINTS_MAX);
}

/**
 * @param {readonly number[]} values oldest first
 * @param {{width: number, height: number, ceiling: number}} box ceiling: the value that touches the top, at least
 * @returns {{line: string, area: string}} SVG path data; the newest value stands at the right edge
 */
export function paths(values, { width, height, ceiling }) {
  if (values.length < 2) return { line: "", area: "" };
  const top = Math.max(ceiling, ...values) * 1.08;
  const step = width / (POINTS_MAX - 1);
  const x = (/** @type {number} */ index) => round(width - (values.length - 1 - index) * step);
  const y = (/** @type {number} */ value) => round(height - (Math.max(0, value) / top) * height);
  const line = values.map((value, index) => `${index ? "L" : "M"}${x(index)} ${y(value)}`).join("");
  return { line, area: `${line}L${width} ${height}L${x(0)} ${height}Z` };
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
