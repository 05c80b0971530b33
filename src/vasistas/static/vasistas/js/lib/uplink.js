/** The uplink test: ten seconds over the real way in, then one recommendation. Pure: samples and times come in. */

import { PRESETS } from "./devices.js";

export const TEST_MS = 10_000;
export const RAMP_MS = 4_500; // the browser finds the rate of the line in this time; earlier samples say little
export const CAP_BPS = 8_000_000; // nobody needs more here, and a shared line should not be filled
const CAP_REACHED = 0.95; // of the cap: then the cap is what was measured, not the line
const LOSS_NONE = 0.02;
export const HEADROOM = 1.25; // a line that just carries it breaks at the first neighbour who uploads
const LOSS_BAD = 0.05;
const SAMPLES_MIN = 3;

/**
 * @typedef {object} Sample
 * @property {number} at ms since the connection stood
 * @property {number} bitrateBps
 * @property {number | null} lossRatio
 * @property {number | null} rttMs
 * @property {number | null} [availableBps] what the browser believes the line carries
 */

/**
 * @typedef {object} Outcome
 * @property {number} bitrateBps what the line carried
 * @property {number} lossRatio
 * @property {number | null} rttMs
 * @property {boolean} isCapped more may be possible: the test went as far as the media node lets anybody go
 * @property {import("./devices.js").Preset | null} recommended null: too weak for the smallest
 * @property {"good" | "fair" | "poor"} grade
 * @property {string} code words: `uplink.good`, …
 */

/**
 * @param {string} answer SDP of the media node
 * @returns {number} how far the test can go: `b=AS` (RFC 8866, 5.8) is in kbit/s
 */
export function capOf(answer) {
  const stated = /^b=AS:(\d+)\r?$/m.exec(answer);
  return stated ? Math.min(CAP_BPS, Number(stated[1]) * 1000) : CAP_BPS;
}

/**
 * @param {{sent: readonly Sample[], received: readonly Sample[], capBps?: number}} samples sent: as the browser counts. received: as the
 * media node counts; that is the truth where it answered.
 * @returns {Outcome | null} null: too few samples to say anything
 */
export function outcome({ sent, received, capBps = CAP_BPS }) {
  const [settledSent, settledReceived] = [settled(sent), settled(received)];
  const truth = settledReceived.length >= SAMPLES_MIN ? settledReceived : settledSent;
  if (truth.length < SAMPLES_MIN) return null;
  const bitrateBps = median(truth.map(({ bitrateBps: bps }) => bps));
  const losses = known(settledSent.map(({ lossRatio }) => lossRatio), truth.map(({ lossRatio }) => lossRatio));
  const lossRatio = losses.length ? mean(losses) : 0;
  const delays = known(settledSent.map(({ rttMs }) => rttMs), truth.map(({ rttMs }) => rttMs));
  const believed = known(settledSent.map(({ availableBps = null }) => availableBps));
  const isCapped = believed.length > 0 && median(believed) >= capBps * CAP_REACHED;
  const recommended = recommend(bitrateBps, lossRatio, isCapped && lossRatio < LOSS_NONE ? capBps : 0);
  return {
    bitrateBps: Math.round(bitrateBps),
    lossRatio,
    rttMs: delays.length ? Math.round(median(delays)) : null,
    isCapped,
    recommended,
    ...grade(recommended, lossRatio, bitrateBps),
  };
}

/**
 * The largest preset the line carries with room to spare; one smaller when packets get lost.
 * @param {number} bitrateBps
 * @param {number} lossRatio
 * @param {number} [provenBps] the cap, where the line reached it: what lies beyond is not known, and not needed
 * @returns {import("./devices.js").Preset | null}
 */
export function recommend(bitrateBps, lossRatio, provenBps = 0) {
  const fits = (/** @type {number} */ bps) => bps * HEADROOM <= bitrateBps || bps <= provenBps;
  const carried = Object.values(PRESETS).filter(({ totalBps }) => fits(totalBps));
  if (carried.length > 1 && lossRatio > LOSS_BAD) return carried[carried.length - 2];
  return carried[carried.length - 1] ?? null;
}

/** @param {number} elapsedMs @returns {number} 0…1 */
export function progress(elapsedMs) {
  return Math.min(1, Math.max(0, elapsedMs / TEST_MS));
}

/** @param {ReturnType<typeof recommend>} recommended @param {number} lossRatio @param {number} bitrateBps */
function grade(recommended, lossRatio, bitrateBps) {
  if (bitrateBps < 30_000) return /** @type {const} */ ({ grade: "poor", code: "uplink.nothing" });
  if (!recommended) return /** @type {const} */ ({ grade: "poor", code: "uplink.too_weak" });
  if (lossRatio > LOSS_BAD) return /** @type {const} */ ({ grade: "fair", code: "uplink.lossy" });
  if (recommended.name === "saver") return /** @type {const} */ ({ grade: "fair", code: "uplink.narrow" });
  return /** @type {const} */ ({ grade: "good", code: "uplink.good" });
}

/** @param {readonly Sample[]} samples */
function settled(samples) {
  return samples.filter(({ at }) => at >= RAMP_MS);
}

/** The first list that knows anything. @param {(number | null)[][]} lists @returns {number[]} */
function known(...lists) {
  for (const list of lists) {
    const figures = list.filter((figure) => figure !== null);
    if (figures.length) return /** @type {number[]} */ (figures);
  }
  return [];
}

/** @param {readonly number[]} figures @returns {number} */
export function median(figures) {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {readonly number[]} figures */
function mean(figures) {
  return figures.reduce((total, figure) => total + figure, 0) / figures.length;
}
