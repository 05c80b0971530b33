/** What is missing before going live. Pure. */

/**
 * @typedef {object} Readiness
 * @property {boolean} hasCamera
 * @property {boolean} hasMicrophone
 * @property {import("./meter.js").Hint} soundHint
 * @property {string} title
 * @property {{isBlank: boolean, isDark: boolean} | null} picture what the directory would show; null: not looked yet
 * @property {import("./uplink.js").Outcome | null} uplink null: not tested
 * @property {import("./devices.js").Preset} preset
 */

/** @typedef {"done" | "advice" | "missing"} ItemState */
/** @typedef {{name: "camera" | "microphone" | "title" | "thumbnail" | "uplink", state: ItemState, code: string}} Item */

export const TITLE_CHARS_MIN = 3;

/**
 * @param {Readiness} ready
 * @returns {Item[]} in the order of the page; only "missing" stands in the way
 */
export function checklist(ready) {
  return [camera(ready), microphone(ready), title(ready), thumbnail(ready), uplink(ready)];
}

/** @param {readonly Item[]} items */
export function canGoLive(items) {
  return items.every(({ state }) => state !== "missing");
}

/** @param {Readiness} ready @returns {Item} */
function camera({ hasCamera }) {
  return item("camera", hasCamera ? "done" : "missing", hasCamera ? "camera_on" : "camera_off");
}

/** @param {Readiness} ready @returns {Item} */
function microphone({ hasMicrophone, soundHint }) {
  if (!hasMicrophone) return item("microphone", "advice", "microphone_off");
  if (soundHint === "silent") return item("microphone", "advice", "microphone_silent");
  if (soundHint === "quiet") return item("microphone", "advice", "microphone_quiet");
  if (soundHint === "clipping") return item("microphone", "advice", "microphone_clipping");
  return item("microphone", "done", "microphone_on");
}

/** @param {Readiness} ready @returns {Item} */
function title({ title: words }) {
  const isLong = words.trim().length >= TITLE_CHARS_MIN;
  return item("title", isLong ? "done" : "missing", isLong ? "title_set" : "title_missing");
}

/** @param {Readiness} ready @returns {Item} */
function thumbnail({ hasCamera, picture }) {
  if (!hasCamera || !picture) return item("thumbnail", "advice", "thumbnail_none");
  if (picture.isBlank) return item("thumbnail", "advice", "thumbnail_blank");
  if (picture.isDark) return item("thumbnail", "advice", "thumbnail_dark");
  return item("thumbnail", "done", "thumbnail_ready");
}

/** @param {Readiness} ready @returns {Item} */
function uplink({ uplink: tested, preset }) {
  if (!tested) return item("uplink", "advice", "uplink_untested");
  if (!tested.recommended) return item("uplink", "advice", "uplink_weak");
  if (tested.recommended.totalBps < preset.totalBps) return item("uplink", "advice", "uplink_below");
  return item("uplink", "done", "uplink_enough");
}

/** @param {Item["name"]} name @param {ItemState} state @param {string} code @returns {Item} */
function item(name, state, code) {
  return { name, state, code: `check.${code}` };
}
