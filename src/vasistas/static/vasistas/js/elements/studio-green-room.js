/**
 * `<studio-green-room>`: the page where a host gets ready, is on air, and gets off again. It wires the parts together;
 * what happens when is decided in lib/studio-state.js, how media travels in lib/studio-publisher.js.
 */

import { elapsed } from "../lib/countdown.js";
import { GONE_MS, judge, measure } from "../lib/health.js";
import { canGoLive, checklist } from "../lib/studio-checklist.js";
import { tellCut } from "../lib/studio-cut.js";
import { panicKey } from "../lib/studio-panic.js";
import { Publisher } from "../lib/studio-publisher.js";
import { isOnAir, mustWarn, next } from "../lib/studio-state.js";
import { StudioSite } from "../lib/studio-site.js";
import { wordsOf } from "../lib/studio-words.js";
import { codecOrder } from "../lib/whip.js";
import { keepAwake } from "./studio-awake.js";
import { Parts } from "./studio-parts.js";
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
  #letSleep = () => {};
  #say = (/** @type {string} */ code, /** @type {Record<string, string | number>} */ _gaps = {}) => code;
  #ui = /** @type {Parts} */ (/** @type {unknown} */ (null)); // from connectedCallback on
  #room = /** @type {StudioSite} */ (/** @type {unknown} */ (null));

  connectedCallback() {
    const { csrf = "", awayUrl: away = "", cutUrl: cut = "", healthUrl: health = "", whipUrl: url = "" } = this.dataset;
    const site = { fetch: window.fetch.bind(window), csrf };
    this.#say = wordsOf(document);
    this.#ui = new Parts(this);
    this.#room = new StudioSite(site, { away, cut, health });
    this.#listening = new AbortController();
    this.#publisher = new Publisher({
      url,
      site,
      makePeer: () => new RTCPeerConnection({ bundlePolicy: "max-bundle" }),
      later: (run, ms) => setTimeout(run, ms),
      forget: (timer) => clearTimeout(timer),
      random: () => Math.random(),
      isReplaced: (location) => this.#room.isReplaced(location),
      onStatus: (status, error) => this.#status(status, error),
    });
    this.#listen(this.#listening.signal);
    this.#ui.thumbnail.source = this.#ui.preview;
    this.#faults(); // those found before anybody listened
    this.#ui.devices.canOpenUnasked.then((isGranted) => {
      if (isGranted) this.#openDevices();
    });
  }

  disconnectedCallback() {
    this.#listening?.abort();
    this.#offAir();
  }

  /** @param {AbortSignal} signal */
  #listen(signal) {
    const on = (/** @type {string} */ part, /** @type {() => void} */ act) =>
      this.#ui.one(part).addEventListener("click", act, { signal });
    on("open", () => this.#openDevices());
    on("go", () => this.#ask());
    on("take-over", () => this.#go({ isTakeover: true }));
    on("mute", () => this.#toggleSound());
    on("away", () => this.#setAway(!this.isAway));
    on("mirror", () => this.#ui.mirror());
    on("end", () => this.#ui.endDialog.showModal());
    on("end-now", () => this.#end("ended"));
    on("again", () => this.#again());
    const submitted = (/** @type {string} */ part, /** @type {() => void} */ act) =>
      this.#ui.one(part).addEventListener("submit", (/** @type {Event} */ event) => (event.preventDefault(), act()), { signal });
    submitted("cut", () => this.cut());
    submitted("details", () => this.#save());
    this.#ui.title.addEventListener("input", () => this.#check(), { signal });
    this.addEventListener("studio:tracks", () => this.#tracks(), { signal });
    this.addEventListener("studio:choice", () => this.#limit(), { signal });
    this.addEventListener("studio:retry", () => (this.isAway ? this.#setAway(false) : this.#openDevices()), { signal });
    this.addEventListener("studio:faults", () => this.#faults(), { signal });
    this.addEventListener("studio:uplink", () => this.#tested(), { signal });
    for (const type of ["studio:sound", "studio:picture"]) this.addEventListener(type, () => this.#check(), { signal });
    /** @param {string} type @param {(detail: any) => void} act */
    const hear = (type, act) =>
      document.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail), { signal });
    hear("realtime", (news) => this.#news(news));
    hear("realtime:reset", (news) => this.#caughtUp(news));
    const isPanic = panicKey();
    const pressed = (/** @type {KeyboardEvent} */ { key, repeat, timeStamp: at }) => isPanic({ key, repeat, at }) && this.cut();
    window.addEventListener("keydown", pressed, { signal, capture: true });
    window.addEventListener("online", () => this.#publisher?.hurry(), { signal });
    window.addEventListener("beforeunload", (event) => mustWarn(this.phase) && event.preventDefault(), { signal });
    window.addEventListener("pagehide", () => this.#offAir(), { signal });
  }

  // -- Getting ready ---------------------------------------------------------------------------------------------------

  async #openDevices() {
    const button = this.#ui.one("open");
    button.disabled = true;
    await this.#ui.devices.open();
    button.disabled = false;
  }

  /** Other tracks: show them, send them. */
  #tracks() {
    const { video, audio } = this.#ui.devices;
    if (audio) audio.enabled = !this.isMuted;
    this.#ui.meter.listen(audio);
    this.#picture();
    if (!this.#slate && video) this.#publisher?.replaceVideo(video);
    this.#publisher?.replaceAudio(audio);
    const isUnplugged = isOnAir(this.phase) && !video && !this.isAway;
    if (isUnplugged) this.#setAway(true); // viewers see the slate, not a frozen face
    this.#ui.thumbnail[video ? "watch" : "stop"]({ isSending: this.phase === "live" });
    this.#check();
    this.#show();
  }

  /** What the host sees is what viewers see: camera or slate. */
  #picture() {
    const track = this.#slate?.track ?? this.#ui.devices.video;
    this.#ui.preview.srcObject = track ? new MediaStream([track]) : null;
  }

  #limit() {
    this.#publisher?.limit(this.#ui.devices.encodings());
    this.#check();
  }

  #tested() {
    this.#ui.devices.recommend(this.#ui.uplink.outcome?.recommended?.name ?? null);
    this.#check();
  }

  #check() {
    const items = checklist(this.#ui.readiness());
    this.#ui.checklist.show(items);
    this.#ui.go.disabled = !canGoLive(items);
  }

  #faults() {
    this.#ui.faults.show(this.#ui.devices.faults.values());
    this.#show();
  }

  async #save() {
    const form = this.#ui.one("details");
    const code = await this.#room.save(form.action, new FormData(form)).then(() => "room.saved", () => "room.not_saved");
    this.#ui.write("saved", this.#say(code));
  }

  // -- On air ----------------------------------------------------------------------------------------------------------

  /** Going live where the room is on air already needs a second word. */
  async #ask() {
    if (this.dataset.state !== "offline") this.#ui.takeOverDialog.showModal();
    else await this.#go({ isTakeover: false });
  }

  /** @param {{isTakeover: boolean}} options */
  async #go({ isTakeover }) {
    this.#ui.takeOverDialog.close();
    this.#ui.uplink.stop();
    this.#step("count");
    const isDone = await this.#ui.countdown.run();
    if (this.phase !== "counting") return; // cut while counting
    if (!isDone || !this.#ui.devices.video) {
      this.#step("cancel");
      this.#ui.go.focus();
      return;
    }
    const { codec, video, audio } = this.#ui.devices;
    this.#step("go");
    await this.#publisher?.start({
      video,
      audio: audio ?? undefined,
      encodings: this.#ui.devices.encodings(),
      codecs: codecOrder(RTCRtpSender.getCapabilities?.("video"), codec),
    }, { isTakeover });
  }

  /** @param {"connected" | "lost" | "failed"} status @param {any} error */
  #status(status, error) {
    if (status === "failed") {
      const isReplaced = error?.code === "replaced";
      if (error?.status === 409 && this.phase === "connecting") this.#ui.takeOverDialog.showModal();
      else if (!isReplaced) this.#tell(error?.message || this.#say("live.failed"));
      const wasLive = this.#startedAt > 0;
      this.#step("failed");
      if (wasLive) this.#leaveAir(isReplaced ? "replaced" : "failed");
      return;
    }
    this.#tell("");
    this.#step(status);
    if (status !== "connected" || this.phase !== "live") return;
    this.#connectedAt = performance.now();
    this.#counters = null;
    if (!this.#startedAt) this.#beginAir();
    this.#ui.thumbnail.watch({ isSending: true });
    if (this.isAway) this.#postAway(); // a new connection begins as "live"
  }

  #beginAir() {
    this.#startedAt = performance.now();
    this.#peak = 0;
    this.dataset.state = "live";
    this.#ui.health.reset();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#letSleep = keepAwake();
    this.#ui.setup.open = false;
    this.#ui.one("end").focus();
  }

  async #look() {
    this.#ui.write("clock", elapsed(performance.now() - this.#startedAt));
    const peer = this.#publisher?.peer;
    if (this.phase !== "live" || !peer) return;
    const look = measure((await peer.getStats()).values(), this.#counters, performance.now());
    const isFirst = this.#counters === null;
    this.#counters = look.counters;
    if (isFirst) return;
    if (look.measure.silentMs >= GONE_MS) {
      this.#publisher?.giveUp();
      return;
    }
    const { preset, fps } = this.#ui.devices.choice;
    const wanted = { targetBps: preset.totalBps, fps: this.#slate ? 0 : fps, sinceMs: performance.now() - this.#connectedAt };
    this.#ui.health.show(look.measure, judge(look.measure, wanted));
  }

  #toggleSound() {
    this.isMuted = !this.isMuted;
    if (this.#ui.devices.audio) this.#ui.devices.audio.enabled = !this.isMuted;
    this.#show();
  }

  /** Away: camera released, light off; a slate goes out in its place and the microphone is silent. @param {boolean} isAway */
  async #setAway(isAway) {
    if (!isOnAir(this.phase)) return;
    if (isAway) {
      this.isAway = true;
      this.#slate ??= drawSlate(this.#say("slate.title"), this.dataset.room ?? "");
      await this.#publisher?.replaceVideo(this.#slate.track);
      this.isMuted = true;
      this.#ui.devices.release({ withSound: false });
    } else {
      await this.#ui.devices.openCamera();
      if (!this.#ui.devices.video) return; // its fault is on the page
      this.isAway = false;
      this.isMuted = false;
      await this.#publisher?.replaceVideo(this.#ui.devices.video);
      this.#dropSlate();
      this.#tracks();
    }
    this.#show();
    await this.#postAway();
  }

  async #postAway() {
    await this.#room.setAway(this.isAway).catch((error) => this.#tell(error.message));
  }

  /** What the site says: viewers, health, and that somebody else ended it. @param {{tag: string, data: any}} news */
  #news({ tag, data }) {
    if (tag === "studio.health.measured") this.#received(data);
    if (tag === "rooms.viewers.counted") this.#received({ viewers: data.count });
    if (tag === "rooms.state.changed") this.#stateChanged(data.state);
  }

  /** @param {string} state of the room, as the site tells it; before going live it speaks of another window or of OBS */
  #stateChanged(state) {
    if (this.phase === "setup") this.dataset.state = state;
    if (this.phase === "live" && state === "offline") this.#confirmOver();
  }

  /** Events were missed; this is how things stand. @param {{snapshot: {room: {state: string, viewers: number}}}} detail */
  #caughtUp({ snapshot: { room: { state, viewers } } }) {
    this.#received({ viewers });
    this.#stateChanged(state);
  }

  /** An old "offline" may arrive after a reconnect: ask before believing it. */
  async #confirmOver() {
    if ((await this.#room.isOver()) && this.phase === "live") this.#end("site");
  }

  /** @param {{viewers?: number, bitrate_bps?: number, layers?: any[]}} report */
  #received(report) {
    this.#ui.health.showReceived(report);
    if (report.viewers === undefined) return;
    this.#peak = Math.max(this.#peak, report.viewers);
    this.#ui.write("viewers", String(report.viewers));
  }

  // -- Off air ---------------------------------------------------------------------------------------------------------

  /** Panic: what leaves this computer ends in this very moment; then the site is told, as often as it takes. */
  cut() {
    this.#end("cut");
    tellCut({
      post: () => this.#room.cut(),
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      onNews: (code) => { this.#ui.write("ended-site", this.#say(code)); },
    });
  }

  /** Nothing leaves this computer when this returns. Everything here is synchronous, and in this order. */
  #offAir() {
    this.phase = next(this.phase, "stop"); // first: what follows fires events, and nothing may begin anew
    this.#ui.devices?.release();
    this.#dropSlate();
    this.#publisher?.stop();
    this.#ui.thumbnail?.stop();
  }

  /** @param {"ended" | "cut" | "site"} how */
  #end(how) {
    this.#offAir();
    this.#ui.closeDialogs();
    this.#ui.countdown.cancel();
    this.#leaveAir(how);
  }

  /** @param {"ended" | "cut" | "site" | "replaced" | "failed"} how */
  #leaveAir(how) {
    const wasLive = this.#startedAt > 0;
    this.#offAir();
    clearInterval(this.#timer);
    this.#letSleep();
    this.#ui.write("ended-title", this.#say(`ended.${how}`));
    this.#ui.one("ended-facts").textContent = wasLive
      ? this.#say("ended.facts", { length: elapsed(performance.now() - this.#startedAt), peak: this.#peak })
      : "";
    this.#ui.write("ended-site", "");
    this.#startedAt = 0;
    this.dataset.state = "offline";
    [this.isAway, this.isMuted] = [false, false];
    this.#show();
    this.#ui.one("again").focus();
  }

  #again() {
    this.#tell("");
    this.#step("again");
    this.#ui.setup.open = true;
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

  /** Everything that depends on the phase, in one place. */
  #show() {
    const { devices, preview } = this.#ui;
    this.dataset.phase = this.phase;
    devices.isOnAir = isOnAir(this.phase);
    this.#ui.showFor(this.phase);
    const hasPicture = devices.video !== null || this.#slate !== null;
    const off = this.#ui.one("off");
    off.hidden = hasPicture || this.phase === "ended";
    off.dataset.faulty = String(devices.faults.size > 0);
    preview.hidden = !hasPicture;
    preview.classList.toggle("stage__video--slate", this.#slate !== null);
    this.#ui.toggle("mute", this.isMuted, this.#say(this.isMuted ? "sound.off" : "sound.on"));
    this.#ui.toggle("away", this.isAway, this.#say(this.isAway ? "away.back" : "away.leave"));
    this.#ui.one("muted-badge").hidden = !this.isMuted;
    this.#ui.one("away-badge").hidden = !this.isAway;
  }

  /** @param {string} words empty: nothing to say any more */
  #tell(words) {
    this.#ui.write("news", words);
    this.#ui.one("news").hidden = !words;
  }
}

customElements.define("studio-green-room", StudioGreenRoom);
