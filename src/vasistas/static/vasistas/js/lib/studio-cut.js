/** Tells the site of a cut until it knows: media has ended already, this closes the room's books. Pure but for its tools. */

const TRIES_MAX = 7;
const FIRST_MS = 500;

/**
 * @param {object} tools
 * @param {() => Promise<unknown>} tools.post rejects when the site did not answer
 * @param {(ms: number) => Promise<void>} tools.wait
 * @param {(code: "ended.site_knows" | "ended.site_waits" | "ended.site_silent") => void} tools.onNews
 */
export async function tellCut({ post, wait, onNews }) {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    try {
      await post();
      onNews("ended.site_knows");
      return;
    } catch {
      onNews("ended.site_waits");
      await wait(FIRST_MS * 2 ** tries);
    }
  }
  onNews("ended.site_silent");
}
