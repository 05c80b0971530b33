/**
 * `<studio-devices>`: the pickers, and the tracks they choose. Fires `studio:tracks` when a track is another one,
 * `studio:choice` when preset or rate changed, `studio:faults` when something is wrong or right again.
 */

import { Capture, release } from "../lib/devices-capture.js";
import { encodings, options, presetNamed, videoConstraints } from "../lib/devices.js";
import { faultOfPage } from "../lib/devices-errors.js";
import { wordsOf } from "../lib/studio-words.js";

export class StudioDevices extends HTMLElement {
  /** @type {MediaStreamTrack | null} */ video = null;
  /** @type {MediaStreamTrack | null} */ audio = null;
  /** @type {Map<"page" | "video" | "audio", string>} what is at fault → code */ faults = new Map();
  /** @type {Capture | null} */ #capture = null;
  /** @type {AbortController | null} */ #listening = null;
  isOnAir = false; // then the camera's picture never shrinks: see encodings() in lib/devices.js
  #asked = 0; // counts openings: an answer to an older question is let go at once

  connectedCallback() {
    const situation = {
      isSecure: window.isSecureContext,
      hasDevices: Boolean(navigator.mediaDevices?.getUserMedia),
      hasPeer: typeof RTCPeerConnection === "function",
    };
    const { mediaDevices, permissions } = navigator;
    const onFault = (/** @type {"video" | "audio"} */ kind, /** @type {string} */ code) => this.#taken(kind, code);
    this.#capture = new Capture({ mediaDevices, permissions, situation, onFault });
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.addEventListener("change", (event) => this.#changed(/** @type {HTMLInputElement} */ (event.target)), { signal });
    mediaDevices?.addEventListener("devicechange", () => this.#list(), { signal });
    const fault = faultOfPage({ ...situation, wanted: "both" });
    if (fault) this.#fault("page", fault);
    else this.#list();
  }

  disconnectedCallback() {
    this.#listening?.abort();
    this.release();
  }

  /** @returns {import("../lib/devices.js").Choice} */
  get choice() {
    const value = (/** @type {string} */ name) =>
      /** @type {HTMLInputElement | null} */ (this.querySelector(`[name=${name}]:checked, select[name=${name}]`))?.value;
    return {
      cameraId: value("camera") || undefined,
      microphoneId: value("microphone") || undefined,
      preset: presetNamed(value("preset")),
      fps: Number(value("fps") ?? 30),
      isStudioSound: value("studio_sound") === "on",
    };
  }

  /** What to send of the camera as it is now. */
  encodings() {
    const { preset, fps } = this.choice;
    return encodings(preset, fps, this.video?.getSettings().height);
  }

  /** "vp8" or "h264" */
  get codec() {
    return /** @type {HTMLSelectElement | null} */ (this.querySelector("select[name=codec]"))?.value ?? "vp8";
  }

  get canOpenUnasked() {
    return this.faults.has("page") ? Promise.resolve(false) : this.#capture?.isGranted() ?? Promise.resolve(false);
  }

  /** Ask for camera and microphone, together. */
  async open() {
    if (!this.#capture || this.faults.has("page")) return;
    const question = ++this.#asked;
    const opened = await this.#capture.open(this.choice);
    if (question !== this.#asked) {
      release([opened.video, opened.audio]);
      return;
    }
    this.faults.clear();
    for (const code of opened.faults) this.faults.set(code.startsWith("microphone.") ? "audio" : "video", code);
    this.#take("video", opened.video);
    this.#take("audio", opened.audio);
    this.#tell("studio:faults");
    await this.#list();
  }

  async openCamera() {
    await this.#reopen("video");
  }

  /** Let the camera go, light and all; the microphone too when `sound` is given. @param {{withSound?: boolean}} [options] */
  release({ withSound = true } = {}) {
    this.#asked += 1;
    release(withSound ? [this.video, this.audio] : [this.video]);
    this.video = null;
    if (withSound) this.audio = null;
    this.#tell("studio:tracks");
  }

  /** Mark the preset the uplink test found. @param {string | null} name */
  recommend(name) {
    for (const card of this.querySelectorAll("[data-preset]")) {
      const mark = card.querySelector("[data-part=recommended]");
      if (mark instanceof HTMLElement) mark.hidden = /** @type {HTMLElement} */ (card).dataset.preset !== name;
    }
  }

  /** @param {HTMLInputElement} control */
  async #changed({ name }) {
    if (name === "camera" && this.video) await this.#reopen("video");
    else if (name === "camera") this.#tell("studio:retry"); // the chosen one instead of the one that is gone
    if ((name === "microphone" || name === "studio_sound") && this.audio) await this.#reopen("audio");
    if (name === "preset" || name === "fps") {
      const { deviceId: _device, ...size } = /** @type {any} */ (videoConstraints(this.choice));
      const isSmaller = this.choice.preset.height < (this.video?.getSettings().height ?? 0);
      if (!(this.isOnAir && isSmaller)) await this.video?.applyConstraints(size).catch(() => null); // it keeps what it can
      this.#tell("studio:choice");
    }
  }

  /**
   * Open the chosen device anew; some give one stream only, so a busy one is tried again without the old track.
   * @param {"video" | "audio"} kind
   */
  async #reopen(kind) {
    if (!this.#capture) return;
    const question = ++this.#asked;
    const capture = this.#capture;
    const open = () => (kind === "video" ? capture.openCamera(this.choice) : capture.openMicrophone(this.choice));
    let opened = await open();
    if (opened?.fault?.endsWith(".busy") && this[kind]) {
      release([this[kind]]);
      opened = await open();
    }
    const track = opened?.[kind] ?? null;
    if (question !== this.#asked) {
      release([track]);
      return;
    }
    if (opened?.fault) {
      this.#fault(kind, opened.fault);
      return; // the old track goes on where it still lives
    }
    this.faults.delete(kind);
    this.#take(kind, track);
    this.#tell("studio:faults");
  }

  /** @param {"video" | "audio"} kind @param {MediaStreamTrack | null} track */
  #take(kind, track) {
    if (this[kind] !== track) release([this[kind]]);
    this[kind] = track;
    if (track && kind === "video") track.contentHint = "motion";
    this.#tell("studio:tracks");
  }

  /** A device was unplugged, paused, or the permission taken back. @param {"video" | "audio"} kind @param {string} code */
  #taken(kind, code) {
    const isPaused = code === "camera.paused";
    if (isPaused && (!this.video || this.video.readyState === "ended")) return;
    if (!isPaused) {
      if (this[kind]?.readyState !== "ended") return; // another track has taken its place
      this[kind] = null;
      this.#tell("studio:tracks");
    } else {
      this.video?.addEventListener("unmute", () => this.#mended("video"), { once: true });
    }
    this.#fault(kind, code);
  }

  /** @param {"page" | "video" | "audio"} what @param {string} code */
  #fault(what, code) {
    this.faults.set(what, code);
    this.#tell("studio:faults");
  }

  /** @param {"video" | "audio"} what */
  #mended(what) {
    this.faults.delete(what);
    this.#tell("studio:faults");
  }

  /** Fill the pickers; before permission browsers tell neither names nor ids. */
  async #list() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const say = wordsOf(document);
    /** @type {["camera" | "microphone", "videoinput" | "audioinput", MediaStreamTrack | null][]} */
    const pickers = [["camera", "videoinput", this.video], ["microphone", "audioinput", this.audio]];
    for (const [name, kind, track] of pickers) {
      const select = /** @type {HTMLSelectElement | null} */ (this.querySelector(`select[name=${name}]`));
      if (!select) continue;
      const found = options(devices, kind, (number) => say(`devices.${name}_numbered`, { number }));
      const current = track?.getSettings().deviceId ?? select.value;
      select.replaceChildren(...found.map(({ id, label }) => new Option(label, id, false, id === current)));
      if (!found.length) select.append(new Option(say(track ? `devices.${name}_in_use` : `devices.${name}_default`), ""));
      select.disabled = found.length === 0;
    }
  }

  /** @param {string} type */
  #tell(type) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true }));
  }
}

customElements.define("studio-devices", StudioDevices);
