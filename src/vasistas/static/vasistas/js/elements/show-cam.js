/** `<show-cam>`: cam to cam. Whoever pays sends their camera (WHIP), the host sees it (WHEP). Off until asked for. */

import { leave as leaveWatching, play } from "../lib/whep.js";
import { leave as leaveSending, send } from "../lib/whip.js";

const PICTURE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { max: 30 } };
const BITRATE_BPS = 800_000;

class ShowCam extends HTMLElement {
  #life = new AbortController();
  /** @type {RTCPeerConnection | null} */ #peer = null;
  /** @type {MediaStream | null} */ #own = null;
  #location = "";

  connectedCallback() {
    this.#life = new AbortController();
    const { signal } = this.#life;
    this.#part("[data-start]").addEventListener("click", () => this.#start(), { signal });
    this.#part("[data-stop]").addEventListener("click", () => this.#stop(), { signal });
    window.addEventListener("pagehide", () => this.#stop(), { signal });
  }

  disconnectedCallback() {
    this.#life.abort();
    this.#stop();
  }

  get #site() {
    return { fetch: (/** @type {any[]} */ ...request) => this.#fetch(request[0], request[1]), csrf: this.dataset.csrf ?? "" };
  }

  /** @param {RequestInfo} url @param {RequestInit} [options] */
  #fetch(url, options = {}) {
    return fetch(url, { ...options, headers: { ...options.headers, "X-CSRFToken": this.dataset.csrf ?? "" } });
  }

  async #start() {
    this.#stop();
    this.#tell("");
    this.#peer = new RTCPeerConnection();
    try {
      await (this.dataset.mode === "send" ? this.#sendOwn(this.#peer) : this.#watch(this.#peer));
      this.#draw(true);
    } catch {
      this.#stop();
      this.#tell(this.dataset.wordsRefused ?? "");
    }
  }

  /** @param {RTCPeerConnection} peer */
  async #sendOwn(peer) {
    this.#own = await navigator.mediaDevices.getUserMedia({ video: PICTURE, audio: true });
    const [video] = this.#own.getVideoTracks();
    const [audio] = this.#own.getAudioTracks();
    const media = { video, audio, encodings: [{ maxBitrate: BITRATE_BPS }] };
    const sending = await send(peer, { url: this.dataset.url ?? "", site: this.#site, media });
    this.#location = sending.location;
    this.#show(this.#own);
  }

  /** @param {RTCPeerConnection} peer */
  async #watch(peer) {
    const stream = new MediaStream();
    peer.addEventListener("track", ({ track }) => stream.addTrack(track));
    this.#location = await play(peer, { url: this.dataset.url ?? "", fetch: this.#site.fetch });
    this.#show(stream);
  }

  /** @param {MediaStream} stream */
  #show(stream) {
    const video = /** @type {HTMLVideoElement} */ (this.#part("video"));
    video.srcObject = stream;
    video.muted = this.dataset.mode === "send";
    video.play().catch(() => null);
  }

  #stop() {
    const [peer, own, location] = [this.#peer, this.#own, this.#location];
    this.#peer = null;
    this.#own = null;
    this.#location = "";
    for (const track of own?.getTracks() ?? []) track.stop();
    peer?.close();
    if (location && this.dataset.mode === "send") leaveSending(location, this.#site);
    if (location && this.dataset.mode === "see") leaveWatching(location, this.#site.fetch);
    this.#draw(false);
  }

  /** @param {boolean} isOn */
  #draw(isOn) {
    this.#part("video").hidden = !isOn;
    this.#part("[data-start]").hidden = isOn;
    this.#part("[data-stop]").hidden = !isOn;
  }

  /** @param {string} words */
  #tell(words) {
    this.#part("[data-told]").textContent = words;
  }

  /** @param {string} selector @returns {HTMLElement} */
  #part(selector) {
    return /** @type {HTMLElement} */ (this.querySelector(selector));
  }
}

customElements.define("show-cam", ShowCam);
