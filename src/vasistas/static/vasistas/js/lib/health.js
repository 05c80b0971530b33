/** From `RTCPeerConnection.getStats()` to figures a host understands. Pure: reports come in as plain objects. */

/**
 * @typedef {Record<string, any> & {id: string, type: string}} Report
 */

/**
 * @typedef {object} Layer
 * @property {string} rid
 * @property {number} bitrateBps
 * @property {number} fps
 * @property {number} width
 * @property {number} height
 */

/**
 * @typedef {object} Measure
 * @property {number} at ms
 * @property {number} bitrateBps all that goes over the line, padding too
 * @property {number} audioBps
 * @property {number | null} lossRatio 0…1 as the node reported it, null before the first report
 * @property {number | null} rttMs
 * @property {number} fps of the largest layer that is sent
 * @property {Layer[]} layers largest first, only those that send
 * @property {"none" | "cpu" | "bandwidth" | "other"} limitedBy
 * @property {number | null} availableBps what the browser believes the uplink carries
 * @property {string} codec `VP8`, `H264`, or empty
 * @property {number} silentMs since the node was heard last
 */

/**
 * @typedef {object} Counters
 * @property {number} at
 * @property {Map<string, number>} bytes sent, by report
 * @property {{bytes: number, at: number}} heard bytes that came back so far, and when they grew
 */

/** The node reports ten times a second: after so long without a word it is gone, long before the browser says so. */
export const GONE_MS = 2_500;

/** @typedef {"good" | "fair" | "poor"} Grade */

/**
 * @param {Iterable<Report>} reports
 * @param {Counters | null} before counters of the call before; null at first
 * @param {number} at ms, monotonic
 * @returns {{measure: Measure, counters: Counters}}
 */
export function measure(reports, before, at) {
  const all = [...reports];
  const sent = all.filter(({ type }) => type === "outbound-rtp");
  const pair = selectedPair(all);
  const heardBytes = all.find(({ type }) => type === "transport")?.bytesReceived ?? pair?.bytesReceived ?? 0; // Firefox
  const heard = before && heardBytes <= before.heard.bytes ? before.heard : { bytes: heardBytes, at };
  const bytes = new Map(sent.flatMap((report) => [[report.id, carried(report)], [`${report.id}+`, onWire(report)]]));
  const counters = { at, bytes, heard };
  const rate = (/** @type {Report} */ report) => bitsPerSecond(report.id, carried(report), before, at);
  const wireRate = (/** @type {Report} */ report) => bitsPerSecond(`${report.id}+`, onWire(report), before, at);
  const video = sent.filter(({ kind }) => kind === "video").sort((a, b) => (b.frameWidth ?? 0) - (a.frameWidth ?? 0));
  const layers = video.map((report) => layerOf(report, rate(report))).filter(({ bitrateBps }) => bitrateBps > 0);
  const audioBps = sum(sent.filter(({ kind }) => kind === "audio").map(rate));
  return {
    counters,
    measure: {
      at,
      bitrateBps: sum(sent.map(wireRate)),
      audioBps,
      lossRatio: lossOf(all, video),
      rttMs: pair?.currentRoundTripTime === undefined ? null : Math.round(pair.currentRoundTripTime * 1000),
      fps: layers[0]?.fps ?? 0,
      layers,
      limitedBy: video.find(({ qualityLimitationReason: by }) => by && by !== "none")?.qualityLimitationReason ?? "none",
      availableBps: pair?.availableOutgoingBitrate ?? null,
      silentMs: heard.bytes > 0 ? at - heard.at : 0, // a browser that counts nothing does not accuse the node
      codec: all.find(({ id }) => id === video[0]?.codecId)?.mimeType?.split("/")[1] ?? "",
    },
  };
}

/**
 * One word and one code for the state of the transmission. The worst finding wins.
 * @param {Measure | null} now
 * @param {{targetBps: number, fps: number, sinceMs: number}} wanted sinceMs: since the connection stood
 * @returns {{grade: Grade, code: string}}
 */
