/** When to try again after the way to the media node broke. Pure: randomness comes in. */

const FIRST_MS = 250;
const LONGEST_MS = 8_000;
export const SILENCE_MS = 2_000; // "disconnected" heals by itself within this time or not at all

/** Refusals that no repetition mends. */
const FINAL = new Set([400, 401, 403, 404, 406, 409, 413, 415]);

/**
 * @param {number} attempt 0 for the first
 * @param {number} random 0…1
 * @returns {number} ms to wait: doubles, half of it random, so that many hosts do not return in step
 */
export function backoff(attempt, random) {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return Math.round(whole / 2 + (whole / 2) * random);
}

/**
 * @param {number | null} status of the refusal; null: no answer at all
 * @returns {boolean}
 */
export function isFinal(status) {
  return status !== null && FINAL.has(status);
}
