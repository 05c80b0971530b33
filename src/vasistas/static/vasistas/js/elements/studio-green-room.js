/**
 * `<studio-green-room>`: the page where a host gets ready, is on air, and gets off again. It wires the parts together;
 * what happens when is decided in lib/studio-state.js, how media travels in lib/studio-publisher.js.
 */

import { encodings } from "../lib/devices.js";
import { elapsed } from "../lib/countdown.js";
import { judge, measure } from "../lib/health.js";
import { canGoLive, checklist } from "../lib/studio-checklist.js";
import { tellCut } from "../lib/studio-cut.js";
import { panicKey } from "../lib/studio-panic.js";
import { Publisher } from "../lib/studio-publisher.js";
import { isOnAir, mustWarn, next } from "../lib/studio-state.js";
import { wordsOf } from "../lib/studio-words.js";
import { codecOrder, postTo } from "../lib/whip.js";
import { drawSlate } from "./studio-slate.js";

const LOOK_MS = 1_000;

export class StudioGreenRoom extends HTMLElement {
  /** @type {import("../lib/studio-state.js").Phase} */ phase = "setup";
  isAway = false;
  isMuted = false;
  #startedAt = 0;
  #connectedAt = 0;
  #peak = 0;
  /** @type {import("../lib/health.js").Counters | null} */ #counters = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;
  /** @type {{track: MediaStreamTrack, stop: () => void} | null} */ #slate = null;
  /** @type {AbortController | null} */ #listening = null;
  /** @type {Publisher | null} */ #publisher = null;
  #say = (/** @type {string} */ code, /** @type {Record<string, string | number>} */ _gaps = {}) => code;
  #fetch = window.fetch.bind(window);

