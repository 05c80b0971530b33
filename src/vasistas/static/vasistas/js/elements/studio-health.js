/** `<studio-health>`: how the broadcast is doing, in one word, a few figures and a minute of curve. */

import { bitrateText, percentText } from "../lib/health.js";
import { append, paths } from "../lib/health-sparkline.js";
import { wordsOf } from "../lib/studio-words.js";

const BOX = { width: 300, height: 56, ceiling: 300_000 }; // the viewBox of the SVG in the template

export class StudioHealth extends HTMLElement {
  /** @type {readonly number[]} */ #bitrates = [];
  #code = "";
  /** @type {Map<string, number>} rid → bit/s as the node counts; the browser counts padding in */ #arrived = new Map();

  /**
   * @param {import("../lib/health.js").Measure} now
   * @param {{grade: string, code: string}} verdict
   */
  show(now, verdict) {
    const [largest] = now.layers;
    this.#figure("bitrate", bitrateText(now.bitrateBps));
    this.#figure("loss", percentText(now.lossRatio));
    this.#figure("rtt", now.rttMs === null ? "–" : `${now.rttMs} ms`);
    this.#figure("picture", largest ? `${largest.width}×${largest.height}` : "–");
    this.#figure("fps", largest ? String(now.fps) : "–");
    this.#figure("codec", now.codec || "–");
    this.#layers(now.layers);
    this.#say(verdict);
    this.#bitrates = append(this.#bitrates, now.bitrateBps);
    const { line, area } = paths(this.#bitrates, BOX);
    this.querySelector("[data-part=line]")?.setAttribute("d", line);
    this.querySelector("[data-part=area]")?.setAttribute("d", area);
  }

  /**
   * What arrives at the media node.
   * @param {{bitrate_bps?: number, layers?: {rid: string, bitrate_bps: number}[]}} report
   */
  showReceived({ bitrate_bps: bitrate, layers = [] }) {
    if (bitrate === undefined) return;
    this.#figure("received", bitrateText(bitrate));
    this.#arrived = new Map(layers.map((layer) => [layer.rid, layer.bitrate_bps]));
  }

  reset() {
    this.#bitrates = [];
    this.#arrived.clear();
    this.#code = "";
  }

  /** @param {{grade: string, code: string}} verdict */
  #say({ grade, code }) {
    this.dataset.grade = grade;
    if (code === this.#code) return; // a live region speaks only of changes
    this.#code = code;
    const say = wordsOf(document);
    /** @type {HTMLElement} */ (this.querySelector("[data-part=grade]")).textContent = say(`grade.${grade}`);
    /** @type {HTMLElement} */ (this.querySelector("[data-part=words]")).textContent = say(code);
  }

  /** @param {import("../lib/health.js").Layer[]} layers */
  #layers(layers) {
    const rows = layers.map(({ rid, width, height, fps, bitrateBps }) => {
      const row = document.createElement("tr");
      const rate = bitrateText(this.#arrived.get(rid) ?? bitrateBps);
      for (const text of [`${width}×${height}`, `${fps}`, rate]) row.insertCell().textContent = text;
      return row;
    });
    this.querySelector("[data-part=layers]")?.replaceChildren(...rows);
  }

  /** @param {string} name @param {string} text */
  #figure(name, text) {
    const place = this.querySelector(`[data-figure=${name}]`);
    if (place) place.textContent = text;
  }
}

customElements.define("studio-health", StudioHealth);
