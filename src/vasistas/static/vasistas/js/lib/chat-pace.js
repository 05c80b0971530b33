/** How new lines are told to a screen reader: each while chat is slow, a count now and then while it is fast. */

const FAST_LINES = 6; // more than this …
const FAST_WINDOW_MS = 6_000; // … within this time is too fast to read out
export const SUMMARY_EVERY_MS = 10_000;

/**
 * @typedef {{times: number[], isFast: boolean, unread: number}} Pace
 * times: when the latest lines came, newest last. unread: lines that came while it was fast, told by nobody yet.
 */

/** @returns {Pace} */
export function calm() {
  return { times: [], isFast: false, unread: 0 };
}

/**
 * @param {Pace} pace
 * @param {number} now milliseconds
 * @returns {Pace} one more line came; once fast, it stays so until `summary` finds it calm
 */
export function heard(pace, now) {
  const times = [...pace.times, now].filter((at) => now - at < FAST_WINDOW_MS).slice(-(FAST_LINES + 1));
  const isFast = pace.isFast || times.length > FAST_LINES;
  return { times, isFast, unread: isFast ? pace.unread + 1 : 0 };
}

/**
 * Asked every SUMMARY_EVERY_MS while it is fast.
 * @param {Pace} pace
 * @param {number} now milliseconds
 * @returns {{pace: Pace, count: number}} count: lines to announce as a number, 0 for none
 */
export function summary(pace, now) {
  const times = pace.times.filter((at) => now - at < FAST_WINDOW_MS);
  return { pace: { times, isFast: times.length > FAST_LINES, unread: 0 }, count: pace.unread };
}
