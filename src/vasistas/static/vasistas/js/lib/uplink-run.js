/**
 * Runs the uplink test over the real way in: a probe session, as much as the line takes, ten seconds.
 * DOM-free: the peer, the site, the track and the clock come in.
 */

import { measure } from "./health.js";
import { CAP_BPS, capOf, outcome, progress, TEST_MS } from "./uplink.js";
import { leave, postTo } from "./whip.js";

const LOOK_MS = 500;

/**
 * @typedef {object} Run
 * @property {any} peer a fresh RTCPeerConnection
 * @property {any} track noise: a picture that needs every bit it is given
 * @property {string} url
 * @property {import("./whip.js").Site} site
 * @property {AbortSignal} signal
 * @property {() => number} now ms, monotonic
 * @property {(ms: number) => Promise<void>} wait
 * @property {(share: number, bitrateBps: number) => void} onProgress
 */

/**
 * @param {Run} run
 * @returns {Promise<import("./uplink.js").Outcome | null>} null: the line never stood
 */
export async function testUplink(run) {
  const { peer, track, url, site, signal } = run;
  let location = "";
  try {
    const encodings = [{ maxBitrate: CAP_BPS, maxFramerate: 30 }];
    peer.addTransceiver(track, { direction: "sendonly", sendEncodings: encodings });
    await peer.setLocalDescription();
    const response = await postTo(url, peer.localDescription.sdp, { ...site, type: "application/sdp" }, signal);
    location = response.headers.get("Location") ?? "";
    const answer = await response.text();
    await peer.setRemoteDescription({ type: "answer", sdp: answer });
    return outcome({ ...(await observe(run, location)), capBps: capOf(answer) });
  } finally {
    if (location) leave(location, site).finally(() => peer.close()); // the site first: it still knows the session then
    else peer.close();
  }
}

/** @param {Run} run @param {string} location */
async function observe({ peer, site, signal, now, wait, onProgress }, location) {
  /** @type {import("./uplink.js").Sample[]} */ const sent = [];
  /** @type {import("./uplink.js").Sample[]} */ const received = [];
  /** @type {import("./health.js").Counters | null} */ let counters = null;
  const startedAt = now();
  for (let at = 0; at < TEST_MS; at = now() - startedAt) {
    signal.throwIfAborted();
    await wait(LOOK_MS);
    const reports = (await peer.getStats()).values();
    const look = measure(reports, counters, now());
    const isFirst = counters === null;
    counters = look.counters;
    const elapsedMs = now() - startedAt;
    const { bitrateBps, lossRatio, rttMs, availableBps } = look.measure;
    if (!isFirst) sent.push({ at: elapsedMs, bitrateBps, lossRatio, rttMs, availableBps });
    const seen = await ask(location, site, signal);
    if (seen) {
      const { bitrate_bps: arrived, loss_ratio: lost = null, rtt_ms: round = null } = seen;
      received.push({ at: elapsedMs, bitrateBps: arrived, lossRatio: lost, rttMs: round });
    }
    onProgress(progress(elapsedMs), (received.at(-1) ?? sent.at(-1))?.bitrateBps ?? 0);
  }
  return { sent, received };
}

/**
 * What the node received; null when it does not answer.
 * @param {string} location
 * @param {import("./whip.js").Site} site
 * @param {AbortSignal} signal
 */
async function ask(location, { fetch }, signal) {
  const response = await fetch(location, { headers: { Accept: "application/json" }, signal }).catch(() => null);
  return response?.ok ? response.json() : null;
}
