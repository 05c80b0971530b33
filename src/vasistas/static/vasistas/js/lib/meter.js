/** How loud the microphone is, and what to say about it. Pure: samples and times come in. */

export const QUIET_DB = -42; // below this for QUIET_AFTER_MS: hard to hear on a phone
export const SILENT_DB = -75; // below this: most likely muted at the device
export const CLIPPED = 0.985; // of full scale
const QUIET_AFTER_MS = 4_000;
const CLIPPING_SHOWN_MS = 2_500;
const FLOOR_DB = -60; // left end of the scale

/** @typedef {"waiting" | "silent" | "quiet" | "good" | "clipping"} Hint */

/**
 * @param {ArrayLike<number>} samples between -1 and 1
 * @returns {{rms: number, peak: number}}
 */
export function loudness(samples) {
  let sum = 0;
  let peak = 0;
  for (let i = 0; i < samples.length; i += 1) {
    const value = Math.abs(samples[i]);
    sum += value * value;
    if (value > peak) peak = value;
  }
  return { rms: samples.length ? Math.sqrt(sum / samples.length) : 0, peak };
}

/** @param {number} amplitude 0…1 @returns {number} dBFS, never below -100 */
export function decibels(amplitude) {
  return Math.max(-100, 20 * Math.log10(Math.max(amplitude, 1e-5)));
}

/** @param {number} db @returns {number} 0…1 on the scale that is drawn */
export function position(db) {
  return Math.min(1, Math.max(0, (db - FLOOR_DB) / -FLOOR_DB));
}

/** Keeps a few seconds of levels and turns them into one hint. */
export class Meter {
  /** @type {{at: number, db: number}[]} oldest first, at most QUIET_AFTER_MS long */
  #levels = [];
  #startedAt = -1;
  #clippedAt = Number.NEGATIVE_INFINITY;
  #peak = 0;

  /**
   * @param {{rms: number, peak: number}} level
   * @param {number} atMs
   * @returns {{level: number, peak: number, hint: Hint}} level and peak as positions 0…1
   */
  push({ rms, peak }, atMs) {
    if (this.#startedAt < 0) this.#startedAt = atMs;
    if (peak >= CLIPPED) this.#clippedAt = atMs;
    this.#levels.push({ at: atMs, db: decibels(rms) });
    while (this.#levels[0].at < atMs - QUIET_AFTER_MS) this.#levels.shift();
    this.#peak = Math.max(position(decibels(peak)), this.#peak - 0.012); // falls slowly, so that eyes can follow
    return { level: position(decibels(rms)), peak: this.#peak, hint: this.#hint(atMs) };
  }

  /** @param {number} atMs @returns {Hint} */
  #hint(atMs) {
    if (atMs - this.#clippedAt < CLIPPING_SHOWN_MS) return "clipping";
    const loudest = Math.max(...this.#levels.map(({ db }) => db));
    if (loudest >= QUIET_DB) return "good";
    if (atMs - this.#startedAt < QUIET_AFTER_MS) return "waiting";
    return loudest < SILENT_DB ? "silent" : "quiet";
  }
}
