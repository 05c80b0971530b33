/**
 * One socket to the gateway that stays: connects, subscribes, recovers, comes back. What messages mean is decided in
 * realtime-channels.js; here are only the socket and the timers.
 *
 *   const link = connect({
 *     url: "/realtime",
 *     channels: [{channel: "room:1", grant, epoch, offset}],   // from the page's snapshot
 *     onEvent(channel, tag, data) {…},        // may repeat what the snapshot holds: apply by id
 *     async onReset(channel) {…},             // load the snapshot again, draw it, return its {epoch, offset}
 *     onStatus(status) {…},                   // "connecting" | "live" | "waiting" | "stopped" | "closed"
 *     async refresh() {…},                    // return fresh [{channel, grant}] (the same snapshot request)
 *   });
 *   link.subscribe({channel, grant, epoch, offset}); link.unsubscribe(channel); link.close();
 *
 * Several channels of one snapshot may reset together: onReset may return one and the same promise for all of them.
 * "stopped": the gateway refuses this page for good; it has to be loaded again.
 */

import { backoff } from "./backoff.js";
import { Channels, mayReconnect, renewInMs } from "./realtime-channels.js";

export const QUIET_MS = 25_000; // without a frame for so long, ask whether the gateway is there
export const ANSWER_MS = 5_000; // and give it this long
export const REFUSALS_MAX = 3; // in a row, before the page gives up
const OPEN = 1; // WebSocket.OPEN

/**
 * @typedef {import("./realtime-channels.js").Wish} Wish
 * @typedef {"connecting" | "live" | "waiting" | "stopped" | "closed"} Status
 *
 * @typedef {object} Options
 * @property {string} url of the gateway: ws(s)://, http(s):// or a path of this site
 * @property {readonly Wish[]} channels
 * @property {(channel: string, tag: string, data: any) => void} onEvent
 * @property {(channel: string) => Promise<{epoch: string, offset: number} | undefined | void> | void} [onReset]
 * @property {(status: Status) => void} [onStatus]
 * @property {() => Promise<readonly {channel: string, grant: string}[]>} [refresh]
 *
 * @typedef {object} World what a test replaces
 * @property {(url: string) => any} open returns a WebSocket
 * @property {(act: () => void, ms: number) => any} later
 * @property {(timer: any) => void} cancel
 * @property {() => number} random
 * @property {(fault: unknown) => void} report tells the browser's console of a fault in the page's own code
 * @property {(wake: () => void) => () => void} onWake calls back when the page is shown or the network is; returns an undo
 */

/** @param {Options} options @param {Partial<World>} [world] */
export function connect(options, world = {}) {
  const link = new Link(options, { ...browser, ...world });
  if (options.channels.length) link.open();
  return {
    close: () => link.close(),
    /** @param {Wish} wish */
    subscribe: (wish) => link.subscribe(wish),
    /** @param {string} channel */
    unsubscribe: (channel) => link.unsubscribe(channel),
  };
}

/** @type {World} */
const browser = {
  open: (url) => new WebSocket(socketAddress(url, globalThis.location?.href)),
  later: (act, ms) => setTimeout(act, ms),
  cancel: (timer) => clearTimeout(timer),
  random: Math.random,
  report: (fault) => (globalThis.reportError ?? console.error)(fault),
  onWake(wake) {
    const page = globalThis.document;
    if (!page) return () => {};
    const shown = () => page.visibilityState === "visible" && wake();
    page.addEventListener("visibilitychange", shown);
    globalThis.addEventListener("online", wake);
    return () => {
      page.removeEventListener("visibilitychange", shown);
      globalThis.removeEventListener("online", wake);
    };
  },
};

/** @param {string} url @param {string} [base] */
export function socketAddress(url, base) {
  return new URL(url, base).href.replace(/^http/, "ws");
}

class Link {
  /** @type {any} */
  #socket = null;
  #channels = new Channels();
  #isOver = false;
  #isRefreshing = false;
  #refusals = 0;
  /** @type {Status | ""} */
  #status = "";
  /** @type {Record<string, any>} by what they are for */
  #timers = {};

