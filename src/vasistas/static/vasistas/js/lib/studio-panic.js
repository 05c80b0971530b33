/**
 * The panic key: Escape, twice, within 0.7 seconds. It exists on every keyboard layout, is found in the dark, and one
 * press alone (closing a list, leaving full screen) does nothing. Pure.
 */

export const WINDOW_MS = 700;

/** @returns {(press: {key: string, repeat: boolean, at: number}) => boolean} true: cut now */
export function panicKey() {
  let latest = Number.NEGATIVE_INFINITY;
  return ({ key, repeat, at }) => {
    if (repeat) return false; // a key held down is one press
    if (key !== "Escape") {
      latest = Number.NEGATIVE_INFINITY;
      return false;
    }
    const isSecond = at - latest <= WINDOW_MS;
    latest = isSecond ? Number.NEGATIVE_INFINITY : at;
    return isSecond;
  };
}
