/**
 * Keeps one broadcast on its way to the media node: connects, notices loss, comes back with a new connection that takes
 * over the old one. DOM-free: peers, the site, timers and randomness come in.
 */

import { backoff, isFinal, SILENCE_MS } from "./whip-reconnect.js";
import { leave, send } from "./whip.js";

const CONNECT_MS = 8_000; // from the answer to media that flows; loopback needs 50 ms, a bad phone line 3 s

/**
 * @typedef {object} Tools
 * @property {() => any} makePeer
 * @property {import("./whip.js").Site} site
 * @property {string} url
 * @property {(run: () => void, ms: number) => any} later
 * @property {(timer: any) => void} forget
 * @property {() => number} random
 * @property {(location: string) => Promise<boolean>} isReplaced whether another session than this is on air in the room
 * @property {(status: "connected" | "lost" | "failed", error?: any) => void} onStatus
 */

export class Publisher {
  /** @type {import("./whip.js").Media | null} */
  #media = null;
  /** @type {any} */
  #peer = null;
  /** @type {import("./whip.js").Sending | null} */
  #sending = null;
  /** @type {AbortController | null} */
  #asking = null;
  #timer = /** @type {any} */ (null);
  #attempt = 0;
  #wasConnected = false;
  #location = ""; // of the latest session that stood
  #tools;

  /** @param {Tools} tools */
  constructor(tools) {
    this.#tools = tools;
  }

  /** The connection that sends now, for statistics. */
  get peer() {
    return this.#sending ? this.#peer : null;
  }

  /**
   * Begin. The first refusal is final and comes back as "failed"; later ones are retried where that can help.
   * @param {import("./whip.js").Media} media
   * @param {{isTakeover?: boolean}} [options]
   */
  start(media, { isTakeover = false } = {}) {
    this.stop();
    this.#media = media;
    this.#attempt = 0;
    this.#wasConnected = false;
    this.#location = "";
    return this.#connect(isTakeover);
  }

  /** Nothing is sent any more when this returns. */
  stop() {
    const location = this.#sending?.location;
    this.#drop();
    this.#media = null;
    if (location) leave(location, this.#tools.site);
  }

  /** Put another track in, without a new connection; kept for the next one too. @param {any} track */
  async replaceVideo(track) {
    if (this.#media) this.#media = { ...this.#media, video: track };
    await this.#sending?.videoSender.replaceTrack(track);
  }

  /** @param {any} track null: silence */
  async replaceAudio(track) {
    if (this.#media) this.#media = { ...this.#media, audio: track ?? undefined };
    await this.#sending?.audioSender.replaceTrack(track);
  }

  /**
   * Change size and rate of the layers that are being sent; those not named rest.
   * @param {ReturnType<typeof import("./devices.js").encodings>} encodings
   */
  async limit(encodings) {
    if (this.#media) this.#media = { ...this.#media, encodings };
    const sender = this.#sending?.videoSender;
    const parameters = sender?.getParameters();
    if (!parameters?.encodings?.length) return;
    for (const layer of parameters.encodings) {
      const wanted = encodings.find(({ rid }) => rid === layer.rid);
      Object.assign(layer, wanted ?? { active: false });
    }
    await sender.setParameters(parameters);
  }

  /** The node is silent: do not wait until the browser notices, it takes eight seconds. */
  giveUp() {
    if (this.#sending) this.#lost(this.#peer);
  }

  /** The network came back: do not wait for the next attempt. */
  hurry() {
    if (!this.#media || this.#peer) return;
    this.#attempt = 0;
    this.#again(0);
  }

  /** @param {boolean} isTakeover */
  async #connect(isTakeover) {
    const { makePeer, site, url, later, onStatus } = this.#tools;
    const asking = new AbortController();
    const peer = makePeer();
    this.#asking = asking;
    this.#peer = peer;
    peer.onconnectionstatechange = () => this.#changed(peer);
    try {
      const to = isTakeover ? `${url}?takeover=1` : url;
      const sending = await send(peer, { url: to, site, media: /** @type {any} */ (this.#media), signal: asking.signal });
      if (peer !== this.#peer) {
        leave(sending.location, site); // stopped in the meantime
        return;
      }
      this.#sending = sending;
      this.#location = sending.location;
      if (peer.connectionState !== "connected") this.#timer = later(() => this.#lost(peer), CONNECT_MS);
    } catch (error) {
      if (peer !== this.#peer) return;
      this.#drop();
      const { status = 0 } = /** @type {any} */ (error);
      if (!this.#wasConnected || status === 0 || isFinal(status)) onStatus("failed", error);
      else this.#again();
    }
  }

  /** @param {any} peer */
  #changed(peer) {
    if (peer !== this.#peer) return;
    const { later, forget, onStatus } = this.#tools;
    const state = peer.connectionState;
    if (state === "connected") {
      forget(this.#timer);
      this.#attempt = 0;
      this.#wasConnected = true;
      onStatus("connected");
    } else if (state === "disconnected") {
      forget(this.#timer);
      this.#timer = later(() => this.#lost(peer), SILENCE_MS);
    } else if (state === "failed" || state === "closed") {
      this.#lost(peer);
    }
  }

  /** @param {any} peer */
  #lost(peer) {
    if (peer !== this.#peer) return;
    this.#drop();
    this.#wasConnected = true; // from here on every loss is retried, also one before the first picture
    this.#tools.onStatus("lost");
    this.#again();
  }

  #again(ms = backoff(this.#attempt, this.#tools.random())) {
    this.#tools.forget(this.#timer);
    this.#attempt += 1;
    this.#timer = this.#tools.later(() => this.#return(), ms);
  }

  /** Come back, unless the host went live elsewhere: two pages must not take the room from each other for ever. */
  async #return() {
    const media = this.#media;
    const isReplaced = await this.#tools.isReplaced(this.#location).catch(() => false);
    if (media !== this.#media || this.#peer) return; // stopped, or come back, in the meantime
    if (isReplaced) this.#tools.onStatus("failed", { code: "replaced", message: "", status: 409 });
    else await this.#connect(true);
  }

  #drop() {
    const peer = this.#peer;
    this.#tools.forget(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
    this.#peer = null;
    this.#sending = null;
    if (peer) {
      peer.onconnectionstatechange = null;
      peer.close();
    }
  }
}
