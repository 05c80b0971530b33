/**
 * Watching by WHEP (draft-ietf-wish-whep): one offer, one answer, no renegotiation. A reconnect is a new connection.
 * DOM-free: `RTCPeerConnection` and `fetch` come in.
 */

/** A refusal of the site, with its own words; status null: no answer at all. */
export class WhepRefused extends Error {
  /** @param {number | null} status @param {string} code @param {string} message */
  constructor(status, code, message) {
    super(message);
    this.name = "WhepRefused";
    this.status = status;
    this.code = code;
  }
}

const JITTER_BUFFER_MS = 40; // enough for a good line; the browser raises it by itself on a bad one

/**
 * Offer to receive one picture and one sound, apply the answer. The peer is closed again when anything fails.
 * @param {any} peer a fresh RTCPeerConnection
 * @param {{url: string, fetch: typeof globalThis.fetch, signal?: AbortSignal}} options
 * @returns {Promise<string>} address of the session, to be deleted when done
 */
export async function play(peer, { url, fetch, signal }) {
  try {
    for (const kind of ["video", "audio"]) {
      const { receiver } = peer.addTransceiver(kind, { direction: "recvonly" });
      if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = JITTER_BUFFER_MS;
    }
    await peer.setLocalDescription();
    const response = await post(url, peer.localDescription.sdp, fetch, signal);
    const sdp = await response.text();
    const location = response.headers.get("Location") ?? "";
    if (signal?.aborted) leave(location, fetch);
    signal?.throwIfAborted();
    await peer.setRemoteDescription({ type: "answer", sdp });
    return location;
  } catch (error) {
    peer.close();
    throw error;
  }
}

/** Tell the site that nobody watches any more. Outlives the page. @param {string} location @param {typeof globalThis.fetch} fetch */
export function leave(location, fetch) {
  return location ? fetch(location, { method: "DELETE", keepalive: true }).catch(() => null) : Promise.resolve(null);
}

/** @param {string} url @param {string} sdp @param {typeof globalThis.fetch} fetch @param {AbortSignal} [signal] */
async function post(url, sdp, fetch, signal) {
  const headers = { "Content-Type": "application/sdp", Accept: "application/sdp, application/json" };
  const response = await fetch(url, { method: "POST", headers, body: sdp, signal }).catch((error) => {
    throw signal?.aborted ? error : new WhepRefused(null, "site.unreachable", String(error));
  });
  if (response.ok) return response;
  const { code = "site.failed", message = "" } = await response.json().catch(() => ({}));
  throw new WhepRefused(response.status, code, message);
}
