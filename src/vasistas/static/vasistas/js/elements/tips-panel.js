/**
 * `<tips-panel>`: what templates/pages/_tips.html becomes while the page is open: tips as they come, a goal that moves.
 * A chat on the same page is told of both by the event "chat:told". The sound is off until somebody turns it on, and
 * nothing of it is kept.
 */

import * as tips from "../lib/tips.js";

const NOTE_S = 0.35;
const LOUDNESS = 0.12;

class TipsPanel extends HTMLElement {
  #life = new AbortController();
  /** @type {tips.Tip[]} */ #latest = [];
  /** @type {tips.Goal | null} */ #goal = null;
  /** @type {AudioContext | null} */ #sound = null;

  connectedCallback() {
    this.#life = new AbortController();
    const { signal } = this.#life;
    document.addEventListener("realtime", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail), { signal });
    document.addEventListener("realtime:reset", (event) => this.#reset(/** @type {CustomEvent} */ (event).detail), { signal });
    this.addEventListener("submit", (event) => this.#submitted(/** @type {SubmitEvent} */ (event)), { signal });
    const sound = /** @type {HTMLButtonElement | null} */ (this.querySelector("[data-sound]"));
    if (!sound) return;
    sound.hidden = false;
    sound.addEventListener("click", () => this.#switchSound(sound), { signal });
  }

  disconnectedCallback() {
    this.#life.abort();
    void this.#sound?.close();
    this.#sound = null;
  }

  // -- Hearing ---------------------------------------------------------------------------------------------------------

  /** @param {{channel: string, tag: string, data: any}} detail */
  #hear({ channel, tag, data }) {
    if (tag === "wallet.balance.changed") this.#say("balance", this.#amount(data.balance_minor));
    if (channel !== this.dataset.channel) return;
    if (tag === "tips.tip.given") this.#given(data);
    if (tag === "tips.tip.silenced") this.#silenced(data.id);
    if (tag === "tips.goal.moved") this.#moved(data);
    if (tag === "rooms.state.changed") this.#onAir(tips.isOnAir(data.state));
  }

  /** @param {{channel: string, snapshot: any}} detail */
  #reset({ channel, snapshot }) {
    if (channel !== this.dataset.channel || !snapshot?.tips) return;
    this.#goal = null;
    this.#moved(snapshot.tips.goal);
    this.#onAir(tips.isOnAir(snapshot.room.state));
    for (const tip of snapshot.tips.latest.toReversed()) this.#given(tip, { isQuiet: true });
  }