  /** @param {Options} options @param {World} world */
  constructor(options, world) {
    this.options = options;
    this.world = world;
    this.pause = backoff({ random: world.random });
    for (const wish of options.channels) this.#channels.add(wish);
    this.forgetWake = world.onWake(() => this.#wake());
  }

  open() {
    this.#cancel("retry");
    this.#tell("connecting");
    const socket = this.world.open(this.options.url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#send(this.#channels.subscribeMessages());
      this.#listen();
    };
    socket.onmessage = (/** @type {{data: any}} */ { data }) => {
      this.#listen();
      if (typeof data === "string") this.#do(this.#channels.receive(data));
    };
    socket.onclose = (/** @type {{code: number}} */ { code }) => this.#lost(code);
  }

  close() {
    this.#end("closed");
  }

  /** @param {Wish} wish */
  subscribe(wish) {
    this.#channels.add(wish);
    if (this.#socket || this.#timers.retry !== undefined) this.#send(this.#channels.subscribeMessages([wish.channel]));
    else if (!this.#isOver) this.open();
  }

  /** @param {string} channel */
  unsubscribe(channel) {
    if (this.#channels.remove(channel)) this.#send([{ op: "unsubscribe", channels: [channel] }]);
  }

  /** @param {import("./realtime-channels.js").Act[]} acts */
  #do(acts) {
    for (const act of acts) {
      if (this.#isOver) return;
      if (act.act === "event") this.#event(act);
      else if (act.act === "reset") this.#reload(act.channel, act.spreadMs);
      else if (act.act === "refresh") this.#refresh(act.why);
      else this.#subscribed(act.expiresInS);
    }
  }

  /** @param {{channel: string, tag: string, data: any}} event A fault of the page must not cost it the next event. */
  #event({ channel, tag, data }) {
    try {
      this.options.onEvent(channel, tag, data);
    } catch (fault) {
      this.world.report(fault);
    }
  }

  /** @param {number} expiresInS */
  #subscribed(expiresInS) {
    this.#refusals = 0;
    this.pause.reset();
    this.#plan("renew", renewInMs(expiresInS, this.world.random), () => this.#refresh("renew"));
    if (this.#channels.isLive) this.#tell("live");
  }

  /** @param {string} channel @param {number} spreadMs */
  async #reload(channel, spreadMs) {
    const pause = backoff({ random: this.world.random });
    if (spreadMs) await this.#sleep(spreadMs * this.world.random());
    while (!this.#isOver) {
      try {
        const position = await this.options.onReset?.(channel);
        this.#do(this.#channels.settled(channel, position ?? undefined));
        return;
      } catch {
        await this.#sleep(pause.next());
      }
    }
  }

  /** @param {number} ms @returns {Promise<void>} */
  #sleep(ms) {
    return new Promise((done) => this.world.later(done, ms));
  }

  /** @param {"renew" | "expired" | "refused"} why */
  async #refresh(why) {
    if (why === "refused") this.#refusals += 1;
    const { refresh } = this.options;
    if (this.#refusals > REFUSALS_MAX || (why !== "renew" && !refresh)) return void this.#end("stopped");
    if (this.#isRefreshing || !refresh) return;
    this.#isRefreshing = true;
    try {
      const fresh = await refresh();
      if (this.#isOver) return;
      for (const { channel, grant } of fresh) this.#channels.add({ channel, grant });
      this.#send(this.#channels.subscribeMessages(fresh.map(({ channel }) => channel)));
    } catch {
      if (!this.#isOver) this.#plan("renew", this.pause.next(), () => this.#refresh("renew"));
    } finally {
      this.#isRefreshing = false;
    }
  }

  /** @param {number} code */
  #lost(code) {
    this.#drop();
    if (this.#isOver) return;
    if (!mayReconnect(code)) return void this.#end("stopped");
    this.#tell("waiting");
    if (this.#channels.isEmpty) return; // until there is something to hear
    this.#plan("retry", this.pause.next(), () => this.open());
  }

  /** The page is looked at again, or the network is back: do not wait for timers. */
  #wake() {
    if (this.#isOver) return;
    if (this.#timers.retry !== undefined) {
      this.pause.reset();
      this.open();
    } else if (this.#socket?.readyState === OPEN) this.#ask();
  }

  /** Start counting the quiet again. */
  #listen() {
    this.#cancel("answer");
    this.#plan("quiet", QUIET_MS, () => this.#ask());
  }

  #ask() {
    if (this.#timers.answer !== undefined) return; // asked already
    this.#send([{ op: "ping" }]);
    this.#plan("answer", ANSWER_MS, () => this.#lost(1006));
  }

  /** @param {readonly object[]} messages */
  #send(messages) {
    if (this.#socket?.readyState !== OPEN) return;
    for (const message of messages) this.#socket.send(JSON.stringify(message));
  }

  /** Let go of the socket; nothing of it is heard any more. */
  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.#channels.disconnected();
    for (const name of ["quiet", "answer", "renew"]) this.#cancel(name);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** @param {"stopped" | "closed"} status */
  #end(status) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#drop();
    this.#cancel("retry");
    this.forgetWake();
    this.#tell(status);
  }

  /** @param {Status} status */
  #tell(status) {
    if (this.#status === status) return;
    this.#status = status;
    this.options.onStatus?.(status);
  }

  /** @param {string} name @param {number} ms @param {() => void} act */
  #plan(name, ms, act) {
    this.#cancel(name);
    this.#timers[name] = this.world.later(() => {
      delete this.#timers[name];
      act();
    }, ms);
  }

  /** @param {string} name */
  #cancel(name) {
    if (this.#timers[name] === undefined) return;
    this.world.cancel(this.#timers[name]);
    delete this.#timers[name];
  }
}
