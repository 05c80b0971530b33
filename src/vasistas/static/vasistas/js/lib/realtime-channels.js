/**
 * What a page knows of its channels, and what each message from the gateway means for it. Pure: text comes in, acts go out.
 *
 * A position (epoch, offset) says: everything up to here is known. Events at or before it are dropped, the next one is
 * delivered, anything else is a gap: the page loads its snapshot again. While it does, events are held back, so that an
 * older snapshot never overwrites a newer event.
 */

export const HELD_MAX = 500; // events held for one channel while its snapshot is loaded; more make it load once again
export const AGAIN_MS = 1_000; // within this, when a snapshot was too old: a site that errs is not asked in a tight loop
export const GRANTS_PER_MESSAGE = 8; // as in gateway/protocol.py
export const RENEW_FROM = 0.7; // of a grant's life; spread up to RENEW_TO, so that pages do not ask all at once
export const RENEW_TO = 0.95;

/**
 * @typedef {object} Wish
 * @property {string} channel
 * @property {string} grant
 * @property {string} [epoch] with offset: where the page's snapshot stands; without it the channel starts now
 * @property {number} [offset]
 *
 * @typedef {{act: "event", channel: string, tag: string, data: any}
 *   | {act: "reset", channel: string, spreadMs: number}
 *   | {act: "subscribed", channel: string, expiresInS: number}
 *   | {act: "refresh", why: "expired" | "refused"}} Act
 *
 * @typedef {object} Known
 * @property {string} grant
 * @property {string} epoch
 * @property {number} offset
 * @property {boolean} isLive
 * @property {any[] | null} held events that wait for the snapshot; null while none is loaded
 * @property {number} heldFrom the snapshot must know everything up to this offset
 * @property {boolean} isAgain whatever the snapshot on its way says, it is too old
 */

export class Channels {
  /** @type {Map<string, Known>} */
  #known = new Map();

  /** @param {Wish} wish A known channel gets the new grant and keeps its position. */
  add({ channel, grant, epoch = "", offset = 0 }) {
    const known = this.#known.get(channel);
    if (known) known.grant = grant;
    else this.#known.set(channel, { grant, epoch, offset, isLive: false, held: null, heldFrom: 0, isAgain: false });
  }

  /** @param {string} channel */
  remove(channel) {
    return this.#known.delete(channel);
  }

