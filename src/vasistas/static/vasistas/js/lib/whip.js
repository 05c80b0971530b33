/**
 * Sending by WHIP (RFC 9725): one offer, one answer, no renegotiation. A reconnect is a new connection that takes over.
 * DOM-free: `RTCPeerConnection`, `fetch` and the tracks come in.
 */

import { preferCodec } from "./devices.js";

/** A refusal of the site, with its own words. */
export class WhipRefused extends Error {
  /** @param {number | null} status null: no answer @param {string} code @param {string} message */
  constructor(status, code, message) {
    super(message);
    this.name = "WhipRefused";
    this.status = status;
    this.code = code;
  }
}

/**
 * @typedef {object} Site
 * @property {typeof globalThis.fetch} fetch
 * @property {string} csrf token for the header
 */

/**
 * @typedef {object} Media
 * @property {any} video a MediaStreamTrack
 * @property {any} [audio]
 * @property {object[]} encodings of the picture
 * @property {{mimeType: string}[]} [codecs] in the order of preference
 */

/**
 * @typedef {object} Sending
 * @property {any} peer
 * @property {any} videoSender
 * @property {any} audioSender sends nothing until a track is put in
 * @property {string} location of the session
 */

/** @param {any} capabilities of `RTCRtpSender.getCapabilities("video")` @param {string} wished */
export function codecOrder(capabilities, wished) {
  return capabilities ? preferCodec(capabilities.codecs, wished) : [];
}

/**
 * Offer, send, apply the answer. The peer is closed again when anything fails.
 * @param {any} peer a fresh RTCPeerConnection
 * @param {{url: string, site: Site, media: Media, signal?: AbortSignal}} options
 * @returns {Promise<Sending>}
 */
export async function send(peer, { url, site, media, signal }) {
  try {
    const video = peer.addTransceiver(media.video, { direction: "sendonly", sendEncodings: media.encodings });
    if (media.codecs?.length && video.setCodecPreferences) video.setCodecPreferences(media.codecs);
    const audio = peer.addTransceiver(media.audio ?? "audio", { direction: "sendonly" });
    await peer.setLocalDescription();
    const answer = await post(url, peer.localDescription.sdp, site, signal);
    signal?.throwIfAborted();
    await peer.setRemoteDescription({ type: "answer", sdp: answer.sdp });
    await keepShape(video.sender);
    return { peer, videoSender: video.sender, audioSender: audio.sender, location: answer.location };
  } catch (error) {
    peer.close();
    throw error;
  }
}

/** Tell the site that a session is over. Outlives the page. @param {string} location @param {Site} site */
export function leave(location, { fetch, csrf }) {
  return fetch(location, { method: "DELETE", keepalive: true, headers: { "X-CSRFToken": csrf } }).catch(() => null);
}

/**
 * POST to the site with its token, and read a refusal's words.
 * @param {string} url
 * @param {BodyInit | null} body
 * @param {Site & {type?: string, keepalive?: boolean}} site
 * @param {AbortSignal} [signal]
 * @returns {Promise<Response>}
 */
export async function postTo(url, body, { fetch, csrf, type, keepalive = false }, signal) {
  const accepted = { "X-CSRFToken": csrf, Accept: "application/json, application/sdp" };
  const headers = type ? { ...accepted, "Content-Type": type } : accepted;
  const response = await fetch(url, { method: "POST", headers, body, keepalive, signal }).catch((error) => {
    throw signal?.aborted ? error : new WhipRefused(null, "site.unreachable", String(error));
  });
  if (response.ok) return response;
  const { code = "site.failed", message = "" } = await response.json().catch(() => ({}));
  throw new WhipRefused(response.status, code, message);
}

/** @param {string} url @param {string} sdp @param {Site} site @param {AbortSignal} [signal] */
async function post(url, sdp, site, signal) {
  const response = await postTo(url, sdp, { ...site, type: "application/sdp" }, signal);
  return { sdp: await response.text(), location: response.headers.get("Location") ?? "" };
}

/** On a weak line a camera picture should get smaller before it starts to stutter. @param {any} sender */
async function keepShape(sender) {
  const parameters = sender.getParameters?.();
  if (!parameters?.encodings?.length) return;
  await sender.setParameters({ ...parameters, degradationPreference: "balanced" }).catch(() => null); // a wish only
}
