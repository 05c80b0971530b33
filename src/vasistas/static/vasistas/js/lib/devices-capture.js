/**
 * Opens camera and microphone, and finds out which of the two is at fault when the browser only says "no".
 * DOM-free: `navigator.mediaDevices` and `navigator.permissions` come in.
 */

import { audioConstraints, videoConstraints } from "./devices.js";
import { explain, explainEnded } from "./devices-errors.js";

/** Asking again after these would only show the browser's question twice. */
const ASK_NO_MORE = new Set([
  "permission.dismissed",
  "permission.system",
  "both.refused",
  "page.insecure",
  "browser.too_old",
]);

/**
 * @typedef {object} Opened
 * @property {any} video a MediaStreamTrack or null
 * @property {any} audio a MediaStreamTrack or null
 * @property {string[]} faults codes of devices-errors, the camera's first
 */

export class Capture {
  #devices;
  #permissions;
  #situation;
  #onFault;

  /**
   * @param {object} browser
   * @param {any} browser.mediaDevices
   * @param {any} [browser.permissions]
   * @param {Partial<import("./devices-errors.js").Situation>} browser.situation
   * @param {(kind: "video" | "audio", code: string) => void} browser.onFault a track that ended or paused by itself
   */
  constructor({ mediaDevices, permissions, situation, onFault }) {
    this.#devices = mediaDevices;
    this.#permissions = permissions;
    this.#situation = situation;
    this.#onFault = onFault;
  }

  /** @param {import("./devices.js").Choice} choice @returns {Promise<Opened>} never rejects */
  async open(choice) {
    const both = await this.#ask("both", { video: videoConstraints(choice), audio: audioConstraints(choice) });
    if (!both.fault) return { video: both.video, audio: both.audio, faults: [] };
    if (ASK_NO_MORE.has(both.fault)) return { video: null, audio: null, faults: [both.fault] };
    const camera = both.fault === "camera.refused" ? both : await this.openCamera(choice);
    const microphone = both.fault === "microphone.refused" ? both : await this.openMicrophone(choice);
    const faults = [camera.fault, microphone.fault].filter((fault) => fault !== null);
    const isBare = faults.includes("camera.none") && faults.includes("microphone.none");
    return { video: camera.video, audio: microphone.audio, faults: isBare ? ["both.none"] : faults };
  }

  /** @param {import("./devices.js").Choice} choice */
  openCamera(choice) {
    return this.#ask("camera", { video: videoConstraints(choice), audio: false });
  }

  /** @param {import("./devices.js").Choice} choice */
  openMicrophone(choice) {
    return this.#ask("microphone", { video: false, audio: audioConstraints(choice) });
  }

  /** Whether opening would ask the person a question. @returns {Promise<boolean>} */
  async isGranted() {
    const { camera, microphone } = await this.#granted();
    return camera === "granted" && microphone === "granted";
  }

  /** @param {import("./devices-errors.js").Wanted} wanted @param {object} constraints */
  async #ask(wanted, constraints) {
    try {
      const stream = await this.#devices.getUserMedia(constraints);
      const [video = null] = stream.getVideoTracks();
      const [audio = null] = stream.getAudioTracks();
      this.#watch(video);
      this.#watch(audio);
      return { video, audio, fault: null };
    } catch (error) {
      const permissions = await this.#granted();
      const fault = explain(/** @type {any} */ (error), { ...this.#situation, wanted, permissions });
      return { video: null, audio: null, fault };
    }
  }

  /** A track we stop ourselves fires no "ended"; one that fires it was taken from us. @param {any} track */
  #watch(track) {
    if (!track) return;
    const device = track.kind === "video" ? "camera" : "microphone";
    track.addEventListener("ended", async () => {
      const permissions = await this.#granted();
      this.#onFault(track.kind, explainEnded(track.kind, permissions[device]));
    });
    if (track.kind === "video") track.addEventListener("mute", () => this.#onFault("video", "camera.paused"));
  }

  /** @returns {Promise<{camera?: string, microphone?: string}>} */
  async #granted() {
    const ask = async (/** @type {string} */ name) => (await this.#permissions.query({ name })).state;
    const answer = (/** @type {string} */ name) => Promise.resolve(name).then(ask).catch(() => undefined); // not all know it
    const [camera, microphone] = await Promise.all([answer("camera"), answer("microphone")]);
    return { camera, microphone };
  }
}

/** Let a device go: its light goes out. @param {Iterable<any>} tracks */
export function release(tracks) {
  for (const track of tracks) track?.stop();
}
