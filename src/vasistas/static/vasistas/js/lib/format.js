/** Figures in words, as templates say them (pages/templatetags/faces.py). */

/** `950`, `1.2K`, `34K`, `1.2M`. @param {number} count @returns {string} */
export function compact(count) {
  let figure = count;
  for (const unit of ["", "K", "M"]) {
    if (figure < 1000 || unit === "M") {
      const shown = unit && figure < 10 ? (Math.floor(figure * 10) / 10).toFixed(1) : String(Math.floor(figure));
      return shown.replace(/\.0$/, "") + unit;
    }
    figure /= 1000;
  }
  return String(count);
}

/** `850 kbit/s`, `2.4 Mbit/s`. @param {number} kbps @returns {string} */
export function bitrate(kbps) {
  return kbps < 1000 ? `${Math.round(kbps)} kbit/s` : `${(kbps / 1000).toFixed(1)} Mbit/s`;
}
