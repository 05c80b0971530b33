/** Amounts in words, as templates say them (apps/wallet/templatetags/wallet_tags.py). Minor units are cents. */

const MINOR = 100;
const PLACES_MAX = 3;

/** `1234` at 10 minor units a credit: `123.4`. @param {number} minor @param {number} creditMinor @param {string} language @returns {string} */
export function credits(minor, creditMinor, language) {
  return new Intl.NumberFormat(language, { maximumFractionDigits: PLACES_MAX, useGrouping: false }).format(minor / creditMinor);
}

/** `1234`: `€12.34`. @param {number} minor @param {string} currency @param {string} language @returns {string} */
export function money(minor, currency, language) {
  return new Intl.NumberFormat(language, { style: "currency", currency, useGrouping: false }).format(minor / MINOR);
}
