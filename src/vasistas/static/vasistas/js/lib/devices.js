/** Presets, constraints and lists of devices. Pure: the browser's objects come in as arguments. */

/**
 * @typedef {object} Preset
 * @property {"saver" | "standard" | "high"} name
 * @property {number} width
 * @property {number} height
 * @property {number} bitrateBps of the largest layer
 * @property {number} totalBps of everything sent: all layers and the sound
 */

const SOUND_BPS = 64_000;

const LINES_OF_THREE_LAYERS = 540;

/** Lower layers in shares of the largest one; the sums are what an uplink must carry. */
const LAYER_SHARES = { m: 0.3, l: 0.09 };

/** @param {Preset["name"]} name @param {number} width @param {number} height @param {number} bitrateBps */
function preset(name, width, height, bitrateBps) {
  const layers = height < LINES_OF_THREE_LAYERS ? 1 + LAYER_SHARES.m : 1 + LAYER_SHARES.m + LAYER_SHARES.l;
  const totalBps = Math.round(bitrateBps * layers) + SOUND_BPS;
  return Object.freeze({ name, width, height, bitrateBps, totalBps });
}

/** @type {Readonly<Record<Preset["name"], Preset>>} */
export const PRESETS = Object.freeze({
  saver: preset("saver", 854, 480, 800_000),
  standard: preset("standard", 1280, 720, 2_000_000),
  high: preset("high", 1920, 1080, 4_000_000),
});

/** @param {string | undefined} name */
export function presetNamed(name) {
  return Object.values(PRESETS).find((each) => each.name === name) ?? PRESETS.standard;
}

/**
 * What to send: one encoding per simulcast layer, smallest first. Chromium sends only two layers of a picture below 540
 * lines, and drops the largest of three; so only two are asked for there, and a picture that gets smaller while on air
 * is scaled here instead of in the camera.
 * @param {Preset} chosen
 * @param {number} fps
 * @param {number} [cameraHeight] lines of the track
 */
export function encodings({ bitrateBps, height }, fps, cameraHeight = height) {
  const scale = Math.max(1, cameraHeight / height);
  /** @param {string} rid @param {number} by @param {number} share */
  const layer = (rid, by, share) => ({
    rid,
    active: true,
    scaleResolutionDownBy: by * scale,
    maxBitrate: Math.round(bitrateBps * share),
    maxFramerate: fps,
  });
  const layers = [layer("m", 2, LAYER_SHARES.m), layer("h", 1, 1)];
  if (cameraHeight < LINES_OF_THREE_LAYERS) return layers;
  const low = { ...layer("l", 4, LAYER_SHARES.l), maxFramerate: Math.min(fps, 30) };
  return [{ ...low, active: height >= LINES_OF_THREE_LAYERS }, ...layers];
}

/**
 * @typedef {object} Choice
 * @property {string} [cameraId]
 * @property {string} [microphoneId]
 * @property {Preset} preset
 * @property {number} fps
 * @property {boolean} [isStudioSound] sound as it is: no echo or noise suppression (music)
 */

/**
 * Constraints for the camera. Sizes are wishes (`ideal`): a small camera is better than none. A device is exact:
 * when the chosen one is gone, say so instead of showing another room.
 * @param {Choice} choice
 */
export function videoConstraints({ cameraId, preset: { width, height }, fps }) {
  return {
    ...(cameraId ? { deviceId: { exact: cameraId } } : {}),
    width: { ideal: width },
    height: { ideal: height },
    frameRate: { ideal: fps, max: 60 },
  };
}

/** @param {Choice} choice */
export function audioConstraints({ microphoneId, isStudioSound = false }) {
  return {
    ...(microphoneId ? { deviceId: { exact: microphoneId } } : {}),
    echoCancellation: !isStudioSound,
    noiseSuppression: !isStudioSound,
    autoGainControl: !isStudioSound,
  };
}

/**
 * Options of a picker. Before permission the browser hides labels and ids; such entries are numbered or dropped.
 * @param {ReadonlyArray<{kind: string, deviceId: string, label: string}>} devices
 * @param {"videoinput" | "audioinput"} kind
 * @param {(number: number) => string} numbered
 * @returns {{id: string, label: string}[]}
 */
export function options(devices, kind, numbered) {
  return devices
    .filter((device) => device.kind === kind && device.deviceId !== "" && device.deviceId !== "communications")
    .map((device, index) => ({ id: device.deviceId, label: device.label || numbered(index + 1) }));
}

/**
 * Put the wished codec first and keep the rest: the offer still lists what a node without it could answer.
 * @template {{mimeType: string}} Codec
 * @param {ReadonlyArray<Codec>} codecs
 * @param {string} wished "vp8" or "h264"
 * @returns {Codec[]}
 */
export function preferCodec(codecs, wished) {
  const isWished = (/** @type {Codec} */ codec) => codec.mimeType.toLowerCase() === `video/${wished}`;
  return [...codecs.filter(isWished), ...codecs.filter((codec) => !isWished(codec))];
}
