/** What the page of a show does on an event, and how its clock reads. Pure. */

/**
 * @typedef {{key: string, ref?: string, delivered_s?: number, spent_minor?: number, left_s?: number | null}} Told
 * @typedef {"figures" | "refresh" | null} Answer figures: of one's own seat, in the event; refresh: read the state anew
 */

/**
 * @param {{key: string, ref: string, isHost: boolean}} page
 * @param {string} tag
 * @param {Told} told
 * @returns {Answer}
 */
export function answer({ key, ref, isHost }, tag, told) {
  if (!tag.startsWith("shows.") || told.key !== key || tag === "shows.line.said") return null;
  if (tag !== "shows.ticked") return "refresh";
  if (isHost) return "refresh"; // sums over all seats are not in the event
  return told.ref === ref ? "figures" : null;
}

/** `0:05`, `12:40`, `1:02:03`. @param {number} seconds @returns {string} */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (/** @type {number} */ figure) => String(figure).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Not more often than every `everyMs`; the last one asked for always runs. @param {() => void} act @param {number} everyMs @param {(act: () => void, ms: number) => any} later */
export function paced(act, everyMs, later = setTimeout) {
  let isWaiting = false;
  let isAsked = false;
  const run = () => {
    isWaiting = true;
    isAsked = false;
    act();
    later(() => {
      isWaiting = false;
      if (isAsked) run();
    }, everyMs);
  };
  return () => {
    isAsked = true;
    if (!isWaiting) run();
  };
}
