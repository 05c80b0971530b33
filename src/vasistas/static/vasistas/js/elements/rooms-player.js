/**
 * `<rooms-player>`: the picture of a room. The server's HTML shows poster and state; here it plays. What to show and when
 * to connect is decided in lib/player-state.js, what is measured in lib/player-stats.js.
 */

import { bitrate } from "../lib/format.js";
import { next, start } from "../lib/player-state.js";
import { figures, listen, read } from "../lib/player-stats.js";
import { leave, play, WhepRefused } from "../lib/whep.js";

const LOOK_MS = 500; // between two readings of the connection
const SILENT_MS = 1_200; // nothing at all came for so long, not even two reports of the node: the line is dead
const FIRST_FRAME_MS = 8_000; // a connection that shows nothing by then is tried anew
const HIDE_BAR_MS = 2_500;
const VOLUME_STEP = 0.1;

class RoomsPlayer extends HTMLElement {
  /** @type {import("../lib/player-state.js").Player} */ #player = start("offline");
  /** @type {{peer: RTCPeerConnection, abort: AbortController, location: string, openedMs: number} | null} */ #line = null;
  /** @type {import("../lib/player-stats.js").Reading | null} */ #reading = null;
  #silence = { heard: -1, sinceMs: 0, isDead: false };
  #life = new AbortController();
  /** @type {any} */ #due = 0;
  /** @type {any} */ #look = 0;
  /** @type {any} */ #idle = 0;