export function judge(now, { targetBps, fps, sinceMs }) {
  if (!now || sinceMs < 4_000) return { grade: "good", code: "health.starting" }; // the browser is still speeding up
  if (now.bitrateBps < 20_000) return { grade: "poor", code: "health.nothing_sent" };
  if ((now.lossRatio ?? 0) > 0.08) return { grade: "poor", code: "health.loss" };
  if (now.limitedBy === "bandwidth" && now.bitrateBps < targetBps * 0.35) return { grade: "poor", code: "health.bandwidth" };
  if (now.fps > 0 && now.fps < fps * 0.5) return { grade: "poor", code: "health.frames" };
  if (now.limitedBy === "cpu") return { grade: "fair", code: "health.cpu" };
  if (now.limitedBy === "bandwidth") return { grade: "fair", code: "health.bandwidth" };
  if ((now.lossRatio ?? 0) > 0.025) return { grade: "fair", code: "health.loss" };
  if ((now.rttMs ?? 0) > 400) return { grade: "fair", code: "health.delay" };
  return { grade: "good", code: "health.good" };
}

/** @param {number | null | undefined} bps @returns {string} `2.4 Mbit/s`, `640 kbit/s`, `–` */
export function bitrateText(bps) {
  if (bps === null || bps === undefined) return "–";
  return bps >= 1_000_000 ? `${(bps / 1_000_000).toFixed(1)} Mbit/s` : `${Math.round(bps / 1000)} kbit/s`;
}

/** @param {number | null | undefined} ratio @returns {string} `0.4 %` */
export function percentText(ratio) {
  return ratio === null || ratio === undefined ? "–" : `${(ratio * 100).toFixed(ratio < 0.1 ? 1 : 0)} %`;
}

/** New media alone: repeats count for the line only. @param {Report} report */
function carried(report) {
  return (report.bytesSent ?? 0) - (report.retransmittedBytesSent ?? 0);
}

/** With headers, and the padding by which the browser tries whether the line carries more. @param {Report} report */
function onWire(report) {
  return (report.bytesSent ?? 0) + (report.headerBytesSent ?? 0);
}

/** @param {string} key @param {number} bytes @param {Counters | null} before @param {number} at */
function bitsPerSecond(key, bytes, before, at) {
  const earlier = before?.bytes.get(key);
  if (!before || earlier === undefined || at <= before.at) return 0;
  return Math.max(0, Math.round(((bytes - earlier) * 8 * 1000) / (at - before.at)));
}

/** @param {Report} report @param {number} bitrateBps @returns {Layer} */
function layerOf(report, bitrateBps) {
  const { rid = "", framesPerSecond = 0, frameWidth = 0, frameHeight = 0 } = report;
  return { rid, bitrateBps, fps: Math.round(framesPerSecond), width: frameWidth, height: frameHeight };
}

/** @param {Report[]} all @param {Report[]} video @returns {number | null} the worst layer counts: it is somebody's picture */
function lossOf(all, video) {
  const ours = new Set(video.map(({ remoteId }) => remoteId).filter(Boolean));
  const losses = all
    .filter(({ type, kind, id }) => type === "remote-inbound-rtp" && kind === "video" && (!ours.size || ours.has(id)))
    .map(({ fractionLost }) => fractionLost)
    .filter((loss) => typeof loss === "number");
  return losses.length ? Math.max(...losses) : null;
}

/** @param {Report[]} all */
function selectedPair(all) {
  const transport = all.find(({ type }) => type === "transport");
  return (
    all.find(({ id }) => id === transport?.selectedCandidatePairId) ??
    all.find(({ type, nominated, state }) => type === "candidate-pair" && nominated && state === "succeeded")
  );
}

/** @param {number[]} figures */
function sum(figures) {
  return figures.reduce((total, figure) => total + figure, 0);
}
