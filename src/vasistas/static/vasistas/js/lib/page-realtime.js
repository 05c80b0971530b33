/**
 * The page's one connection. A page that wants it carries `<script type="application/json" id="realtime">` with
 * {url, snapshot_url, channels}; elements hear of it by events on the document:
 *
 *   "realtime"         detail {channel, tag, data}: something happened
 *   "realtime:reset"   detail {channel, snapshot}: events were missed; this is how things stand now
 *   "realtime:status"  detail {status}: "connecting", "live", "waiting" or "stopped"; also html[data-realtime]
 */

import { connect } from "./realtime.js";

/** @param {Document} page */
export function openPage(page) {
  const config = JSON.parse(page.getElementById("realtime")?.textContent ?? "null");
  if (!config) return null;
  /** @type {Promise<any> | null} one request for all channels that reset together */
  let asked = null;

  const snapshot = () => {
    asked ??= load(config.snapshot_url).finally(() => {
      asked = null;
    });
    return asked;
  };
  /** @param {string} name @param {object} detail */
  const tell = (name, detail) => page.dispatchEvent(new CustomEvent(name, { detail }));

  return connect({
    url: config.url,
    channels: config.channels,
    onEvent: (channel, tag, data) => tell("realtime", { channel, tag, data }),
    onStatus(status) {
      page.documentElement.dataset.realtime = status;
      tell("realtime:status", { status });
    },
    async onReset(channel) {
      const fresh = await snapshot();
      tell("realtime:reset", { channel, snapshot: fresh });
      return fresh.channels.find((/** @type {{channel: string}} */ known) => known.channel === channel);
    },
    refresh: async () => (await snapshot()).channels,
  });
}

/** @param {string} url */
async function load(url) {
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`The snapshot answered ${response.status}.`);
  return response.json();
}