  connectedCallback() {
    this.#life = new AbortController();
    const { signal } = this.#life;
    document.addEventListener("realtime", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail), { signal });
    document.addEventListener("realtime:reset", (event) => this.#reset(/** @type {CustomEvent} */ (event).detail), { signal });
    window.addEventListener("pagehide", () => this.#hangUp(), { signal });
    window.addEventListener("pageshow", (event) => event.persisted && this.#step({ type: "lost" }), { signal });
    window.addEventListener("online", () => this.#step({ type: "lost" }), { signal });
    this.#prepareControls(signal);
    this.#look = setInterval(() => this.#measure(), LOOK_MS);
    this.#player = start(this.dataset.state ?? "offline");
    this.#obey();
  }

  disconnectedCallback() {
    this.#life.abort();
    clearInterval(this.#look);
    clearTimeout(this.#idle);
    this.#hangUp();
  }

  // -- What happens ----------------------------------------------------------------------------------------------------

  /** @param {{channel: string, tag: string, data: any}} detail */
  #hear({ channel, tag, data }) {
    if (tag === "rooms.member.banned" && String(data.room_id) === this.dataset.roomId) {
      this.#step({ type: "refused", status: 403, code: "rooms.banned", words: this.dataset.wordsBanned ?? "" });
    }
    if (channel === this.dataset.channel && tag === "rooms.state.changed") this.#step({ type: "room", state: data.state });
  }

  /** @param {{channel: string, snapshot: any}} detail */
  #reset({ channel, snapshot }) {
    if (channel === this.dataset.channel) this.#step({ type: "room", state: snapshot.room.state });
  }

  /** @param {import("../lib/player-state.js").Event} event */
  #step(event) {
    this.#player = next(this.#player, event);
    this.#obey();
  }

  #obey() {
    const { act, inMs } = this.#player;
    if (act) {
      clearTimeout(this.#due);
      if (act === "close") this.#hangUp();
      else this.#due = setTimeout(() => this.#connect(), inMs);
    }
    this.#draw();
  }

  // -- The connection ------------------------------------------------------------------------------------------------

  async #connect() {
    this.#hangUp();
    const peer = new RTCPeerConnection();
    const line = { peer, abort: new AbortController(), location: "", openedMs: performance.now() };
    this.#line = line;
    this.#reading = null;
    this.#silence = { heard: -1, sinceMs: performance.now(), isDead: false };
    const stream = new MediaStream();
    peer.addEventListener("track", ({ track }) => {
      stream.addTrack(track);
      // The last picture of the former connection stays until this one has something to show.
      if (track.kind === "video") track.addEventListener("unmute", () => this.#line === line && this.#show(stream), { once: true });
    });
    peer.addEventListener("connectionstatechange", () => {
      if (this.#line === line && peer.connectionState === "failed") this.#step({ type: "lost" });
    });
    try {
      line.location = await play(peer, { url: this.dataset.whepUrl ?? "", fetch: (...request) => fetch(...request), signal: line.abort.signal });
    } catch (error) {
      if (this.#line !== line) return;
      this.#line = null;
      const { status = null, code = "player.failed", message = "" } = error instanceof WhepRefused ? error : {};
      this.#step({ type: "refused", status, code, words: message });
    }
  }

  /** @param {MediaStream} stream */
  async #show(stream) {
    const video = this.#video;
    if (video.srcObject === stream) return;
    video.srcObject = stream;
    try {
      await video.play();
    } catch (error) {
      if (/** @type {Error} */ (error).name !== "NotAllowedError") return;
      video.muted = true; // sound was asked for before, but this page has not been touched yet
      this.#drawSound();
      await video.play().catch(() => this.#step({ type: "pause" }));
    }
  }

  #hangUp() {
    clearTimeout(this.#due);
    const line = this.#line;
    this.#line = null;
    if (!line) return;
    line.abort.abort();
    line.peer.close();
    leave(line.location, (...request) => fetch(...request));
  }

  async #measure() {
    const line = this.#line;
    if (!line || line.peer.connectionState === "closed") return;
    const reading = read((await line.peer.getStats()).values(), performance.now());
    if (this.#line !== line) return;
    const before = this.#reading;
    this.#reading = reading;
    if (before) this.#drawFigures(figures(before, reading));
    if (reading.frames > (before?.frames ?? 0)) this.#step({ type: "frame" });
    this.#silence = listen(this.#silence, reading, SILENT_MS);
    const isLate = reading.frames === 0 && performance.now() - line.openedMs > FIRST_FRAME_MS;
    const isCut = this.#silence.isDead && reading.heard > 0;
    if ((isCut || isLate) && this.#player.room === "live") this.#step({ type: "lost" });
  }

  // -- Controls ------------------------------------------------------------------------------------------------------

  /** @param {AbortSignal} signal */
  #prepareControls(signal) {
    const acts = {
      unmute: () => this.#setMuted(false),
      mute: () => this.#setMuted(!this.#video.muted),
      play: () => this.#step({ type: this.#player.phase === "paused" ? "resume" : "pause" }),
      retry: () => this.#step({ type: "resume" }),
      full: () => this.#toggleFull(),
      pip: () => this.#togglePip(),
      facts: () => this.#toggleFacts(),
    };
    for (const [name, act] of Object.entries(acts)) {
      for (const button of this.querySelectorAll(`[data-do="${name}"]`)) button.addEventListener("click", act, { signal });
    }
    this.#part("volume").addEventListener("input", (event) => this.#setVolume(Number(/** @type {HTMLInputElement} */ (event.target).value)), { signal });
    this.#video.addEventListener("dblclick", acts.full, { signal });
    this.#video.addEventListener("volumechange", () => this.#drawSound(), { signal });
    document.addEventListener("fullscreenchange", () => this.#drawFull(), { signal });
    document.addEventListener("keydown", (event) => this.#key(event, acts), { signal });
    for (const name of ["pointermove", "pointerdown", "focusin"]) this.addEventListener(name, () => this.#wake(), { signal });
    this.addEventListener("pointerleave", () => this.classList.add("is-idle"), { signal });
    if (!document.pictureInPictureEnabled) this.#hide("pip-button");
    if (!document.fullscreenEnabled) this.#hide("full-button");
    this.#drawSound();
  }

  /** @param {KeyboardEvent} event @param {Record<string, () => void>} acts */
  #key(event, acts) {
    const target = /** @type {HTMLElement} */ (event.target);
    const isWriting = target.closest("input, textarea, select, [contenteditable], dialog, summary");
    if (isWriting || event.ctrlKey || event.metaKey || event.altKey) return;
    const volume = this.#video.volume;
    const keys = /** @type {Record<string, () => void>} */ ({
      m: acts.mute,
      f: acts.full,
      p: acts.pip,
      i: acts.facts,
      ArrowUp: () => this.#setVolume(volume + VOLUME_STEP),
      ArrowDown: () => this.#setVolume(volume - VOLUME_STEP),
    });
    if (event.key === " " && !target.closest("button, a")) keys[" "] = acts.play;
    const isMine = !event.key.startsWith("Arrow") || this.contains(target);
    if (!keys[event.key] || !isMine) return;
    event.preventDefault();
    keys[event.key]();
  }

  /** @param {boolean} isMuted */
  #setMuted(isMuted) {
    this.#video.muted = isMuted;
    if (!isMuted && this.#video.volume === 0) this.#video.volume = 0.5;
    if (!isMuted) this.#video.play().catch(() => null);
    this.#drawSound();
  }

  /** @param {number} volume */
  #setVolume(volume) {
    this.#video.volume = Math.min(1, Math.max(0, volume));
    this.#video.muted = this.#video.volume === 0;
  }

  #toggleFull() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.requestFullscreen().catch(() => null);
  }

  #togglePip() {
    if (document.pictureInPictureElement) document.exitPictureInPicture();
    else this.#video.requestPictureInPicture?.().catch(() => null);
  }

  #toggleFacts() {
    const facts = this.#part("facts");
    facts.hidden = !facts.hidden;
    this.querySelector('[data-do="facts"]')?.setAttribute("aria-pressed", String(!facts.hidden));
  }

  #wake() {
    this.classList.remove("is-idle");
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.classList.add("is-idle"), HIDE_BAR_MS);
  }

