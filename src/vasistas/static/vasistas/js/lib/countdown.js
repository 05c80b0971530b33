/** Three, two, one. Pure: the clock comes in. */

export const COUNTDOWN_S = 3;

/**
 * @param {number} startedAtMs
 * @param {number} nowMs
 * @param {number} [seconds]
 * @returns {{left: number, isDone: boolean}} left: the figure to show
 */
export function countdown(startedAtMs, nowMs, seconds = COUNTDOWN_S) {
  const left = Math.ceil(seconds - (nowMs - startedAtMs) / 1000);
  return { left: Math.max(0, Math.min(seconds, left)), isDone: left <= 0 };
}

/** @param {number} elapsedMs @returns {string} `4:07`, `1:04:07` */
export function elapsed(elapsedMs) {
  const total = Math.max(0, Math.floor(elapsedMs / 1000));
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (/** @type {number} */ figure) => String(figure).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}
