/** The chat's requests. They never throw: no answer is an answer too. */

/** @param {string} address @returns {Promise<any>} null when it did not work */
export async function getJson(address) {
  try {
    const response = await fetch(address, { headers: { Accept: "application/json" } });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** @param {string} address @returns {Promise<string | null>} */
export async function getText(address) {
  try {
    const response = await fetch(address);
    return response.ok && !response.redirected ? await response.text() : null;
  } catch {
    return null;
  }
}

/**
 * @param {string} address
 * @param {FormData} form
 * @returns {Promise<{answer?: any, error?: string, retryAfterS?: number}>} error: words of the server, "" when it has none
 */
export async function post(address, form) {
  const body = new URLSearchParams([...form].map(([name, value]) => [name, String(value)]));
  try {
    const response = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" } });
    const answer = await response.json();
    if (response.ok) return { answer };
    return { error: answer.message ?? "", retryAfterS: Number(response.headers.get("Retry-After")) };
  } catch {
    return { error: "" };
  }
}
