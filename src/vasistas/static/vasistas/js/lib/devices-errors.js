/**
 * Why there is no picture or no sound: from what the browser says to a code that has its own words and its own remedy
 * (`vasistas.pages.studio_words`). Pure; the order of the table decides, first match wins.
 */

/** @typedef {"camera" | "microphone" | "both"} Wanted */

/**
 * @typedef {object} Situation
 * @property {Wanted} wanted what was asked for
 * @property {boolean} [isSecure] `window.isSecureContext`
 * @property {boolean} [hasDevices] `navigator.mediaDevices.getUserMedia` exists
 * @property {boolean} [hasPeer] `RTCPeerConnection` exists
 * @property {{camera?: string, microphone?: string}} [permissions] answers of the Permissions API, where it answers
 */

/** @typedef {{name?: string, message?: string, constraint?: string}} MediaFault */

/** Every code this module can return; each has a title and a remedy. */
export const CODES = Object.freeze([
  "page.insecure",
  "browser.too_old",
  "both.refused",
  "camera.refused",
  "microphone.refused",
  "permission.dismissed",
  "permission.system",
  "both.none",
  "camera.none",
  "microphone.none",
  "camera.busy",
  "microphone.busy",
  "camera.impossible",
  "camera.unplugged",
  "microphone.unplugged",
  "camera.paused",
  "devices.unknown",
]);

/**
 * What is wrong before anything is asked of the person, or null.
 * @param {Situation} situation
 * @returns {string | null}
 */
export function faultOfPage({ isSecure = true, hasDevices = true, hasPeer = true }) {
  if (!isSecure) return "page.insecure"; // an insecure page hides mediaDevices too: this answer is the useful one
  if (!hasPeer || !hasDevices) return "browser.too_old";
  return null;
}

/** @type {ReadonlyArray<[(error: MediaFault, situation: Situation) => boolean, (situation: Situation) => string]>} */
const TABLE = [
  [named("NotAllowedError", /system/i), () => "permission.system"],
  [named("NotAllowedError", /dismiss/i), () => "permission.dismissed"],
  [named("NotAllowedError"), refused],
  [named("SecurityError"), refused],
  [named("NotFoundError"), ({ wanted }) => `${wanted}.none`],
  [named("NotReadableError"), ({ wanted }) => `${one(wanted)}.busy`],
  [named("AbortError"), ({ wanted }) => `${one(wanted)}.busy`], // the device gave up while it was being opened
  [named("OverconstrainedError", /deviceId/), ({ wanted }) => `${one(wanted)}.unplugged`],
  [named("OverconstrainedError"), () => "camera.impossible"],
  [named("TypeError"), () => "browser.too_old"],
];

/**
 * @param {MediaFault} error what `getUserMedia` threw
 * @param {Situation} situation
 * @returns {string} one of CODES
 */
export function explain(error, situation) {
  const ofPage = faultOfPage(situation);
  if (ofPage) return ofPage;
  const row = TABLE.find(([matches]) => matches(error, situation));
  const code = row ? row[1](situation) : "devices.unknown";
  return CODES.includes(code) ? code : "devices.unknown";
}

/**
 * A track that ended by itself: the device is gone, or the person took the permission back.
 * @param {"video" | "audio"} kind
 * @param {string | undefined} permission
 * @returns {string}
 */
export function explainEnded(kind, permission) {
  const device = kind === "video" ? "camera" : "microphone";
  return permission === "denied" ? `${device}.refused` : `${device}.unplugged`;
}

/** @param {string} name @param {RegExp} [words] */
function named(name, words) {
  return (/** @type {MediaFault} */ error) =>
    error.name === name && (!words || words.test(`${error.constraint ?? ""} ${error.message ?? ""}`));
}

/** @param {Situation} situation */
function refused({ wanted, permissions = {} }) {
  if (wanted !== "both") return `${wanted}.refused`;
  if (permissions.camera === "denied" && permissions.microphone !== "denied") return "camera.refused";
  if (permissions.microphone === "denied" && permissions.camera !== "denied") return "microphone.refused";
  return "both.refused";
}

/** The camera is the device that matters: a fault of "both" that no one can tell apart is told of the camera. */
function one(/** @type {Wanted} */ wanted) {
  return wanted === "both" ? "camera" : wanted;
}
