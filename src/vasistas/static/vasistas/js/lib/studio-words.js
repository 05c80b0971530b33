/** The page's sentences, translated by the server and found by code. Pure. */

/**
 * @param {Readonly<Record<string, string>>} table code → sentence with `{name}` gaps
 * @returns {(code: string, gaps?: Record<string, string | number>) => string}
 */
export function words(table) {
  return (code, gaps = {}) => {
    const sentence = table[code] ?? code; // a missing sentence shows its code: visible, and found by the tests
    return sentence.replace(/\{(\w+)\}/g, (gap, name) => String(gaps[name] ?? gap));
  };
}

/** The table the server put into the page. @param {Document} page */
export function wordsOf(page) {
  return words(JSON.parse(page.getElementById("studio-words")?.textContent || "{}"));
}
