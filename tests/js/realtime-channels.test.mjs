import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { backoff } from "../../src/vasistas/static/vasistas/js/lib/backoff.js";
import { AGAIN_MS, Channels, HELD_MAX, mayReconnect, renewInMs } from "../../src/vasistas/static/vasistas/js/lib/realtime-channels.js";

const wire = JSON.parse(readFileSync(new URL("../wire/realtime.json", import.meta.url), "utf8"));
const said = (o, e = "a-1") => JSON.stringify({ c: "room:1", e, o, t: "chat.message.deleted", d: { id: o } });
const told = (o) => ({ act: "event", channel: "room:1", tag: "chat.message.deleted", data: { id: o } });

function channelsOf(...wishes) {
  const channels = new Channels();
  for (const wish of wishes) channels.add(wish);
  return channels;
}
const room = (offset = 7) => channelsOf({ channel: "room:1", grant: "g1", epoch: "a-1", offset });

for (const { name, channels: wishes, frames, acts } of wire.sessions) {
  test(`session: ${name}`, () => {
    const channels = channelsOf(...wishes);
    assert.deepEqual(frames.flatMap((frame) => channels.receive(JSON.stringify(frame))), acts);
  });
}

test("close codes say whether to come back", () => {
  for (const [code, , expected] of wire.close_codes) assert.equal(mayReconnect(code), expected, String(code));
  for (const code of [1000, 1001, 1005, 1006, 1011, 1012, 1013, 3000]) assert.equal(mayReconnect(code), true);
  for (const code of [1002, 1007, 1009]) assert.equal(mayReconnect(code), false);
});

test("subscribing sends each grant once, with the positions it covers", () => {
  const channels = channelsOf(
    { channel: "room:1", grant: "g1", epoch: "a-1", offset: 7 },
    { channel: "member:5", grant: "g1" },
    { channel: "lobby", grant: "g2", epoch: "a-2", offset: 0 },
  );
  assert.deepEqual(channels.subscribeMessages(), [
    { op: "subscribe", grants: ["g1", "g2"], positions: { "room:1": ["a-1", 7], lobby: ["a-2", 0] } },
  ]);
  assert.deepEqual(channels.subscribeMessages(["room:1"]), [wire.from_client[0]]);
});

test("more grants than fit are sent in several messages", () => {
  const channels = channelsOf(...[...Array(9).keys()].map((n) => ({ channel: `room:${n + 1}`, grant: `g${n}` })));
  assert.deepEqual(channels.subscribeMessages().map(({ grants }) => grants.length), [8, 1]);
});

test("after a reconnect the position is where the last event was", () => {
  const channels = room(7);
  channels.receive(said(8));
  channels.disconnected();
  assert.deepEqual(channels.subscribeMessages()[0].positions, { "room:1": ["a-1", 8] });
});

test("a fresh grant keeps the position", () => {
  const channels = room(7);
  channels.add({ channel: "room:1", grant: "g2" });
  assert.deepEqual(channels.subscribeMessages()[0], { op: "subscribe", grants: ["g2"], positions: { "room:1": ["a-1", 7] } });
});

test("events that come while the snapshot loads are held, and only the newer ones delivered", () => {
  const channels = room(7);
  assert.deepEqual(channels.receive(said(10)), [{ act: "reset", channel: "room:1", spreadMs: 0 }]);
  assert.deepEqual(channels.receive(`[${said(11)},${said(12)}]`), []);
  assert.deepEqual(channels.settled("room:1", { epoch: "a-1", offset: 11 }), [told(12)]);
  assert.deepEqual(channels.receive(said(13)), [told(13)]);
});

test("a snapshot that does not say where it stands gets all that was held", () => {
  const channels = room(7);
  channels.receive(said(10));
  assert.deepEqual(channels.settled("room:1", undefined), [told(10)]);
});

test("a gap while the snapshot loads makes it load once again", () => {
  const channels = room(7);
  channels.receive(said(10));
  channels.receive(said(12));
  assert.deepEqual(channels.settled("room:1", { epoch: "a-1", offset: 10 }), [{ act: "reset", channel: "room:1", spreadMs: AGAIN_MS }]);
  assert.deepEqual(channels.receive(said(13)), []);
  assert.deepEqual(channels.settled("room:1", { epoch: "a-1", offset: 12 }), [told(13)]);
});

test("a snapshot that was asked for before the reset is too old", () => {
  const channels = room(7);
  channels.receive(JSON.stringify({ op: "reset", channel: "room:1", epoch: "a-1", offset: 50, spread_ms: 0 }));
  channels.receive(said(51));
  assert.deepEqual(channels.settled("room:1", { epoch: "a-1", offset: 48 }), [
    { act: "reset", channel: "room:1", spreadMs: AGAIN_MS },
  ]);
  assert.deepEqual(channels.settled("room:1", { epoch: "a-1", offset: 51 }), []);
  assert.deepEqual(channels.receive(said(52)), [told(52)]);
});

test("what is held is bounded", () => {
  const channels = room(7);
  channels.receive(said(10));
  for (let o = 11; o < 11 + HELD_MAX; o += 1) channels.receive(said(o));
  assert.deepEqual(channels.settled("room:1", { epoch: "a-1", offset: 10 }), [{ act: "reset", channel: "room:1", spreadMs: AGAIN_MS }]);
});

test("all is live when every channel is subscribed", () => {
  const channels = room(7);
  assert.equal(channels.isLive, false);
  channels.receive(JSON.stringify(wire.from_server[0]));
  assert.equal(channels.isLive, true);
  channels.disconnected();
  assert.equal(channels.isLive, false);
});

test("a removed channel is not heard", () => {
  const channels = room(7);
  assert.equal(channels.remove("room:1"), true);
  assert.equal(channels.isEmpty, true);
  assert.deepEqual(channels.receive(said(8)), []);
});

test("renewal falls well before the end, spread", () => {
  assert.equal(renewInMs(600, () => 0), 420_000);
  assert.equal(renewInMs(600, () => 1), 570_000);
});

test("backoff doubles up to its longest, with jitter, and starts again after a reset", () => {
  const most = backoff({ random: () => 1 });
  assert.deepEqual([...Array(7)].map(() => most.next()), [500, 1000, 2000, 4000, 8000, 16_000, 20_000]);
  most.reset();
  assert.equal(most.next(), 500);
  const least = backoff({ random: () => 0 });
  assert.deepEqual([least.next(), least.next()], [100, 200]);
});

test("backoff stays at its longest after very many attempts", () => {
  const pause = backoff({ random: () => 1 });
  for (let n = 0; n < 2000; n += 1) pause.next();
  assert.equal(pause.next(), 20_000);
});