  // -- Drawing ---------------------------------------------------------------------------------------------------------

  #draw() {
    const { phase, words, room } = this.#player;
    if (this.dataset.phase === phase && this.dataset.state === room) return;
    this.dataset.phase = phase;
    this.dataset.state = room;
    for (const veil of this.querySelectorAll("[data-veil]")) {
      const names = /** @type {HTMLElement} */ (veil).dataset.veil?.split(" ") ?? [];
      /** @type {HTMLElement} */ (veil).hidden = !names.includes(phase === "waiting" ? room : phase);
    }
    if (words) this.#part("refusal").textContent = words;
    const isShown = phase === "playing" || phase === "reconnecting" || phase === "away";
    this.#part("poster").hidden = isShown && this.#video.srcObject !== null;
    this.#part("bar").hidden = !isShown && phase !== "paused";
    this.#drawSound();
    const button = this.querySelector('[data-do="play"]');
    button?.classList.toggle("is-on", phase === "paused");
    button?.setAttribute("aria-label", (phase === "paused" ? this.dataset.wordsPlay : this.dataset.wordsPause) ?? "");
    this.dispatchEvent(new CustomEvent("rooms-player:phase", { bubbles: true, detail: { phase } }));
  }

  #drawSound() {
    const { muted, volume } = this.#video;
    this.#part("unmute").hidden = !muted || this.#player.phase !== "playing";
    const button = this.querySelector('[data-do="mute"]');
    button?.classList.toggle("is-on", muted);
    button?.setAttribute("aria-label", (muted ? this.dataset.wordsUnmute : this.dataset.wordsMute) ?? "");
    /** @type {HTMLInputElement} */ (this.#part("volume")).value = String(muted ? 0 : volume);
  }

  #drawFull() {
    this.querySelector('[data-do="full"]')?.classList.toggle("is-on", document.fullscreenElement === this);
  }

  /** @param {import("../lib/player-stats.js").Figures} figures */
  #drawFigures({ width, height, fps, kbps, lossPercent, rttMs, delayMs }) {
    if (this.#part("facts").hidden) return;
    const shown = {
      size: width ? `${width} × ${height}` : "—",
      fps: String(fps),
      bitrate: bitrate(kbps),
      loss: `${lossPercent} %`,
      rtt: rttMs === null ? "—" : `${rttMs} ms`,
      delay: delayMs === null ? "—" : `${delayMs} ms`,
    };
    for (const [name, text] of Object.entries(shown)) this.#part(name).textContent = text;
  }

  /** @returns {HTMLVideoElement} */
  get #video() {
    return /** @type {HTMLVideoElement} */ (this.querySelector("video"));
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    return /** @type {HTMLElement} */ (this.querySelector(`[data-part="${name}"]`));
  }

  /** @param {string} name */
  #hide(name) {
    this.#part(name).hidden = true;
  }
}

customElements.define("rooms-player", RoomsPlayer);
