/** The life of one broadcast in the page, as a table. Pure. */

/** @typedef {"setup" | "counting" | "connecting" | "live" | "reconnecting" | "ended"} Phase */
/** @typedef {"count" | "cancel" | "go" | "connected" | "lost" | "failed" | "stop" | "again"} Step */

/** @type {Readonly<Record<Phase, Partial<Record<Step, Phase>>>>} */
const TABLE = Object.freeze({
  setup: { count: "counting", stop: "ended" }, // stop: the panic button works always; the room may be live elsewhere
  counting: { cancel: "setup", go: "connecting", stop: "ended" },
  connecting: { connected: "live", failed: "setup", lost: "reconnecting", stop: "ended" },
  live: { lost: "reconnecting", failed: "ended", stop: "ended" },
  reconnecting: { connected: "live", failed: "ended", stop: "ended" },
  ended: { again: "setup", stop: "ended" },
});

/**
 * @param {Phase} phase
 * @param {Step} step
 * @returns {Phase} the same phase when the step means nothing there: a late answer changes nothing
 */
export function next(phase, step) {
  return TABLE[phase][step] ?? phase;
}

/** Whether viewers may see this camera, or are about to. @param {Phase} phase */
export function isOnAir(phase) {
  return phase === "connecting" || phase === "live" || phase === "reconnecting";
}

/** Whether leaving the page would end something. @param {Phase} phase */
export function mustWarn(phase) {
  return isOnAir(phase) || phase === "counting";
}
