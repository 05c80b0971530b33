/** Which of the author colours of chat.css someone has: always the same in one room, told by their reference there. */

export const COLOURS = 12; // classes chat__author--0 … chat__author--11; queries.colour_of counts alike

/**
 * @param {string} ref the author's reference, hexadecimal
 * @returns {number} 0 … COLOURS - 1
 */
export function colourOf(ref) {
  const number = Number.parseInt(ref.slice(0, 8), 16);
  return Number.isNaN(number) ? 0 : number % COLOURS;
}
