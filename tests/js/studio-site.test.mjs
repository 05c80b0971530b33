import assert from "node:assert/strict";
import { test } from "node:test";

import { StudioSite } from "../../src/vasistas/static/vasistas/js/lib/studio-site.js";

function site(answer) {
  const asked = [];
  const fetch = async (url, options) => {
    asked.push([options.method ?? "GET", url, String(options.body ?? ""), options.keepalive ?? false]);
    return answer();
  };
  return { asked, room: new StudioSite({ fetch, csrf: "t" }, { away: "/away", cut: "/cut", health: "/health" }) };
}

test("away and back are told by value, a cut outlives the page", async () => {
  const { asked, room } = site(() => Response.json({}));
  await room.setAway(true);
  await room.setAway(false);
  await room.cut();
  assert.deepEqual(asked, [
    ["POST", "/away", "away=1", false], ["POST", "/away", "away=0", false], ["POST", "/cut", "", true],
  ]);
});

test("replaced means: another session than ours is on air", async () => {
  const replaced = (session) => site(() => Response.json({ session })).room.isReplaced("/rooms/fox/whip/abc");
  assert.deepEqual([await replaced("abc"), await replaced("def"), await replaced(null)], [false, true, false]);
});

test("a site that does not answer has said nothing", async () => {
  const offline = site(() => { throw new TypeError("offline"); }).room;
  const broken = site(() => new Response("", { status: 500 })).room;
  assert.deepEqual([await offline.isOver(), await offline.isReplaced("/x"), await broken.isOver()], [false, false, false]);
});

test("the room is over when the site says so", async () => {
  assert.equal(await site(() => Response.json({ state: "offline" })).room.isOver(), true);
  assert.equal(await site(() => Response.json({ state: "live" })).room.isOver(), false);
});
