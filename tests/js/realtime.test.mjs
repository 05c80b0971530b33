import assert from "node:assert/strict";
import { test } from "node:test";

import { ANSWER_MS, QUIET_MS, connect, socketAddress } from "../../src/vasistas/static/vasistas/js/lib/realtime.js";

/** A browser whose time, luck and network the test holds. */
class World {
  now = 0;
  sockets = [];
  timers = [];
  faults = [];
  isListeningForWake = true;
  open = (url) => {
    const socket = { url, sent: [], readyState: 0, isClosed: false };
    socket.send = (text) => socket.sent.push(JSON.parse(text));
    socket.close = () => {
      socket.isClosed = true;
      socket.readyState = 3;
    };
    this.sockets.push(socket);
    return socket;
  };
  later = (act, ms) => {
    const timer = { act, at: this.now + ms };
    this.timers.push(timer);
    return timer;
  };
  cancel = (timer) => {
    this.timers = this.timers.filter((other) => other !== timer);
  };
  luck = 1;
  random = () => this.luck;
  report = (fault) => this.faults.push(fault);
  onWake = (wake) => {
    this.wake = wake;
    return () => {
      this.isListeningForWake = false;
    };
  };
  async pass(ms) {
    const end = this.now + ms;
    for (;;) {
      await settle();
      const next = this.timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.now = next.at;
      this.cancel(next);
      next.act();
    }
    this.now = end;
  }
  get socket() {
    return this.sockets.at(-1);
  }
  accept() {
    this.socket.readyState = 1;
    this.socket.onopen();
  }
  say(message) {
    this.socket.onmessage({ data: JSON.stringify(message) });
  }
  lose(code = 1006) {
    this.socket.onclose({ code });
  }
}
const settle = () => new Promise((done) => setImmediate(done));

const WISH = { channel: "room:1", grant: "g1", epoch: "a-1", offset: 7 };
const subscribed = (more = {}) => ({
  op: "subscribed",
  channel: "room:1",
  epoch: "a-1",
  offset: 7,
  recovered: true,
  expires_in_s: 600,
  ...more,
});
const said = (o, e = "a-1") => ({ c: "room:1", e, o, t: "chat.message.deleted", d: { id: o } });

function page(more = {}) {
  const world = new World();
  const seen = { events: [], statuses: [], resets: [], refreshes: 0 };
  const link = connect(
    {
      url: "/realtime",
      channels: [WISH],
      onEvent: (channel, tag, data) => seen.events.push(data.id),
      onStatus: (status) => seen.statuses.push(status),
      onReset: async (channel) => void seen.resets.push(channel),
      refresh: async () => {
        seen.refreshes += 1;
        return [{ channel: "room:1", grant: `fresh${seen.refreshes}` }];
      },
      ...more,
    },
    world,
  );
  return { world, seen, link };
}
function livePage(more) {
  const all = page(more);
  all.world.accept();
  all.world.say(subscribed());
  return all;
}

test("a page subscribes with its position, hears events and tells its status", () => {
  const { world, seen } = livePage();
  world.say([said(8), said(9)]);
  assert.deepEqual(world.socket.sent, [{ op: "subscribe", grants: ["g1"], positions: { "room:1": ["a-1", 7] } }]);
  assert.deepEqual(seen, { events: [8, 9], statuses: ["connecting", "live"], resets: [], refreshes: 0 });
});

test("after a lost connection it comes back where it was", async () => {
  const { world, seen } = livePage();
  world.say(said(8));
  world.lose();
  assert.deepEqual(seen.statuses, ["connecting", "live", "waiting"]);
  await world.pass(500);
  world.accept();
  assert.deepEqual(world.socket.sent[0].positions, { "room:1": ["a-1", 8] });
  world.say(subscribed({ offset: 9 }));
  world.say(said(9));
  assert.deepEqual(seen.events, [8, 9]);
  assert.equal(seen.statuses.at(-1), "live");
});

test("attempts that fail get rarer, and a success starts over", async () => {
  const { world } = page();
  const pauses = [];
  for (let n = 0; n < 4; n += 1) {
    const before = world.now;
    const count = world.sockets.length;
    world.lose();
    while (world.sockets.length === count) await world.pass(100);
    pauses.push(world.now - before);
  }
  assert.deepEqual(pauses, [500, 1000, 2000, 4000]);
  world.accept();
  world.say(subscribed());
  world.lose();
  await world.pass(500);
  assert.equal(world.sockets.length, 6);
});

test("a code that says stay away is obeyed", async () => {
  const { world, seen } = livePage();
  world.lose(4500);
  await world.pass(100_000);
  assert.equal(world.sockets.length, 1);
  assert.equal(seen.statuses.at(-1), "stopped");
});

test("a new epoch loads the snapshot and delivers what came meanwhile", async () => {
  let finish;
  const { world, seen } = livePage({ onReset: () => new Promise((done) => (finish = done)) });
  world.lose(4000);
  await world.pass(500);
  world.accept();
  world.say(subscribed({ epoch: "b-1", offset: 3, recovered: false }));
  world.say([said(4, "b-1"), said(5, "b-1")]);
  assert.deepEqual(seen.events, []);
  finish({ epoch: "b-1", offset: 4 });
  await settle();
  assert.deepEqual(seen.events, [5]);
});