  /** The socket is gone; positions stay. */
  disconnected() {
    for (const known of this.#known.values()) known.isLive = false;
  }

  get isEmpty() {
    return this.#known.size === 0;
  }

  /** Whether every channel is subscribed. */
  get isLive() {
    return [...this.#known.values()].every(({ isLive }) => isLive);
  }

  /**
   * Messages that subscribe the channels (all, unless some are named), each grant once.
   * @param {readonly string[]} [names]
   */
  subscribeMessages(names = [...this.#known.keys()]) {
    const wanted = names.map((name) => /** @type {const} */ ([name, this.#known.get(name)])).filter(([, known]) => known);
    const grants = [...new Set(wanted.map(([, known]) => /** @type {Known} */ (known).grant))];
    const messages = [];
    for (let from = 0; from < grants.length; from += GRANTS_PER_MESSAGE) {
      const some = grants.slice(from, from + GRANTS_PER_MESSAGE);
      /** @type {Record<string, [string, number]>} */
      const positions = {};
      for (const [name, known] of wanted) {
        if (known && known.epoch && some.includes(known.grant)) positions[name] = [known.epoch, known.offset];
      }
      messages.push({ op: "subscribe", grants: some, positions });
    }
    return messages;
  }

  /**
   * @param {string} text One frame.
   * @returns {Act[]} what the page has to do, in order
   */
  receive(text) {
    const message = JSON.parse(text);
    return (Array.isArray(message) ? message : [message]).flatMap((one) => (one.op ? this.#answer(one) : this.#event(one)));
  }

  /**
   * The page has loaded the snapshot again.
   * @param {string} channel
   * @param {{epoch: string, offset: number} | undefined | null} position where the snapshot stands, if it says
   * @returns {Act[]} what came meanwhile; or another reset if the snapshot was asked for too early
   */
  settled(channel, position) {
    const known = this.#known.get(channel);
    if (!known?.held) return [];
    const held = known.held;
    known.held = null;
    const isOlder = position?.epoch === known.epoch && position.offset < known.heldFrom;
    if (known.isAgain || isOlder) return this.#reset(channel, known, AGAIN_MS);
    const newer = held.filter(({ e, o }) => !(position && e === position.epoch && o <= position.offset));
    return newer.map(({ t, d }) => ({ act: "event", channel, tag: t, data: d }));
  }

  /** @param {any} message @returns {Act[]} */
  #answer(message) {
    const known = this.#known.get(message.channel);
    switch (message.op) {
      case "subscribed": {
        if (!known) return [];
        known.isLive = true;
        const hadPosition = known.epoch !== "";
        if (!message.recovered || !hadPosition) [known.epoch, known.offset] = [message.epoch, message.offset];
        /** @type {Act} */
        const act = { act: "subscribed", channel: message.channel, expiresInS: message.expires_in_s };
        return message.recovered ? [act] : [act, ...this.#reset(message.channel, known, message.spread_ms)];
      }
      case "reset":
        if (!known) return [];
        [known.epoch, known.offset] = [message.epoch, message.offset];
        return this.#reset(message.channel, known, message.spread_ms);
      case "expired":
        for (const name of message.channels) {
          const ended = this.#known.get(name);
          if (ended) ended.isLive = false;
        }
        return [{ act: "refresh", why: "expired" }];
      case "refused":
        return [{ act: "refresh", why: "refused" }];
      default: // pong, and what a newer server may say
        return [];
    }
  }

  /** @param {{c: string, e: string, o: number, t: string, d: any}} event @returns {Act[]} */
  #event(event) {
    const known = this.#known.get(event.c);
    if (!known) return [];
    const isSameEpoch = event.e === known.epoch;
    if (isSameEpoch && event.o <= known.offset) return [];
    const isNext = isSameEpoch && event.o === known.offset + 1;
    [known.epoch, known.offset] = [event.e, event.o];
    if (known.held) return this.#hold(known, event, isNext);
    if (isNext) return [{ act: "event", channel: event.c, tag: event.t, data: event.d }];
    const acts = this.#reset(event.c, known);
    known.held?.push(event);
    known.heldFrom = event.o - 1;
    return acts;
  }

  /** @param {Known} known @param {any} event @param {boolean} isNext @returns {Act[]} */
  #hold(known, event, isNext) {
    const held = /** @type {any[]} */ (known.held);
    if (!isNext || held.length >= HELD_MAX) known.isAgain = true;
    else held.push(event);
    return [];
  }

  /**
   * @param {string} channel @param {Known} known
   * @param {number} spreadMs the snapshot is wanted by many: load it at a random moment within
   * @returns {Act[]}
   */
  #reset(channel, known, spreadMs = 0) {
    if (known.held) {
      known.isAgain = true; // the snapshot on its way may be older than this
      return [];
    }
    known.held = [];
    known.heldFrom = known.offset;
    known.isAgain = false;
    return [{ act: "reset", channel, spreadMs }];
  }
}

/**
 * Whether to connect again after a close code: the gateway's own are 4000–4499 yes, 4500–4999 no; of RFC 6455's those
 * that say this page misbehaves would only come again.
 * @param {number} code
 */
export function mayReconnect(code) {
  if (code >= 4500 && code <= 4999) return false;
  return ![1002, 1003, 1007, 1008, 1009, 1010].includes(code);
}

/**
 * When to ask for fresh grants.
 * @param {number} expiresInS @param {() => number} random
 * @returns {number} milliseconds from now
 */
export function renewInMs(expiresInS, random) {
  return Math.round(expiresInS * 1000 * (RENEW_FROM + (RENEW_TO - RENEW_FROM) * random()));
}