  /** @param {boolean} isOnAir */
  #onAir(isOnAir) {
    for (const place of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-when]"))) {
      place.hidden = (place.dataset.when === "on-air") !== isOnAir;
    }
    if (isOnAir) this.hidden = false;
  }

  /** @param {tips.Tip} tip @param {{isQuiet?: boolean}} [how] */
  #given(tip, { isQuiet = false } = {}) {
    const place = this.querySelector("[data-latest]");
    if (!place || place.querySelector(`[data-id="${tip.id}"]`)) return;
    const max = Number(this.dataset.latestMax) || tips.LATEST;
    this.hidden = false;
    this.#latest = tips.withTip(this.#latest, tip, max);
    const newer = [...place.children].findLast((row) => Number(/** @type {HTMLElement} */ (row).dataset.id) > tip.id);
    if (newer) newer.after(this.#drawn(tip));
    else place.prepend(this.#drawn(tip));
    while (place.children.length > max) place.lastElementChild?.remove();
    this.#tell(tips.asLine(tip, this.#gave(tip)));
    if (!isQuiet) this.#play(tip.amount_minor);
  }

  /** @param {number} id */
  #silenced(id) {
    for (const part of this.querySelectorAll(`[data-id="${id}"] :is([data-text], [data-silence])`)) part.remove();
    this.#latest = tips.silenced(this.#latest, id);
    const tip = this.#latest.find((one) => one.id === id);
    if (tip) this.#tell(tips.asLine(tip, this.#gave(tip)));
  }

  /** @param {tips.Goal} told */
  #moved(told) {
    const place = /** @type {HTMLElement | null} */ (this.querySelector("[data-goal]"));
    const bar = /** @type {HTMLProgressElement | null} */ (this.querySelector("[data-goal-bar]"));
    if (!place || !bar) return;
    if (told.is_first) this.#reached(told, place);
    const goal = this.#goal ? tips.later(this.#goal, told) : told;
    this.#goal = goal;
    place.hidden = goal.goal_id === null;
    if (goal.goal_id === null) return;
    this.hidden = false;
    place.dataset.goal = String(goal.goal_id);
    this.#say("goal-title", goal.title);
    this.#say("goal-words", `${this.#credits(goal.reached_minor)} / ${this.#amount(goal.target_minor)}`);
    bar.value = tips.percent(goal);
    place.toggleAttribute("data-is-reached", bar.value === bar.max);
  }

  /** @param {tips.Goal} goal @param {HTMLElement} place */
  #reached(goal, place) {
    const words = tips.filled(this.#words("reached"), { title: goal.title });
    const line = { key: `goal ${goal.goal_id}`, author: words, text: "", at: Date.now() / 1000 };
    this.#say("told", words);
    this.#tell({ id: 0, author_ref: "", role: "member", ...line });
    this.#play(goal.target_minor);
    place.classList.add("tips__goal--party");
    place.addEventListener("animationend", () => place.classList.remove("tips__goal--party"), { once: true });
  }

  /** @param {object} line as lib/chat-lines.js has it */
  #tell(line) {
    document.dispatchEvent(new CustomEvent("chat:told", { detail: line }));
  }

  // -- Drawing ---------------------------------------------------------------------------------------------------------

  /** @param {tips.Tip} tip @returns {string} "Vi tipped …" */
  #gave(tip) {
    const name = tip.name || this.#words("someone");
    return tips.filled(this.#words("gave"), { name, amount: this.#amount(tip.amount_minor) });
  }

  /** @param {tips.Tip} tip @returns {Node} */
  #drawn(tip) {
    const parts = /** @type {HTMLTemplateElement} */ (this.querySelector("[data-row]"));
    const copy = /** @type {DocumentFragment} */ (parts.content.cloneNode(true));
    const row = /** @type {HTMLElement} */ (copy.querySelector("li"));
    row.dataset.id = String(tip.id);
    row.classList.add("tips__one--new");
    const put = (/** @type {string} */ part, /** @type {string} */ words) => {
      const place = row.querySelector(`[data-${part}]`);
      if (words && place) place.textContent = words;
      else place?.remove();
    };
    put("gave", this.#gave(tip));
    put("item", tip.item && ` · ${tip.item}`);
    put("text", tip.text);
    const form = /** @type {HTMLFormElement | null} */ (row.querySelector("[data-silence]"));
    const address = form?.getAttribute("action") ?? ""; // a copy of a template has no address to resolve `action` against
    if (form && tip.text) form.setAttribute("action", address.replace("/tips/0/", `/tips/${tip.id}/`));
    else form?.remove();
    return copy;
  }

  // -- Sound -----------------------------------------------------------------------------------------------------------

  /** @param {HTMLButtonElement} button */
  #switchSound(button) {
    const isOn = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(isOn));
    if (isOn) this.#sound = new AudioContext();
    else void this.#sound?.close();
    if (isOn) this.#play(Number(this.dataset.creditMinor));
    else this.#sound = null;
  }

  /** @param {number} minor */
  #play(minor) {
    const sound = this.#sound;
    if (!sound) return;
    for (const { hz, at_s: at } of tips.notes(minor, Number(this.dataset.creditMinor))) {
      const [tone, volume, from] = [sound.createOscillator(), sound.createGain(), sound.currentTime + at];
      tone.frequency.value = hz;
      volume.gain.setValueAtTime(LOUDNESS, from);
      volume.gain.exponentialRampToValueAtTime(0.001, from + NOTE_S);
      tone.connect(volume).connect(sound.destination);
      tone.start(from);
      tone.stop(from + NOTE_S);
    }
  }

  // -- Giving ----------------------------------------------------------------------------------------------------------

  /** @param {SubmitEvent} event */
  #submitted(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.matches("[data-tip]")) void this.#give(event);
    if (form.matches("[data-silence]")) void this.#silence(event, form);
  }

  /** @param {SubmitEvent} event @param {HTMLFormElement} form */
  async #silence(event, form) {
    event.preventDefault();
    const body = new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    const headers = { Accept: "application/json" };
    const answer = await fetch(form.action, { method: "POST", body, headers }).catch(() => null);
    if (answer?.ok) this.#silenced(Number(/** @type {HTMLElement} */ (form.closest("[data-id]")).dataset.id));
    else this.#say("told", this.#words("failed"));
  }

  /** @param {SubmitEvent} event */
  async #give(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.dataset.isSending) return;
    form.dataset.isSending = "yes";
    const typed = new FormData(form, event.submitter);
    const body = new URLSearchParams([...typed].map(([name, value]) => [name, String(value)]));
    try {
      const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      const answer = await response.json();
      if (response.ok) this.#thank(form, answer.tip);
      else this.#refuse(answer);
    } catch {
      this.#say("told", this.#words("offline")); // the same key is sent again: nothing is paid twice
    }
    delete form.dataset.isSending;
  }

  /** @param {HTMLFormElement} form @param {tips.Tip} tip */
  #thank(form, tip) {
    this.#given(tip);
    this.#say("told", this.#words("thanks"));
    const key = /** @type {HTMLInputElement} */ (form.querySelector("[data-key]"));
    form.reset();
    key.value = crypto.randomUUID();
  }

  /** @param {{message?: string, way?: string}} answer */
  #refuse({ message, way }) {
    this.#say("told", message ?? this.#words("offline"));
    if (!way) return;
    const link = document.createElement("a");
    link.href = way;
    link.textContent = this.#words("way");
    this.querySelector("[data-told]")?.append(" ", link);
  }

  /** @param {number} minor @returns {string} */
  #credits(minor) {
    return tips.credits(minor, Number(this.dataset.creditMinor));
  }

  /** @param {number} minor @returns {string} */
  #amount(minor) {
    const money = tips.money(minor, this.dataset.sign ?? "");
    return tips.filled(this.#words("amount"), { credits: this.#credits(minor), money });
  }

  /** @param {string} part @param {string} text */
  #say(part, text) {
    for (const place of this.querySelectorAll(`[data-${part}]`)) place.textContent = text;
  }

  /** @param {string} name @returns {string} */
  #words(name) {
    return this.getAttribute(`data-words-${name}`) ?? "";
  }
}

customElements.define("tips-panel", TipsPanel);
