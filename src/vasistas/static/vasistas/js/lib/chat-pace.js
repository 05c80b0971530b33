/** How new lines are told to a screen reader: each while chat is slow, a count now and then while it is fast. */

const FAST_LINES = 6; // more than this …
const FAST_WINDOW_MS = 6_000; // … within this time is too fast to read out
export const SUMMARY_EVERY_MS = 10_000;

/**
 * @typedef {{times: number[], isFast: boolean, unread: number, toldAt: number}} Pace
 * times: when the latest lines came, newest last.
 */

/** @returns {Pace} */
export function calm() {
  return { times: [], isFast: false, unread: 0, toldAt: -Infinity };
}

/**
 * @param {Pace} pace
 * @param {number} count lines that came together
 * @param {number} now milliseconds
 * @returns {{pace: Pace, summary: number}} summary: lines to announce as a number now, 0 for none
 */
export function heard(pace, count, now) {
  const fresh = [...pace.times, ...Array(Math.min(count, FAST_LINES + 1)).fill(now)];
  const times = fresh.filter((at) => now - at < FAST_WINDOW_MS).slice(-(FAST_LINES + 1));
  const isFast = times.length > FAST_LINES;
  if (!isFast) return { pace: { times, isFast, unread: 0, toldAt: pace.toldAt }, summary: 0 };
  const unread = pace.unread + count;
  if (now - pace.toldAt < SUMMARY_EVERY_MS) return { pace: { times, isFast, unread, toldAt: pace.toldAt }, summary: 0 };
  return { pace: { times, isFast, unread: 0, toldAt: now }, summary: unread };
}
