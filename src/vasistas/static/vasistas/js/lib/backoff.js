/** How long to wait before the next attempt: doubling, with jitter, so that a thousand pages do not come back as one. */

export const FIRST_MS = 500;
export const LONGEST_MS = 20_000;

/**
 * @param {{random?: () => number, firstMs?: number, longestMs?: number}} [options] random: 0 ≤ x < 1
 * @returns {{next: () => number, reset: () => void}} next: milliseconds, between a fifth of the step and all of it
 */
export function backoff({ random = Math.random, firstMs = FIRST_MS, longestMs = LONGEST_MS } = {}) {
  let step = 0;
  return {
    next() {
      const wholeMs = Math.min(longestMs, firstMs * 2 ** step);
      step += 1;
      return Math.round(wholeMs * (0.2 + 0.8 * random()));
    },
    reset() {
      step = 0;
    },
  };
}
