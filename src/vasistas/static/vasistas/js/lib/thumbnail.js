/** The picture of the directory: how to cut it and when to send the next one. Pure. */

export const WIDTH = 640;
export const HEIGHT = 360;
export const EVERY_MS = 8_000; // the directory promises pictures at most 10 s old
export const QUALITY = 0.7;
const BACKOFF_MAX_MS = 60_000;

/**
 * The part of the source that fills the target without distortion (`object-fit: cover`).
 * @param {number} width @param {number} height of the source
 * @returns {{x: number, y: number, width: number, height: number}}
 */
export function cover(width, height) {
  const scale = Math.min(width / WIDTH, height / HEIGHT);
  const [cutWidth, cutHeight] = [Math.round(WIDTH * scale), Math.round(HEIGHT * scale)];
  return {
    x: Math.round((width - cutWidth) / 2),
    y: Math.round((height - cutHeight) / 2),
    width: cutWidth,
    height: cutHeight,
  };
}

/**
 * Whether a picture shows nothing: lens cap, first frame, broken camera.
 * @param {ArrayLike<number>} rgba
 * @returns {{isBlank: boolean, isDark: boolean}}
 */
export function judge(rgba) {
  let sum = 0;
  let squares = 0;
  const pixels = rgba.length / 4;
  for (let i = 0; i < rgba.length; i += 4) {
    const luma = 0.299 * rgba[i] + 0.587 * rgba[i + 1] + 0.114 * rgba[i + 2];
    sum += luma;
    squares += luma * luma;
  }
  const mean = pixels ? sum / pixels : 0;
  const spread = pixels ? Math.sqrt(Math.max(0, squares / pixels - mean * mean)) : 0;
  return { isBlank: spread < 2, isDark: mean < 28 };
}

/** @param {number} failures in a row @returns {number} ms until the next one */
export function delay(failures) {
  return failures === 0 ? EVERY_MS : Math.min(BACKOFF_MAX_MS, EVERY_MS * 2 ** failures);
}
