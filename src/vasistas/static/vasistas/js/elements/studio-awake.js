/** Keeps the screen on while on air: a phone that goes to sleep takes its camera along. */

/** @returns {() => void} let it sleep again */
export function keepAwake() {
  /** @type {{release: () => Promise<void>} | null} */ let lock = null;
  const done = new AbortController();
  const ask = async () => {
    if (document.visibilityState !== "visible") return; // hidden pages get none; the lock is lost with every hiding
    lock = await navigator.wakeLock?.request("screen").catch(() => null) ?? null; // a low battery may refuse
    if (done.signal.aborted) lock?.release();
  };
  document.addEventListener("visibilitychange", ask, { signal: done.signal });
  ask();
  return () => {
    done.abort();
    lock?.release();
  };
}
