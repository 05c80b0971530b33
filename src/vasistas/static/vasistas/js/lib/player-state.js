/**
 * What the player shows and when it connects: a pure state machine. Time and randomness come in; the element connects,
 * draws and tells what happened.
 *
 * phase   what is on the screen
 * room    what the site says of the room: offline, starting, live, away, private
 * attempt failed connections in a row
 * act     what to do now: "connect" after `inMs`, "close", or null
 */

/** @typedef {"waiting" | "connecting" | "playing" | "reconnecting" | "away" | "ended" | "private" | "paused" | "refused"} Phase */
/** @typedef {{phase: Phase, room: string, attempt: number, words: string, act: "connect" | "close" | null, inMs: number}} Player */
/**
 * @typedef {{type: "room", state: string} | {type: "frame"} | {type: "lost"} | {type: "pause"} | {type: "resume"}
 *   | {type: "refused", status: number | null, code: string, words: string}} Event
 */

const FIRST_MS = 200; // the first attempt after a loss; see `pauseMs`
const LONGEST_MS = 8_000;
const ABSENT_MS = 1_000; // the room is on air, its publisher is about to come back
const ARRIVAL_SPREAD_MS = 400; // so that everyone who waited does not knock at once

/** Refusals that no repetition mends. */
const FINAL = new Set([400, 401, 403, 404, 406, 410, 413, 415]);
const NOT_LIVE = "media.room_not_live";

/** @param {string} room its state @returns {Player} */
export function start(room) {
  const still = { room, attempt: 0, words: "", inMs: 0 };
  return isOnAir(room)
    ? { ...still, phase: "connecting", act: "connect" }
    : { ...still, phase: room === "private" ? "private" : "waiting", act: null };
}

/** @param {Player} player @param {Event} event @param {() => number} [random] 0 ≤ x < 1 @returns {Player} */
export function next(player, event, random = Math.random) {
  const same = { ...player, act: null, inMs: 0 };
  switch (event.type) {
    case "room":
      return roomChanged({ ...same, room: event.state }, player.room, random);
    case "frame":
      if (player.phase === "paused") return same;
      return { ...same, attempt: 0, phase: player.room === "away" ? "away" : "playing" };
    case "lost":
      return isTrying(player) ? again(same, random) : same;
    case "refused":
      return refused(same, event, random);
    case "pause":
      return isTrying(player) ? { ...same, phase: "paused", act: "close" } : same;
    case "resume":
      return player.phase === "paused" ? { ...start(player.room), act: isOnAir(player.room) ? "connect" : null } : same;
  }
}

/** @param {string} room */
function isOnAir(room) {
  return room === "live" || room === "away";
}

/** @param {Player} player */
function isTrying({ phase }) {
  return ["connecting", "playing", "reconnecting", "away"].includes(phase);
}

/** @param {Player} player @param {string} former @param {() => number} random @returns {Player} */
function roomChanged(player, former, random) {
  const { room, phase } = player;
  if (phase === "refused" || (phase === "paused" && isOnAir(room))) return player;
  if (room === "private") return { ...player, phase: "private", act: "close" };
  if (!isOnAir(room)) return { ...player, phase: isOnAir(former) ? "ended" : "waiting", attempt: 0, act: "close" };
  if (phase === "playing" || phase === "away") return { ...player, phase: room === "away" ? "away" : "playing" };
  if (phase === "connecting") return player;
  const inMs = Math.round(ARRIVAL_SPREAD_MS * random());
  return { ...player, phase: phase === "reconnecting" ? phase : "connecting", attempt: 0, act: "connect", inMs };
}

/** @param {Player} player @param {() => number} random @returns {Player} */
function again(player, random) {
  return { ...player, phase: "reconnecting", attempt: player.attempt + 1, act: "connect", inMs: pauseMs(player.attempt, random()) };
}

/** @param {Player} player @param {{status: number | null, code: string, words: string}} event @param {() => number} random @returns {Player} */
function refused(player, { status, code, words }, random) {
  if (!isTrying(player)) return player;
  if (code === NOT_LIVE) {
    const inMs = Math.round(ABSENT_MS * (1 + random()));
    return { ...player, phase: player.room === "away" ? "away" : "reconnecting", act: "connect", inMs };
  }
  if (status !== null && FINAL.has(status)) return { ...player, phase: "refused", words, act: "close" };
  return again(player, random);
}

/** Doubles, half of it random. @param {number} attempt 0 for the first @param {number} random 0 ≤ x < 1 @returns {number} */
function pauseMs(attempt, random) {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return Math.round(whole / 2 + (whole / 2) * random);
}
