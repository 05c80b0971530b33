/**
 * `<studio-thumbnail>`: the picture of the directory. Looks at the preview every few seconds; while on air it also sends
 * what it sees. Fires `studio:picture` when `verdict` changed.
 */

import { HEIGHT, QUALITY, WIDTH, cover, delay, judge } from "../lib/thumbnail.js";
import { postTo } from "../lib/whip.js";

const FIRST_MS = 1_200; // cameras start dark
const LEAST_MS = 4_000; // between two that are sent, also when the broadcast begins anew: the site takes one in 3 s

export class StudioThumbnail extends HTMLElement {
  /** @type {{isBlank: boolean, isDark: boolean} | null} */ verdict = null;
  /** @type {HTMLVideoElement | null} the picture to look at; set by the page */ source = null;
  isSending = false;
  #failures = 0;
  #sentAt = Number.NEGATIVE_INFINITY;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  disconnectedCallback() {
    this.stop();
  }

  /** Begin, or begin anew. @param {{isSending: boolean}} options */
  watch({ isSending }) {
    this.stop();
    this.isSending = isSending;
    this.#failures = 0;
    this.#timer = setTimeout(() => this.#look(), FIRST_MS);
  }

  stop() {
    clearTimeout(this.#timer);
    this.isSending = false;
  }

  async #look() {
    const timer = this.#timer;
    const canvas = /** @type {HTMLCanvasElement} */ (this.querySelector("canvas"));
    if (this.source?.videoWidth && this.#draw(canvas, this.source)) {
      this.hidden = false;
      if (this.isSending && performance.now() - this.#sentAt > LEAST_MS) await this.#send(canvas);
    }
    if (timer === this.#timer) this.#timer = setTimeout(() => this.#look(), delay(this.#failures));
  }

  /** @param {HTMLCanvasElement} canvas @param {HTMLVideoElement} source @returns {boolean} whether it shows anything */
  #draw(canvas, source) {
    const { x, y, width, height } = cover(source.videoWidth, source.videoHeight);
    [canvas.width, canvas.height] = [WIDTH, HEIGHT];
    const paint = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    paint.drawImage(source, x, y, width, height, 0, 0, WIDTH, HEIGHT);
    const verdict = judge(paint.getImageData(0, 0, WIDTH, HEIGHT).data);
    const isNews = verdict.isBlank !== this.verdict?.isBlank || verdict.isDark !== this.verdict?.isDark;
    this.verdict = verdict;
    if (isNews) this.dispatchEvent(new CustomEvent("studio:picture", { bubbles: true }));
    return !verdict.isBlank;
  }

  /** @param {HTMLCanvasElement} canvas */
  async #send(canvas) {
    const type = "image/webp";
    const picture = await new Promise((/** @type {BlobCallback} */ resolve) => canvas.toBlob(resolve, type, QUALITY));
    if (!picture || !this.isSending) return; // cut in the meantime: this picture is nobody's any more
    const body = new FormData();
    body.append("thumbnail", picture, picture.type === type ? "now.webp" : "now.png"); // browsers without WebP write PNG
    const site = { fetch: window.fetch.bind(window), csrf: this.dataset.csrf ?? "" };
    try {
      await postTo(this.dataset.url ?? "", body, site);
      this.#failures = 0;
      this.#sentAt = performance.now();
    } catch {
      this.#failures += 1; // a missing picture hurts nobody; the next one is tried later
    }
  }
}

customElements.define("studio-thumbnail", StudioThumbnail);
