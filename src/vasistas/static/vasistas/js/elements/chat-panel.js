/**
 * `<chat-panel>`: what templates/chat/_panel.html becomes while the page is open. It listens to the page's one connection:
 *
 *   document.dispatchEvent(new CustomEvent("realtime", {detail: {channel, tag, data}}));
 *   document.dispatchEvent(new CustomEvent("realtime:reset", {detail: {channel, snapshot}}));   // snapshot: optional
 *   document.dispatchEvent(new CustomEvent("chat:told", {detail: line}));   // lib/chat-lines.js: told()
 *
 * Decisions live in lib/chat-*.js; here the page is made to look like their state, once per frame.
 */

import * as draft from "../lib/chat-draft.js";
import { getJson, post } from "../lib/chat-http.js";
import * as chat from "../lib/chat-lines.js";
import * as pace from "../lib/chat-pace.js";
import { watchActs } from "./chat-acts.js";
import { drawLine, localTime, looksOf, readLine } from "./chat-line.js";

const NEAR_BOTTOM_PX = 48;

export class ChatPanel extends HTMLElement {
  #state = chat.start([], false);
  #pace = pace.calm();
  /** @type {Map<string, {row: HTMLElement, looks: string}>} key of a line -> what is drawn */
  #drawn = new Map();
  #frame = 0;
  /** @type {any} */ #tick = 0;
  /** @type {any} */ #summary = 0;
  #sent = 0;
  #top = 0; // of the latest scroll; only a person scrolls up
  #openAt = 0; // milliseconds; when slow mode lets this person speak again
  #mutedUntil = 0; // milliseconds
  #sizes = new ResizeObserver(() => this.#state.isReading || this.#toBottom());
  /** @type {AbortController | null} */
  #life = null;

