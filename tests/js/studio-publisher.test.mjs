import assert from "node:assert/strict";
import { test } from "node:test";

import { Publisher } from "../../src/vasistas/static/vasistas/js/lib/studio-publisher.js";

/** A media node, a site, a clock and the peers of one host. */
class World {
  peers = [];
  asked = [];
  statuses = [];
  timers = new Map();
  onAir = ""; // the session the site knows of
  answers = []; // of the next POSTs; then 201
  #timer = 0;

  constructor() {
    const world = this;
    this.publisher = new Publisher({
      url: "/whip",
      site: { csrf: "t", fetch: (url, options) => world.#fetch(url, options) },
      makePeer: () => world.#makePeer(),
      later: (run, ms) => { world.timers.set(++world.#timer, { run, ms }); return world.#timer; },
      forget: (timer) => world.timers.delete(timer),
      random: () => 1,
      isReplaced: async (location) => world.onAir !== "" && !location.endsWith(world.onAir),
      onStatus: (status, error) => world.statuses.push(error ? `${status} ${error.code ?? error.message}` : status),
    });
  }
  async #fetch(url, { method }) {
    this.asked.push(`${method} ${url}`);
    if (method === "DELETE") return new Response(null, { status: 204 });
    const status = this.answers.shift() ?? 201;
    if (status === "offline") throw new TypeError("offline");
    const body = status === 201 ? "v=0" : JSON.stringify({ code: `refused.${status}`, message: "" });
    return new Response(body, { status, headers: { Location: `/whip/${this.peers.length}` } });
  }
  #makePeer() {
    const sender = () => ({
      replaced: [], encodings: [{ rid: "l" }, { rid: "m" }, { rid: "h" }],
      async replaceTrack(track) { this.replaced.push(track); },
      getParameters() { return { encodings: this.encodings }; },
      async setParameters({ encodings }) { this.encodings = encodings; },
    });
    const peer = {
      connectionState: "new", isClosed: false, senders: [], onconnectionstatechange: null, tracks: [],
      addTransceiver(track) {
        this.tracks.push(track);
        this.senders.push(sender());
        return { sender: this.senders.at(-1), setCodecPreferences() {} };
      },
      async setLocalDescription() { this.localDescription = { sdp: "offer" }; },
      async setRemoteDescription() {},
      close() { this.isClosed = true; },
      become(state) { this.connectionState = state; this.onconnectionstatechange?.(); },
    };
    this.peers.push(peer);
    return peer;
  }
  get peer() { return this.peers.at(-1); }
  async fire() {
    const [id, { run, ms }] = [...this.timers].at(-1);
    this.timers.delete(id);
    run();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    return ms;
  }
}

const media = { video: "camera", audio: "mic", encodings: [] };

async function live() {
  const world = new World();
  await world.publisher.start(media);
  world.peer.become("connected");
  return world;
}

test("start connects and says so", async () => {
  const world = await live();
  assert.deepEqual(world.statuses, ["connected"]);
  assert.deepEqual(world.asked, ["POST /whip"]);
  assert.equal(world.publisher.peer, world.peer);
});

test("the first refusal is final, whatever it is", async () => {
  for (const status of [409, 503, "offline"]) {
    const world = new World();
    world.answers = [status];
    await world.publisher.start(media);
    assert.equal(world.statuses.length, 1);
    assert.match(world.statuses[0], /^failed/);
    assert.equal(world.timers.size, 0);
    assert.equal(world.peer.isClosed, true);
  }
});

test("a lost connection comes back as a new one that takes over", async () => {
  const world = await live();
  world.peer.become("failed");
  assert.deepEqual(world.statuses, ["connected", "lost"]);
  assert.equal(world.peers[0].isClosed, true);
  assert.equal(await world.fire(), 250);
  world.peer.become("connected");
  assert.deepEqual(world.statuses, ["connected", "lost", "connected"]);
  assert.equal(world.asked.at(-1), "POST /whip?takeover=1");
});

test("a short silence heals by itself", async () => {
  const world = await live();
  world.peer.become("disconnected");
  assert.equal(world.timers.size, 1);
  world.peer.become("connected");
  assert.equal(world.timers.size, 0);
  assert.equal(world.peers.length, 1);
});

test("two seconds of silence are a loss", async () => {
  const world = await live();
  world.peer.become("disconnected");
  assert.equal(await world.fire(), 2_000);
  assert.deepEqual(world.statuses, ["connected", "lost"]);
});

test("while the site is away the waits grow, and it is tried on", async () => {
  const world = await live();
  world.answers = ["offline", 503, "offline"];
  world.peer.become("failed");
  assert.deepEqual([await world.fire(), await world.fire(), await world.fire(), await world.fire()], [250, 500, 1_000, 2_000]);
  world.peer.become("connected");
  assert.equal(world.statuses.at(-1), "connected");
});

test("a refusal that nothing mends ends the trying", async () => {
  const world = await live();
  world.answers = [403];
  world.peer.become("failed");
  await world.fire();
  assert.deepEqual(world.statuses, ["connected", "lost", "failed refused.403"]);
  assert.equal(world.timers.size, 0);
});

test("when the network is back nobody waits", async () => {
  const world = await live();
  world.answers = ["offline"];
  world.peer.become("failed");
  await world.fire();
  world.publisher.hurry();
  assert.equal(await world.fire(), 0);
  assert.equal(world.timers.size, 1); // only the watch over the new connection
});

test("stop ends media before it returns and tells the site; late news change nothing", async () => {
  const world = await live();
  const [peer] = world.peers;
  world.publisher.stop();
  assert.equal(peer.isClosed, true);
  assert.equal(world.publisher.peer, null);
  assert.deepEqual(world.asked, ["POST /whip", "DELETE /whip/1"]);
  peer.become("connected");
  assert.deepEqual(world.statuses, ["connected"]);
});

test("stop while the site still thinks leaves nothing behind", async () => {
  const world = new World();
  const starting = world.publisher.start(media);
  world.publisher.stop();
  await starting;
  assert.equal(world.peer.isClosed, true);
  assert.deepEqual(world.statuses, []);
  assert.equal(world.timers.size, 0);
});

test("another camera goes into the same connection, and into the next", async () => {
  const world = await live();
  await world.publisher.replaceVideo("other camera");
  await world.publisher.replaceAudio(null);
  assert.deepEqual(world.peer.senders.map(({ replaced }) => replaced), [["other camera"], [null]]);
  world.peer.become("failed");
  await world.fire();
  assert.deepEqual(world.peer.tracks, ["other camera", "audio"]);
});

test("a smaller preset changes rates and rests the layers it has not", async () => {
  const world = await live();
  await world.publisher.limit([{ rid: "m", active: true, maxBitrate: 1 }, { rid: "h", active: true, maxBitrate: 2 }]);
  assert.deepEqual(world.peer.senders[0].encodings, [
    { rid: "l", active: false },
    { rid: "m", active: true, maxBitrate: 1 },
    { rid: "h", active: true, maxBitrate: 2 },
  ]);
});

test("who was replaced by another page does not take the room back", async () => {
  const world = await live();
  world.onAir = "/whip/9";
  world.peer.become("failed");
  await world.fire();
  assert.deepEqual(world.statuses, ["connected", "lost", "failed replaced"]);
  assert.equal(world.peers.length, 1);
  assert.equal(world.timers.size, 0);
});

test("who is still known as the one on air comes back", async () => {
  const world = await live();
  world.onAir = "/whip/1";
  world.peer.become("failed");
  await world.fire();
  assert.equal(world.peers.length, 2);
});

test("given up by the page it comes back at once; nothing happens where nothing stands", async () => {
  const world = await live();
  world.publisher.giveUp();
  world.publisher.giveUp();
  assert.deepEqual(world.statuses, ["connected", "lost"]);
  assert.equal(await world.fire(), 250);
  world.peer.become("connected");
  assert.equal(world.statuses.at(-1), "connected");
});
