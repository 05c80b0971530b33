/** What a viewer's connection measures, from two reports of `RTCPeerConnection.getStats()`. Pure. */

/**
 * @typedef {object} Reading
 * @property {number} at milliseconds
 * @property {number} heard bytes of anything from the node, its own reports too: it sends one every half second
 * @property {number} bytes received, picture and sound
 * @property {number} frames decoded
 * @property {number} received packets
 * @property {number} lost packets
 * @property {number} delayS summed over all emitted samples
 * @property {number} emitted samples
 * @property {number} width
 * @property {number} height
 * @property {number | null} rttMs
 */

/** @typedef {{width: number, height: number, fps: number, kbps: number, lossPercent: number, rttMs: number | null, delayMs: number | null}} Figures */

/** @param {Iterable<any>} report values of an RTCStatsReport @param {number} at milliseconds @returns {Reading} */
export function read(report, at) {
  const reading = { at, heard: 0, bytes: 0, frames: 0, received: 0, lost: 0, delayS: 0, emitted: 0, width: 0, height: 0, rttMs: null };
  for (const entry of report) {
    if (entry.type === "inbound-rtp") readStream(reading, entry);
    if (entry.type === "transport") reading.heard += entry.bytesReceived ?? 0;
    if (entry.type === "candidate-pair" && entry.nominated && entry.currentRoundTripTime !== undefined) {
      Object.assign(reading, { rttMs: Math.round(entry.currentRoundTripTime * 1000) });
    }
  }
  return reading;
}

/** @param {Reading} reading @param {any} entry */
function readStream(reading, entry) {
  reading.bytes += entry.bytesReceived ?? 0;
  reading.received += entry.packetsReceived ?? 0;
  reading.lost += Math.max(0, entry.packetsLost ?? 0);
  if (entry.kind !== "video") return;
  reading.frames = entry.framesDecoded ?? 0;
  reading.width = entry.frameWidth ?? 0;
  reading.height = entry.frameHeight ?? 0;
  reading.delayS = entry.jitterBufferDelay ?? 0;
  reading.emitted = entry.jitterBufferEmittedCount ?? 0;
}

/** @param {Reading} before @param {Reading} after @returns {Figures} delayMs: from the node to the screen, estimated */
export function figures(before, after) {
  const seconds = Math.max(0.001, (after.at - before.at) / 1000);
  const received = after.received - before.received;
  const lost = Math.max(0, after.lost - before.lost);
  const emitted = after.emitted - before.emitted;
  const bufferMs = emitted > 0 ? ((after.delayS - before.delayS) / emitted) * 1000 : null;
  return {
    width: after.width,
    height: after.height,
    fps: Math.max(0, Math.round((after.frames - before.frames) / seconds)),
    kbps: Math.max(0, Math.round(((after.bytes - before.bytes) * 8) / seconds / 1000)),
    lossPercent: received + lost > 0 ? Math.round((1000 * lost) / (received + lost)) / 10 : 0,
    rttMs: after.rttMs,
    delayMs: bufferMs === null ? null : Math.round(bufferMs + (after.rttMs ?? 0) / 2),
  };
}

/**
 * Whether the line is dead: nothing at all came for `silentMs`. A host whose camera stalls is no dead line: the node's
 * own reports go on.
 * @param {{heard: number, sinceMs: number}} silence bytes at the latest change and when that was
 * @param {Reading} reading
 * @param {number} silentMs
 * @returns {{heard: number, sinceMs: number, isDead: boolean}}
 */
export function listen(silence, reading, silentMs) {
  if (reading.heard !== silence.heard) return { heard: reading.heard, sinceMs: reading.at, isDead: false };
  return { ...silence, isDead: reading.at - silence.sinceMs >= silentMs };
}