  connectedCallback() {
    this.#life = new AbortController();
    const { signal } = this.#life;
    const rows = /** @type {HTMLElement[]} */ ([...this.#part("lines").children]);
    this.#state = chat.start(rows.map(readLine), !this.#part("older").hidden);
    for (const row of rows) {
      this.#drawn.set(`id ${row.dataset.id}`, { row, looks: looksOf(readLine(row)) });
      localTime(row);
    }
    this.#openAt = Date.now() + Number(this.dataset.waitS) * 1000;

    document.addEventListener("realtime", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail), { signal });
    document.addEventListener("realtime:reset", (event) => this.#reset(/** @type {CustomEvent} */ (event).detail), { signal });
    const told = (/** @type {any} */ { detail }) => this.#change(chat.told(this.#state, detail));
    document.addEventListener("chat:told", told, { signal });
    this.#part("scroll").addEventListener("scroll", () => this.#scrolled(), { signal, passive: true });
    this.#part("new").addEventListener("click", () => this.#toLatest(), { signal });
    this.#part("older").addEventListener("click", (event) => this.#loadOlder(event), { signal });
    this.#part("lines").addEventListener("click", (event) => this.#call(event), { signal });
    watchActs(this, {
      signal,
      notice: (words) => this.#fail(words, "notice"),
      fail: (words) => this.#fail(words || this.#words("offline")),
      lineOf: (id) => this.#state.lines.find((line) => line.id === id),
    });
    this.#prepareForm(signal);
    this.#toBottom();
    this.#sizes.observe(this.#part("scroll"));
  }

  disconnectedCallback() {
    this.#life?.abort();
    this.#sizes.disconnect();
    cancelAnimationFrame(this.#frame);
    clearInterval(this.#tick);
    clearInterval(this.#summary);
    this.#summary = 0;
    this.#drawn.clear();
  }

  // -- Hearing ---------------------------------------------------------------------------------------------------------

  /** @param {{channel: string, tag: string, data: any}} detail */
  #hear({ channel, tag, data }) {
    if (channel.startsWith("member:")) this.#hearOfMe(tag, data);
    if (channel !== this.dataset.channel) return;
    if (tag === "chat.slow_mode.changed") this.#slowMode(data.seconds);
    const before = this.#state;
    this.#change(chat.apply(before, tag, data, this.dataset.viewerRef));
    if (tag === "chat.message.said" && this.#state !== before && data.author_ref !== this.dataset.viewerRef) this.#announce();
  }

  /** @param {string} tag @param {any} data */
  #hearOfMe(tag, data) {
    if (String(data.room_id) !== this.dataset.roomId) return;
    if (tag === "rooms.member.banned") this.#refuse(this.#words("banned"));
    if (tag !== "chat.member.muted") return;
    this.#mutedUntil = data.until === null ? Infinity : data.until * 1000;
    const minutes = Math.ceil(draft.secondsLeft(this.#mutedUntil, Date.now()) / 60);
    this.#refuse(minutes > 0 ? this.#words("muted").replace("{count}", String(minutes)) : "");
    this.#countDown();
  }

  /** @param {{channel: string, snapshot?: any}} detail */
  async #reset({ channel, snapshot }) {
    if (channel !== this.dataset.channel) return;
    if (this.#state.isReading) return this.#change(chat.lost(this.#state));
    await this.#latest(snapshot?.chat);
  }

  /** @param {any} [snapshot] the server's `chat.queries.snapshot`, fetched when not given */
  async #latest(snapshot) {
    const fresh = snapshot ?? (await getJson(this.dataset.url ?? ""));
    if (!fresh) return this.#change(chat.lost(this.#state));
    this.#slowMode(fresh.slow_mode_s);
    if (this.querySelector("[data-say]") && this.#text().disabled !== Boolean(fresh.refusal)) this.#refuse(fresh.refusal_words);
    this.#quietly(() => this.#change(chat.latest(this.#state, fresh.lines, fresh.has_older)));
    this.#toBottom();
  }

  // -- Reading ---------------------------------------------------------------------------------------------------------

  #scrolled() {
    const scroll = this.#part("scroll");
    const isAtBottom = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_BOTTOM_PX;
    if (isAtBottom) this.#change(chat.follow(this.#state));
    else if (scroll.scrollTop < this.#top) this.#change(chat.readBack(this.#state));
    this.#top = scroll.scrollTop;
  }

  async #toLatest() {
    if (this.#state.isDetached) await this.#latest();
    else this.#change(chat.follow(this.#state));
    this.#toBottom();
    this.#part("scroll").focus({ preventScroll: true });
  }

  /** @param {Event} event */
  async #loadOlder(event) {
    event.preventDefault();
    const before = chat.oldestId(this.#state);
    const page = before === null ? null : await getJson(`${this.dataset.url}?before=${before}`);
    if (!page) return this.#tell(this.#words("offline"));
    const scroll = this.#part("scroll");
    const fromBottom = scroll.scrollHeight - scroll.scrollTop;
    this.#quietly(() => {
      this.#state = chat.older(chat.readBack(this.#state), page.lines, page.has_older);
      this.#draw();
    });
    scroll.scrollTop = scroll.scrollHeight - fromBottom;
  }

  #toBottom() {
    this.#draw();
    const scroll = this.#part("scroll");
    scroll.scrollTop = scroll.scrollHeight;
    this.#top = scroll.scrollTop;
  }

  // -- Drawing ---------------------------------------------------------------------------------------------------------

  /** @param {chat.State} state */
  #change(state) {
    if (state === this.#state) return;
    this.#state = state;
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const list = this.#part("lines");
    const wanted = this.#state.lines.map((line) => [line.key ? `key ${line.key}` : `id ${line.id}`, line]);
    const keys = new Set(wanted.map(([key]) => key));
    for (const [key, { row }] of this.#drawn) {
      if (keys.has(key)) continue;
      row.remove();
      this.#drawn.delete(key);
    }
    const look = this.#look();
    let next = list.firstElementChild;
    for (const [key, line] of /** @type {[string, chat.Line][]} */ (wanted)) {
      const known = this.#drawn.get(key);
      const looks = looksOf(line);
      if (known && known.looks === looks && known.row === next) {
        next = next.nextElementSibling;
        continue;
      }
      const row = known?.looks === looks ? known.row : drawLine(line, look);
      if (known && known.row !== row) {
        if (known.row === next) next = next.nextElementSibling;
        known.row.remove();
      }
      list.insertBefore(row, next);
      this.#drawn.set(key, { row, looks });
    }
    this.#drawAround();
    if (!this.#state.isReading) this.#part("scroll").scrollTop = this.#part("scroll").scrollHeight;
  }

  #drawAround() {
    const count = chat.waiting(this.#state);
    this.#part("older").hidden = !this.#state.hasOlder;
    this.#part("empty").hidden = this.#state.lines.length > 0;
    this.#part("new").hidden = count === 0 && !this.#state.isDetached;
    this.#part("new-words").textContent =
      count === 0 ? this.#words("latest") : this.#words(count === 1 ? "new-one" : "new-many").replace("{count}", String(count));
  }

  /** @returns {import("./chat-line.js").Look} */
  #look() {
    const { viewerRef = "", viewerName = "", url = "", reach } = this.dataset;
    return {
      parts: /** @type {HTMLTemplateElement} */ (this.#part("parts")),
      names: chat.speakers(this.#state),
      viewerName,
      viewerRef,
      removed: this.#words("removed"),
      act: this.#words("act"),
      isActionable: (line) => chat.isActionable(line, /** @type {"all" | "members" | "own"} */ (reach), viewerRef),
      actAddress: (line) => `${url}/${line.id}/moderate?next=${encodeURIComponent(location.pathname)}`,
    };
  }

  /** @param {() => void} act lines that come in `act` are not read out */
  #quietly(act) {
    const log = this.#part("log");
    log.setAttribute("aria-live", "off");
    act();
    requestAnimationFrame(() => requestAnimationFrame(() => log.setAttribute("aria-live", this.#pace.isFast ? "off" : "polite")));
  }

  #announce() {
    this.#pace = pace.heard(this.#pace, performance.now());
    if (!this.#pace.isFast || this.#summary) return;
    this.#part("log").setAttribute("aria-live", "off");
    this.#summary = setInterval(() => this.#summarise(), pace.SUMMARY_EVERY_MS);
  }

  #summarise() {
    const told = pace.summary(this.#pace, performance.now());
    this.#pace = told.pace;
    if (told.count) this.#tell(this.#words(told.count === 1 ? "new-one" : "new-many").replace("{count}", String(told.count)));
    if (told.pace.isFast) return;
    clearInterval(this.#summary);
    this.#summary = 0;
    this.#part("log").setAttribute("aria-live", "polite");
  }

  /** @param {string} words read out, and seen by nobody */
  #tell(words) {
    this.#part("status").textContent = words;
  }

  // -- Writing ---------------------------------------------------------------------------------------------------------

  /** @param {AbortSignal} signal */
  #prepareForm(signal) {
    const form = this.querySelector("[data-say]");
    if (!form) return;
    const text = this.#text();
    form.addEventListener("submit", (event) => this.#send(event), { signal });
    text.addEventListener("input", () => this.#count(), { signal });
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      text.form?.requestSubmit();
    }, { signal });
    const emoji = this.#part("emoji");
    this.#part("emoji-button").hidden = !("popover" in HTMLElement.prototype);
    emoji.addEventListener("click", (event) => {
      const sign = /** @type {HTMLElement} */ (event.target).dataset.sign;
      if (sign) this.#insert(sign);
    }, { signal });
    this.#count();
    this.#countDown();
  }

  /** @param {Event} event */
  async #send(event) {
    event.preventDefault();
    const text = this.#text();
    const words = text.value;
    const size = draft.measure(words, Number(this.dataset.charsMax));
    if (size.isEmpty || draft.secondsLeft(this.#openAt, Date.now()) > 0) return;
    const key = String((this.#sent += 1));
    const isCommand = words.startsWith("/") && !words.startsWith("//");
    if (!isCommand && !size.isOver) this.#showSending(key, words);
    const form = /** @type {HTMLFormElement} */ (text.form);
    const body = new FormData(form);
    text.value = "";
    this.#fail("");
    this.#count();
    const { answer, error, retryAfterS } = await post(form.action, body);
    if (answer?.line) {
      this.#change(chat.confirmed(this.#state, key, answer.line));
      if (this.dataset.hasDesk !== "yes") this.#openAt = Date.now() + Number(this.dataset.slowModeS) * 1000;
    } else {
      this.#change(chat.failed(this.#state, key));
    }
    if (answer?.notice) this.#fail(answer.notice, "notice");
    if (!answer) {
      text.value = draft.giveBack(words, text.value);
      if (retryAfterS) this.#openAt = Date.now() + retryAfterS * 1000;
      this.#fail(error || this.#words("offline"));
    }
    this.#count();
    this.#countDown();
  }

  /** @param {string} key @param {string} words */
  #showSending(key, words) {
    const { viewerRef = "", viewerName = "", viewerRole: role = "member" } = this.dataset;
    const line = { id: 0, key, author: viewerName, author_ref: viewerRef, role, text: words.trim(), at: Date.now() / 1000 };
    this.#state = chat.follow(this.#state);
    this.#change(chat.sending(this.#state, line));
  }

  #count() {
    const { left, isShown, isOver } = draft.measure(this.#text().value, Number(this.dataset.charsMax));
    const wait = draft.secondsLeft(this.#openAt, Date.now());
    const count = this.#part("count");
    const words = isOver ? this.#words("over") : this.#words("left");
    count.textContent = wait ? this.#words("wait").replace("{count}", String(wait)) : isShown ? words.replace("{count}", String(Math.abs(left))) : "";
    count.classList.toggle("chat__count--over", isOver && !wait);
    /** @type {HTMLButtonElement} */ (this.#part("send")).disabled = isOver || wait > 0 || this.#text().disabled;
  }

  #countDown() {
    clearInterval(this.#tick);
    const step = () => {
      if (this.#mutedUntil && this.#mutedUntil <= Date.now()) this.#refuse("");
      this.#count();
      if (Date.now() >= Math.max(this.#openAt, this.#mutedUntil)) clearInterval(this.#tick);
    };
    if (this.#openAt > Date.now() || this.#mutedUntil > Date.now()) this.#tick = setInterval(step, 250);
    step();
  }

  /** @param {number} seconds */
  #slowMode(seconds) {
    this.dataset.slowModeS = String(seconds);
    this.#part("slow").hidden = seconds === 0;
    this.#part("slow-words").textContent = this.#words("slow").replace("{count}", String(seconds));
    if (seconds === 0) this.#openAt = 0;
  }

  /** @param {string} why nothing when the person may speak */
  #refuse(why) {
    if (!this.querySelector("[data-say]")) return;
    if (!why) this.#mutedUntil = 0;
    this.#text().disabled = why !== "";
    this.#fail(why);
    this.#count();
  }

  /** @param {string} words @param {"error" | "notice"} [kind] */
  #fail(words, kind = "error") {
    const error = this.#part("error");
    error.textContent = words;
    error.classList.toggle("chat__error--notice", kind === "notice");
    this.#text().setAttribute("aria-invalid", String(words !== "" && kind === "error"));
  }

  /** @param {MouseEvent} event a click on a name calls that person */
  #call(event) {
    const author = /** @type {HTMLElement} */ (event.target).closest(".chat__author");
    if (author && this.querySelector("[data-say]") && !this.#text().disabled) this.#insert(`@${author.textContent}`);
  }

  /** @param {string} piece */
  #insert(piece) {
    const text = this.#text();
    const { text: value, caret } = draft.insert(text.value, text.selectionStart, text.selectionEnd, piece);
    text.value = value;
    text.setSelectionRange(caret, caret);
    text.focus();
    this.#count();
  }

  // -- Parts -----------------------------------------------------------------------------------------------------------

  /** @returns {HTMLTextAreaElement} */
  #text() {
    return /** @type {HTMLTextAreaElement} */ (this.#part("text"));
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    const found = /** @type {HTMLElement | null} */ (this.querySelector(`[data-${name}]`));
    if (!found) throw new Error(`chat-panel has no [data-${name}]; templates/chat/_panel.html makes it`);
    return found;
  }

  /** @param {string} name */
  #words(name) {
    return this.getAttribute(`data-words-${name}`) ?? "";
  }
}

customElements.define("chat-panel", ChatPanel);
