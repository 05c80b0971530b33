/** `<studio-uplink>`: the ten-second test of the line. Fires `studio:uplink` when `outcome` changed. */

import { bitrateText, percentText } from "../lib/health.js";
import { wordsOf } from "../lib/studio-words.js";
import { testUplink } from "../lib/uplink-run.js";

const [WIDTH, HEIGHT, SPARE, FPS] = [640, 360, 64, 30];
const GRAIN = 32; // of 255: finer grain leaves bits unused, coarser makes the encoder brake

export class StudioUplink extends HTMLElement {
  /** @type {import("../lib/uplink.js").Outcome | null} */ outcome = null;
  /** @type {AbortController | null} */ #running = null;
  #say = (/** @type {string} */ code, /** @type {Record<string, string | number>} */ _gaps = {}) => code;

  connectedCallback() {
    this.#say = wordsOf(document);
    this.#button.addEventListener("click", () => (this.#running ? this.stop() : this.#run()));
  }

  disconnectedCallback() {
    this.stop();
  }

  /** Stop the test: going live needs the line. */
  stop() {
    this.#running?.abort();
  }

  get #button() {
    return /** @type {HTMLButtonElement} */ (this.querySelector("[data-part=run]"));
  }

  async #run() {
    const running = new AbortController();
    this.#running = running;
    this.#show("running", this.#say("uplink.running"));
    const noise = startNoise();
    try {
      const [track] = noise.stream.getVideoTracks();
      this.outcome = await testUplink({
        track,
        peer: new RTCPeerConnection({ bundlePolicy: "max-bundle" }),
        url: this.dataset.url ?? "",
        site: { fetch: (...request) => window.fetch(...request), csrf: this.dataset.csrf ?? "" },
        signal: running.signal,
        now: () => performance.now(),
        wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        onProgress: (share, bitrateBps) => this.#progress(share, bitrateBps),
      });
      this.#finished();
    } catch (error) {
      if (running.signal.aborted) this.#show("idle", this.#say("uplink.stopped"));
      else this.#show("failed", /** @type {Error} */ (error).message || this.#say("uplink.failed"));
    } finally {
      noise.stop();
      this.#running = null;
      this.#button.textContent = this.#say("uplink.again");
      this.dispatchEvent(new CustomEvent("studio:uplink", { bubbles: true }));
    }
  }

  #finished() {
    const { outcome } = this;
    if (!outcome) {
      this.#show("failed", this.#say("uplink.nothing"));
      return;
    }
    const preset = this.#say(`preset.${outcome.recommended?.name ?? "saver"}`);
    this.#show(outcome.grade, this.#say(outcome.code, { preset }));
    const atLeast = outcome.isCapped ? "≥ " : "";
    this.#figure("bitrate", atLeast + bitrateText(outcome.bitrateBps));
    this.#figure("loss", percentText(outcome.lossRatio));
    this.#figure("rtt", outcome.rttMs === null ? "–" : `${outcome.rttMs} ms`);
  }

  /** @param {number} share @param {number} bitrateBps */
  #progress(share, bitrateBps) {
    const bar = /** @type {HTMLProgressElement} */ (this.querySelector("progress"));
    bar.value = share;
    this.#figure("bitrate", bitrateText(bitrateBps));
  }

  /** @param {string} state @param {string} words */
  #show(state, words) {
    this.dataset.state = state;
    const isRunning = state === "running";
    const bar = /** @type {HTMLProgressElement} */ (this.querySelector("progress"));
    bar.hidden = !isRunning;
    if (isRunning) bar.value = 0;
    /** @type {HTMLElement} */ (this.querySelector("[data-part=figures]")).hidden = state === "idle" || state === "failed";
    /** @type {HTMLElement} */ (this.querySelector("[data-part=words]")).textContent = words;
    if (isRunning) this.#button.textContent = this.#say("uplink.stop");
  }

  /** @param {string} name @param {string} text */
  #figure(name, text) {
    /** @type {HTMLElement} */ (this.querySelector(`[data-figure=${name}]`)).textContent = text;
  }
}

/** A picture that cannot be compressed: the encoder needs every bit it is given, so the line is really filled. */
function startNoise() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const tile = document.createElement("canvas");
  [tile.width, tile.height] = [WIDTH + SPARE, HEIGHT + SPARE];
  const paint = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
  const pixels = paint.createImageData(tile.width, tile.height);
  const words = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < words.length; i += 1) words[i] = 0xff000000 | (Math.floor(112 + Math.random() * GRAIN) * 0x010101);
  paint.putImageData(pixels, 0, 0);
  const target = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const draw = () => target.drawImage(tile, -Math.random() * SPARE, -Math.random() * SPARE);
  draw();
  const timer = setInterval(draw, 1000 / FPS);
  const stream = canvas.captureStream(FPS);
  const stop = () => {
    clearInterval(timer);
    for (const track of stream.getTracks()) track.stop();
  };
  return { stream, stop };
}

customElements.define("studio-uplink", StudioUplink);
