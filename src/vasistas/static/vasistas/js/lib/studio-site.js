/** What the green room asks of the site besides media. DOM-free: `fetch` comes in. */

import { postTo } from "./whip.js";

export class StudioSite {
  #site;
  #urls;

  /**
   * @param {import("./whip.js").Site} site
   * @param {{away: string, cut: string, health: string}} urls
   */
  constructor(site, urls) {
    this.#site = site;
    this.#urls = urls;
  }

  /** @param {boolean} isAway */
  setAway(isAway) {
    return postTo(this.#urls.away, new URLSearchParams({ away: isAway ? "1" : "0" }), this.#site);
  }

  /** End the broadcast in the site's books; outlives the page. */
  cut() {
    return postTo(this.#urls.cut, null, { ...this.#site, keepalive: true });
  }

  /** @param {string} url @param {BodyInit} details */
  save(url, details) {
    return postTo(url, details, this.#site);
  }

  /** @returns {Promise<boolean>} whether the site says that the room is off air; false when it says nothing */
  async isOver() {
    return (await this.#health()).state === "offline";
  }

  /** Whether this host went live elsewhere since. @param {string} location of our own session */
  async isReplaced(location) {
    const { session } = await this.#health();
    return Boolean(session) && !location.endsWith(/** @type {string} */ (session));
  }

  /** @returns {Promise<{state?: string, session?: string | null}>} empty when the site does not answer */
  async #health() {
    const asked = { headers: { Accept: "application/json" } };
    const answer = await this.#site.fetch(this.#urls.health, asked).catch(() => null);
    return answer?.ok ? answer.json() : {};
  }
}