test("a snapshot that many want is loaded at a moment of its own, and no event is lost by waiting", async () => {
  let loadedAt;
  const { world, seen } = livePage({
    onReset: async () => {
      loadedAt = world.now;
      return { epoch: "a-1", offset: 40 };
    },
  });
  world.luck = 0.5;
  world.say({ op: "reset", channel: "room:1", epoch: "a-1", offset: 40, spread_ms: 8_000 });
  world.say(said(41));
  await world.pass(8_000);
  assert.equal(loadedAt, 4_000);
  assert.deepEqual(seen.events, [41]);
});

test("a snapshot that cannot be loaded is tried again", async () => {
  let tries = 0;
  const onReset = async () => {
    tries += 1;
    if (tries < 3) throw new TypeError("offline");
    return { epoch: "a-1", offset: 20 };
  };
  const { world, seen } = livePage({ onReset });
  world.say(said(21));
  await world.pass(5_000);
  assert.equal(tries, 3);
  assert.deepEqual(seen.events, [21]);
});

test("a grant is renewed before it ends, on the same socket", async () => {
  const { world, seen } = livePage();
  for (let passed = 0; passed < 570_000; passed += 20_000) {
    world.say({ op: "pong" });
    await world.pass(20_000);
  }
  assert.equal(seen.refreshes, 1);
  assert.equal(world.sockets.length, 1);
  assert.deepEqual(world.socket.sent.at(-1), { op: "subscribe", grants: ["fresh1"], positions: { "room:1": ["a-1", 7] } });
});

test("a refused grant is replaced; the page gives up when fresh ones are refused too", async () => {
  const { world, seen } = page();
  world.accept();
  for (let n = 0; n < 4; n += 1) {
    world.say({ op: "refused", code: "grant_refused", message: "", grants: [0] });
    await settle();
  }
  assert.equal(seen.refreshes, 3);
  assert.equal(seen.statuses.at(-1), "stopped");
  assert.equal(world.socket.isClosed, true);
});

test("an ended grant is replaced; without a way to, the page stops instead of going deaf", async () => {
  const { world, seen } = livePage();
  world.say({ op: "expired", channels: ["room:1"] });
  await settle();
  assert.deepEqual(world.socket.sent.at(-1).grants, ["fresh1"]);
  assert.equal(seen.refreshes, 1);
  const deaf = livePage({ refresh: undefined });
  deaf.world.say({ op: "expired", channels: ["room:1"] });
  assert.equal(deaf.seen.statuses.at(-1), "stopped");
});

test("a quiet gateway is asked, and left when it does not answer", async () => {
  const { world } = livePage();
  await world.pass(QUIET_MS);
  assert.deepEqual(world.socket.sent.at(-1), { op: "ping" });
  await world.pass(ANSWER_MS);
  assert.equal(world.sockets[0].isClosed, true);
  await world.pass(500);
  assert.equal(world.sockets.length, 2);
});

test("a gateway that answers is kept", async () => {
  const { world } = livePage();
  for (let n = 0; n < 4; n += 1) {
    await world.pass(QUIET_MS);
    world.say({ op: "pong" });
  }
  assert.equal(world.sockets.length, 1);
});

test("a page that is shown again does not wait for its timer", async () => {
  const { world } = page();
  for (let n = 0; n < 6; n += 1) {
    world.lose();
    if (n < 5) await world.pass(20_000);
  }
  const count = world.sockets.length;
  world.wake();
  assert.equal(world.sockets.length, count + 1);
  world.accept();
  for (let n = 0; n < 5; n += 1) world.wake();
  assert.deepEqual(world.socket.sent.slice(1), [{ op: "ping" }]);
});

test("a fault of the page costs it no later event", () => {
  const heard = [];
  const onEvent = (channel, tag, data) => {
    heard.push(data.id);
    if (data.id === 8) throw new Error("page");
  };
  const { world } = livePage({ onEvent });
  world.say([said(8), said(9)]);
  assert.deepEqual(heard, [8, 9]);
  assert.equal(world.faults.length, 1);
});

test("channels come and go on an open socket", () => {
  const { world, link } = livePage();
  link.subscribe({ channel: "lobby", grant: "g2" });
  link.unsubscribe("room:1");
  assert.deepEqual(world.socket.sent.slice(1), [
    { op: "subscribe", grants: ["g2"], positions: {} },
    { op: "unsubscribe", channels: ["room:1"] },
  ]);
});

test("without a channel there is no socket, until there is one", async () => {
  const { world, link } = page({ channels: [] });
  assert.equal(world.sockets.length, 0);
  link.subscribe(WISH);
  assert.equal(world.sockets.length, 1);
  world.accept();
  link.unsubscribe("room:1");
  world.lose(4003);
  await world.pass(100_000);
  assert.equal(world.sockets.length, 1);
});

test("closing leaves nothing behind", async () => {
  const { world, seen, link } = livePage();
  link.close();
  assert.equal(world.socket.isClosed, true);
  assert.equal(world.socket.onmessage, null);
  assert.deepEqual(world.timers, []);
  assert.equal(world.isListeningForWake, false);
  assert.equal(seen.statuses.at(-1), "closed");
});

test("the gateway's address follows the page's", () => {
  assert.equal(socketAddress("/realtime", "https://cams.example/rooms/ada/"), "wss://cams.example/realtime");
  assert.equal(socketAddress("/realtime", "http://localhost:8000/"), "ws://localhost:8000/realtime");
  assert.equal(socketAddress("wss://rt.example/realtime", "https://cams.example/"), "wss://rt.example/realtime");
});
