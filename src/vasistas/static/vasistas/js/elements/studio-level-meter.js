/** `<studio-level-meter>`: shows how loud a microphone track is, and says when that is a problem. */

import { Meter, loudness } from "../lib/meter.js";
import { wordsOf } from "../lib/studio-words.js";

const LOOK_MS = 50;
const SPOKEN_EVERY_MS = 1_000; // aria-valuenow: often enough to follow, seldom enough to stand

export class StudioLevelMeter extends HTMLElement {
  /** @type {AudioContext | null} */ #context = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;
  #spokenAt = 0;
  /** @type {MediaStreamTrack | null} */ #track = null;

  /** @type {import("../lib/meter.js").Hint} */
  hint = "waiting";

  disconnectedCallback() {
    this.listen(null);
  }

  /** @param {MediaStreamTrack | null} track null: stop listening */
  listen(track) {
    if (track === this.#track) return;
    this.#track = track;
    clearInterval(this.#timer);
    this.#context?.close();
    this.#context = null;
    this.#show({ level: 0, peak: 0, hint: "waiting" }, 0);
    if (!track) return;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 2048; // 43 ms at 48 kHz: about one look
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const meter = new Meter();
    this.#context = context;
    this.#timer = setInterval(() => {
      if (context.state === "suspended") context.resume(); // browsers start it asleep until the first click
      if (context.state !== "running" || !track.enabled) return;
      analyser.getFloatTimeDomainData(samples);
      this.#show(meter.push(loudness(samples), performance.now()), performance.now());
    }, LOOK_MS);
  }

  /** @param {{level: number, peak: number, hint: import("../lib/meter.js").Hint}} shown @param {number} at */
  #show({ level, peak, hint }, at) {
    this.style.setProperty("--level", String(level));
    this.style.setProperty("--peak", String(peak));
    if (at - this.#spokenAt > SPOKEN_EVERY_MS) {
      this.#spokenAt = at;
      this.querySelector("[role=meter]")?.setAttribute("aria-valuenow", String(Math.round(level * 100)));
    }
    if (hint === this.hint) return;
    this.hint = hint;
    this.dataset.hint = hint;
    const line = this.querySelector("[data-part=hint]");
    if (line) line.textContent = wordsOf(document)(`sound.${hint}`);
    this.dispatchEvent(new CustomEvent("studio:sound", { bubbles: true }));
  }
}

customElements.define("studio-level-meter", StudioLevelMeter);