  connectedCallback() {
    this.#say = wordsOf(document);
    this.#listening = new AbortController();
    this.#publisher = new Publisher({
      url: this.#data("whipUrl"),
      site: this.#site,
      makePeer: () => new RTCPeerConnection({ bundlePolicy: "max-bundle" }),
      later: (run, ms) => setTimeout(run, ms),
      forget: (timer) => clearTimeout(timer),
      random: () => Math.random(),
      isReplaced: (location) => this.#isReplaced(location),
      onStatus: (status, error) => this.#status(status, error),
    });
    this.#listen(this.#listening.signal);
    this.#thumbnail.source = this.#preview;
    this.#show();
    this.#devices.canOpenUnasked.then((isGranted) => isGranted && this.#openDevices());
  }

  disconnectedCallback() {
    this.#listening?.abort();
    this.#offAir();
  }

  // -- Parts -----------------------------------------------------------------------------------------------------------

  /** @template {HTMLElement} Part @param {string} name @returns {Part} */
  #part(name) {
    return /** @type {Part} */ (this.querySelector(`[data-part="${name}"]`));
  }
  get #devices() { return /** @type {import("./studio-devices.js").StudioDevices} */ (this.querySelector("studio-devices")); }
  get #meter() { return /** @type {import("./studio-level-meter.js").StudioLevelMeter} */ (this.querySelector("studio-level-meter")); }
  get #uplink() { return /** @type {import("./studio-uplink.js").StudioUplink} */ (this.querySelector("studio-uplink")); }
  get #health() { return /** @type {import("./studio-health.js").StudioHealth} */ (this.querySelector("studio-health")); }
  get #countdown() { return /** @type {import("./studio-countdown.js").StudioCountdown} */ (this.querySelector("studio-countdown")); }
  get #thumbnail() { return /** @type {import("./studio-thumbnail.js").StudioThumbnail} */ (this.querySelector("studio-thumbnail")); }
  get #checklist() { return /** @type {import("./studio-checklist.js").StudioChecklist} */ (this.querySelector("studio-checklist")); }
  get #preview() { return /** @type {HTMLVideoElement} */ (this.#part("preview")); }
  get #title() { return /** @type {HTMLInputElement} */ (this.#part("title")); }
  get #site() { return { fetch: this.#fetch, csrf: this.#data("csrf") }; }

  /** @param {string} name */
  #data(name) {
    return this.dataset[name] ?? "";
  }

  /** @param {AbortSignal} signal */
  #listen(signal) {
    const on = (/** @type {string} */ part, /** @type {(event: Event) => void} */ act) =>
      this.#part(part)?.addEventListener("click", act, { signal });
    on("open", () => this.#openDevices());
    on("go", () => this.#ask());
    on("take-over", () => this.#go({ isTakeover: true }));
    on("mute", () => this.#toggleSound());
    on("away", () => this.#setAway(!this.isAway));
    on("mirror", () => this.#mirror());
    on("end", () => this.#dialog("end-dialog").showModal());
    on("end-now", () => this.#end("ended"));
    on("again", () => this.#again());
    this.#part("cut").addEventListener("submit", (event) => { event.preventDefault(); this.cut(); }, { signal });
    this.#part("details").addEventListener("submit", (event) => { event.preventDefault(); this.#save(); }, { signal });
    this.#title.addEventListener("input", () => this.#check(), { signal });
    this.addEventListener("studio:tracks", () => this.#tracks(), { signal });
    this.addEventListener("studio:choice", () => this.#limit(), { signal });
    this.addEventListener("studio:retry", () => this.#openDevices(), { signal });
    this.addEventListener("studio:faults", () => this.#faults(), { signal });
    this.addEventListener("studio:uplink", () => this.#tested(), { signal });
    for (const type of ["studio:sound", "studio:picture"]) this.addEventListener(type, () => this.#check(), { signal });
    document.addEventListener("realtime", (event) => this.#news(/** @type {CustomEvent} */ (event).detail), { signal });
    const isPanic = panicKey();
    window.addEventListener("keydown", ({ key, repeat, timeStamp: at }) => isPanic({ key, repeat, at }) && this.cut(), { signal, capture: true });
    window.addEventListener("online", () => this.#publisher?.hurry(), { signal });
    window.addEventListener("beforeunload", (event) => mustWarn(this.phase) && event.preventDefault(), { signal });
    window.addEventListener("pagehide", () => this.#offAir(), { signal });
  }

  // -- Getting ready ---------------------------------------------------------------------------------------------------

  async #openDevices() {
    const button = /** @type {HTMLButtonElement} */ (this.#part("open"));
    button.disabled = true;
    await this.#devices.open();
    button.disabled = false;
  }

  /** Other tracks: show them, send them. */
  #tracks() {
    const { video, audio } = this.#devices;
    if (audio) audio.enabled = !this.isMuted;
    this.#meter.listen(audio);
    this.#picture();
    if (!this.#slate && video) this.#publisher?.replaceVideo(video);
    this.#publisher?.replaceAudio(audio);
    if (isOnAir(this.phase) && !video && !this.isAway) this.#setAway(true); // unplugged: viewers see the slate, not a frozen face
    this.#thumbnail[video ? "watch" : "stop"]({ isSending: this.phase === "live" });
    this.#check();
    this.#show();
  }

  /** What the host sees is what viewers see: camera or slate. */
  #picture() {
    const track = this.#slate?.track ?? this.#devices.video;
    this.#preview.srcObject = track ? new MediaStream([track]) : null;
  }

  #limit() {
    const { preset, fps } = this.#devices.choice;
    this.#publisher?.limit(encodings(preset, fps));
    this.#check();
  }

  #tested() {
    this.#devices.recommend(this.#uplink.outcome?.recommended?.name ?? null);
    this.#check();
  }

  #check() {
    const { video, audio, choice } = this.#devices;
    const items = checklist({
      hasCamera: video !== null,
      hasMicrophone: audio !== null,
      soundHint: this.#meter.hint,
      title: this.#title.value,
      picture: this.#thumbnail.verdict,
      uplink: this.#uplink.outcome,
      preset: choice.preset,
    });
    this.#checklist.show(items);
    /** @type {HTMLButtonElement} */ (this.#part("go")).disabled = !canGoLive(items);
  }

  #faults() {
    /** @type {import("./studio-faults.js").StudioFaults} */ (this.querySelector("studio-faults")).show(this.#devices.faults.values());
    this.#show();
  }

  async #save() {
    const form = /** @type {HTMLFormElement} */ (this.#part("details"));
    const code = await postTo(form.action, new FormData(form), this.#site).then(() => "room.saved", () => "room.not_saved");
    this.#part("saved").textContent = this.#say(code);
  }

  #mirror() {
    const isMirrored = this.#preview.classList.toggle("stage__video--mirrored");
    this.#part("mirror").setAttribute("aria-pressed", String(isMirrored));
  }

  // -- On air ----------------------------------------------------------------------------------------------------------

  /** Going live where the room is on air already needs a second word. */
  async #ask() {
    if (this.#data("state") !== "offline") this.#dialog("take-over-dialog").showModal();
    else await this.#go({ isTakeover: false });
  }

  /** @param {{isTakeover: boolean}} options */
  async #go({ isTakeover }) {
    this.#dialog("take-over-dialog").close();
    this.#uplink.stop();
    this.#step("count");
    const isDone = await this.#countdown.run();
    if (this.phase !== "counting") return; // cut while counting
    if (!isDone || !this.#devices.video) {
      this.#step("cancel");
      this.#part("go").focus();
      return;
    }
    const { choice, codec, video, audio } = this.#devices;
    const size = { ...choice.preset, height: video.getSettings().height ?? choice.preset.height };
    this.#step("go");
    await this.#publisher?.start({
      video,
      audio: audio ?? undefined,
      encodings: encodings(size, choice.fps),
      codecs: codecOrder(RTCRtpSender.getCapabilities("video"), codec),
    }, { isTakeover });
  }

  /** @param {"connected" | "lost" | "failed"} status @param {any} error */
  #status(status, error) {
    if (status === "failed") {
      if (error?.status === 409 && this.phase === "connecting") this.#dialog("take-over-dialog").showModal();
      else this.#tell(error?.message || this.#say(error?.code === "live.taken_over" ? error.code : "live.failed"));
      const wasLive = this.#startedAt > 0;
      this.#step("failed");
      if (wasLive) this.#leaveAir("failed");
      return;
    }
    this.#step(status);
    if (status !== "connected" || this.phase !== "live") return;
    this.#connectedAt = performance.now();
    this.#counters = null;
    if (!this.#startedAt) this.#beginAir();
    this.#thumbnail.watch({ isSending: true });
    if (this.isAway) this.#postAway(); // a new connection begins as "live"
  }

  #beginAir() {
    this.#startedAt = performance.now();
    this.#peak = 0;
    this.dataset.state = "live";
    this.#health.reset();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    /** @type {HTMLDetailsElement} */ (this.#part("setup-devices")).open = false;
    this.#part("end").focus();
  }

  async #look() {
    this.#part("clock").textContent = elapsed(performance.now() - this.#startedAt);
    const peer = this.#publisher?.peer;
    if (this.phase !== "live" || !peer) return;
    const look = measure((await peer.getStats()).values(), this.#counters, performance.now());
    const isFirst = this.#counters === null;
    this.#counters = look.counters;
    if (isFirst) return;
    const { preset, fps } = this.#devices.choice;
    const wanted = { targetBps: preset.totalBps, fps: this.#slate ? 0 : fps, sinceMs: performance.now() - this.#connectedAt };
    this.#health.show(look.measure, judge(look.measure, wanted));
  }

  #toggleSound() {
    this.isMuted = !this.isMuted;
    if (this.#devices.audio) this.#devices.audio.enabled = !this.isMuted;
    this.#show();
  }

  /** Away: camera released, light off; a slate goes out in its place and the microphone is silent. @param {boolean} isAway */
  async #setAway(isAway) {
    if (!isOnAir(this.phase)) return;
    if (isAway) {
      this.isAway = true;
      this.#slate ??= drawSlate(this.#say("slate.title"), this.#data("room"));
      await this.#publisher?.replaceVideo(this.#slate.track);
      this.isMuted = true;
      this.#devices.release({ withSound: false });
    } else {
      await this.#devices.openCamera();
      if (!this.#devices.video) return; // its fault is on the page
      this.isAway = false;
      this.isMuted = false;
      await this.#publisher?.replaceVideo(this.#devices.video);
      this.#dropSlate();
      this.#tracks();
    }
    this.#show();
    await this.#postAway();
  }

  async #postAway() {
    const body = new URLSearchParams({ away: this.isAway ? "1" : "0" });
    await postTo(this.#data("awayUrl"), body, this.#site).catch((error) => this.#tell(error.message));
  }

  /** What the site says: viewers, health, and that somebody else ended it. @param {{tag: string, data: any}} news */
  #news({ tag, data }) {
    if (tag === "studio.health.measured") this.#received(data);
    if (tag === "rooms.viewers.counted") this.#received({ viewers: data.count });
    if (tag === "rooms.state.changed" && data.state === "offline" && this.phase === "live") this.#confirmOver();
  }

  /** An old "offline" may arrive after a reconnect: ask before believing it. */
  async #confirmOver() {
    const { state } = await this.#askHealth();
    if (state === "offline" && this.phase === "live") this.#end("site");
  }

  /** Whether this host went live elsewhere since. @param {string} location of our own session */
  async #isReplaced(location) {
    const { session } = await this.#askHealth();
    return Boolean(session) && !location.endsWith(session);
  }

  /** @returns {Promise<{state?: string, session?: string | null}>} empty when the site does not answer */
  async #askHealth() {
    const answer = await this.#fetch(this.#data("healthUrl"), { headers: { Accept: "application/json" } }).catch(() => null);
    return answer?.ok ? answer.json() : {};
  }

  /** @param {{viewers?: number, bitrate_bps?: number}} report */
  #received(report) {
    if (report.bitrate_bps !== undefined) this.#health.showReceived(report.bitrate_bps);
    if (report.viewers === undefined) return;
    this.#peak = Math.max(this.#peak, report.viewers);
    this.#part("viewers").textContent = String(report.viewers);
  }

  // -- Off air ---------------------------------------------------------------------------------------------------------

  /** Panic: what leaves this computer ends in this very moment; then the site is told, as often as it takes. */
  cut() {
    this.#end("cut");
    tellCut({
      post: () => postTo(this.#data("cutUrl"), null, { ...this.#site, keepalive: true }),
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      onNews: (code) => { this.#part("ended-site").textContent = this.#say(code); },
    });
  }

  /** Nothing leaves this computer when this returns. Everything here is synchronous, and in this order. */
  #offAir() {
    this.phase = next(this.phase, "stop"); // first: what follows fires events, and nothing may begin anew
    this.#devices?.release();
    this.#dropSlate();
    this.#publisher?.stop();
    this.#thumbnail?.stop();
  }

  /** @param {"ended" | "cut" | "site"} how */
  #end(how) {
    this.#offAir();
    for (const dialog of this.querySelectorAll("dialog")) dialog.close();
    this.#countdown.cancel();
    this.#leaveAir(how);
  }

  /** @param {"ended" | "cut" | "site" | "failed"} how */
  #leaveAir(how) {
    const wasLive = this.#startedAt > 0;
    this.#offAir();
    clearInterval(this.#timer);
    this.#part("ended-title").textContent = this.#say(`ended.${how}`);
    this.#part("ended-facts").textContent = wasLive
      ? this.#say("ended.facts", { length: elapsed(performance.now() - this.#startedAt), peak: this.#peak })
      : "";
    this.#part("ended-site").textContent = "";
    this.#startedAt = 0;
    this.dataset.state = "offline";
    [this.isAway, this.isMuted] = [false, false];
    this.#show();
    this.#part("again").focus();
  }

  #again() {
    this.#step("again");
    /** @type {HTMLDetailsElement} */ (this.#part("setup-devices")).open = true;
    this.#openDevices();
  }

  #dropSlate() {
    this.#slate?.stop();
    this.#slate = null;
  }

  // -- Showing ---------------------------------------------------------------------------------------------------------

  /** @param {import("../lib/studio-state.js").Step} step */
  #step(step) {
    this.phase = next(this.phase, step);
    this.#show();
  }

  /** Everything that depends on the phase, in one place: `data-when` lists the phases in which a part is there. */
  #show() {
    this.dataset.phase = this.phase;
    this.toggleAttribute("data-away", this.isAway);
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-when]"))) {
      part.hidden = !part.dataset.when?.split(" ").includes(this.phase);
    }
    const hasPicture = this.#devices?.video !== null || this.#slate !== null;
    this.#part("off").hidden = hasPicture || this.phase === "ended";
    this.#part("off").dataset.faulty = String(this.#devices.faults.size > 0);
    this.#preview.hidden = !hasPicture;
    this.#preview.classList.toggle("stage__video--slate", this.#slate !== null);
    this.#toggle("mute", this.isMuted, this.isMuted ? "sound.off" : "sound.on");
    this.#toggle("away", this.isAway, this.isAway ? "away.back" : "away.leave");
    this.#part("muted-badge").hidden = !this.isMuted;
    this.#part("away-badge").hidden = !this.isAway;
  }

  /** @param {string} part @param {boolean} isPressed @param {string} code */
  #toggle(part, isPressed, code) {
    const button = this.#part(part);
    button.setAttribute("aria-pressed", String(isPressed));
    const label = button.querySelector("[data-part=label]");
    if (label) label.textContent = this.#say(code);
  }

  /** @param {string} words */
  #tell(words) {
    this.#part("news").textContent = words;
    this.#part("news").hidden = !words;
  }

  /** @param {string} part @returns {HTMLDialogElement} */
  #dialog(part) {
    return this.#part(part);
  }
}

customElements.define("studio-green-room", StudioGreenRoom);
