/** Tips of one room: what the panel says, as plain values. Pure. */

export const LATEST = 5; // tips shown, as queries.LATEST says
const BASE_HZ = 523.25; // C5
const SCALE = [1, 1.25, 1.5, 2]; // a major chord
const STEP_S = 0.09;

/**
 * @typedef {{id: number, name: string, ref: string, amount_minor: number, item: string, text: string, at: number}} Tip
 * @typedef {{goal_id: number | null, title: string, target_minor: number, reached_minor: number, is_first: boolean}} Goal
 */

/** `1234` as `123.4`. @param {number} minor @param {number} creditMinor @returns {string} */
export function credits(minor, creditMinor) {
  return (minor / creditMinor).toLocaleString("en", { maximumFractionDigits: 2, useGrouping: false });
}

/** `1234` as `€12.34`. @param {number} minor @param {string} sign @returns {string} */
export function money(minor, sign) {
  return `${sign}${(minor / 100).toFixed(2)}`;
}

/** Put values into words with {holes}. @param {string} words @param {Record<string, string>} values @returns {string} */
export function filled(words, values) {
  return words.replaceAll(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);
}

/**
 * The newest first, each once, `max` at most.
 * @param {Tip[]} tips
 * @param {Tip} tip
 * @param {number} [max]
 * @returns {Tip[]}
 */
export function withTip(tips, tip, max = LATEST) {
  if (tips.some((one) => one.id === tip.id)) return tips;
  return [tip, ...tips].toSorted((one, other) => other.id - one.id).slice(0, max);
}

/**
 * Take the words of a tip away.
 * @param {Tip[]} tips
 * @param {number} id
 * @returns {Tip[]}
 */
export function silenced(tips, id) {
  return tips.map((tip) => (tip.id === id ? { ...tip, text: "" } : tip));
}

/**
 * A tip as a line of the chat.
 * @param {Tip} tip
 * @param {string} gave "Vi tipped …"
 * @returns {{id: 0, key: string, author: string, author_ref: "", role: "member", text: string, at: number}}
 */
export function asLine(tip, gave) {
  const text = [tip.item, tip.text].filter(Boolean).join(" · ");
  return { id: 0, key: `tip ${tip.id}`, author: gave, author_ref: "", role: "member", text, at: tip.at };
}

/**
 * The notes of one tip: the more, the more of a chord. Of a goal that is reached: all of it.
 * @param {number} minor
 * @param {number} creditMinor
 * @returns {{hz: number, at_s: number}[]} when each begins, from now
 */
export function notes(minor, creditMinor) {
  const count = Math.min(SCALE.length, 1 + Math.floor(Math.log10(Math.max(1, minor / creditMinor))));
  return SCALE.slice(0, count).map((ratio, index) => ({ hz: BASE_HZ * ratio, at_s: index * STEP_S }));
}

/** Whether a room in this state may be tipped. @param {string} state @returns {boolean} */
export function isOnAir(state) {
  return state === "live" || state === "away";
}

/** @param {Goal} goal @returns {number} 0 to 100 */
export function percent({ target_minor: target, reached_minor: reached }) {
  return target > 0 ? Math.min(100, Math.floor((reached * 100) / target)) : 0;
}

/**
 * Which of two is the later: events may cross. Later goals have higher ids; of one goal the higher sum is the later one.
 * @param {Goal} shown
 * @param {Goal} told
 * @returns {Goal}
 */
export function later(shown, told) {
  if (shown.goal_id === null || told.goal_id === null) return told;
  if (shown.goal_id !== told.goal_id) return shown.goal_id > told.goal_id ? shown : told;
  return shown.reached_minor > told.reached_minor ? shown : told;
}
