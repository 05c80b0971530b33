/**
 * The lines a chat panel holds: at most LINES_MAX, in order, with what arrives while someone reads back kept aside.
 * Pure: each function returns a new state. The panel makes the page look like the state once per frame.
 *
 * @typedef {{id: number, author: string, author_ref: string, role: string, text: string, at: number,
 *   key?: string, isPending?: boolean, isRemoved?: boolean, isTold?: boolean}} Line key: stands in for the id until the
 * server has said yes, and for good in a line that is told: nobody's message, put there by another part of the page
 * @typedef {{lines: Line[], held: Line[], isReading: boolean, isDetached: boolean, missed: number, hasOlder: boolean}} State
 * lines: oldest first. held: arrived while isReading. isDetached: newer lines were let go; only a fresh snapshot leads
 * back. missed: lines counted but not kept while detached.
 */

export const LINES_MAX = 200;

/**
 * @param {Line[]} lines oldest first
 * @param {boolean} hasOlder
 * @returns {State}
 */
export function start(lines, hasOlder) {
  return { lines: lines.slice(-LINES_MAX), held: [], isReading: false, isDetached: false, missed: 0, hasOlder };
}

/**
 * Apply one realtime event; tags that are not about lines change nothing.
 * @param {State} state
 * @param {string} tag
 * @param {any} data
 * @param {string} [ownRef]
 * @returns {State}
 */
export function apply(state, tag, data, ownRef = "") {
  if (tag === "chat.message.said") return said(state, data, ownRef);
  if (tag === "chat.message.deleted") return removed(state, (line) => line.id === data.id);
  if (tag === "chat.cleared_author") return removed(state, (line) => line.author_ref === data.author_ref);
  return state;
}

/**
 * @param {State} state
 * @param {Line} line
 * @param {string} [ownRef]
 * @returns {State}
 */
export function said(state, line, ownRef = "") {
  if (holds(state, line.id)) return state;
  if (ownRef && line.author_ref === ownRef) {
    const waiting = state.lines.findIndex((other) => other.isPending);
    if (waiting >= 0) return { ...state, lines: state.lines.with(waiting, { ...line, key: state.lines[waiting].key }) };
  }
  return added(state, line);
}

/**
 * Put something between the messages that nobody said; the same key again replaces its words.
 * @param {State} state
 * @param {Line} line with a key
 * @returns {State}
 */
export function told(state, line) {
  const isSame = (/** @type {Line} */ other) => other.isTold && other.key === line.key;
  if (![...state.lines, ...state.held].some(isSame)) return added(state, { ...line, isTold: true });
  const put = (/** @type {Line} */ other) => (isSame(other) ? { ...line, isTold: true } : other);
  return { ...state, lines: state.lines.map(put), held: state.held.map(put) };
}

/** @param {State} state @param {Line} line @returns {State} */
function added(state, line) {
  if (state.isDetached) return { ...state, missed: state.missed + 1 };
  if (!state.isReading) return trim({ ...state, lines: [...state.lines, line] });
  if (state.held.length < LINES_MAX) return { ...state, held: [...state.held, line] };
  return { ...state, held: [], isDetached: true, missed: state.held.length + 1 };
}

/**
 * Show a message before the server has answered.
 * @param {State} state
 * @param {Line} line with a key
 * @returns {State}
 */
export function sending(state, line) {
  return trim({ ...state, lines: [...state.lines, { ...line, isPending: true }] });
}

/**
 * @param {State} state
 * @param {string} key
 * @param {Line} line the server's
 * @returns {State}
 */
export function confirmed(state, key, line) {
  const waiting = state.lines.findIndex((other) => other.key === key && other.isPending);
  if (waiting < 0) return said(state, line);
  if (holds(state, line.id)) return { ...state, lines: state.lines.toSpliced(waiting, 1) };
  return { ...state, lines: state.lines.with(waiting, { ...line, key }) };
}

/** @param {State} state @param {string} key @returns {State} */
export function failed(state, key) {
  return { ...state, lines: state.lines.filter((line) => line.key !== key || !line.isPending) };
}

/**
 * Put a page of older lines on top; what no longer fits goes from the bottom.
 * @param {State} state
 * @param {Line[]} page oldest first
 * @param {boolean} hasOlder
 * @returns {State}
 */
export function older(state, page, hasOlder) {
  const fresh = page.filter((line) => !holds(state, line.id));
  const all = [...fresh, ...state.lines];
  if (all.length <= LINES_MAX) return { ...state, lines: all, hasOlder };
  const missed = state.missed + state.held.length;
  return { ...state, lines: all.slice(0, LINES_MAX), held: [], isDetached: true, isReading: true, missed, hasOlder };
}

/** @param {State} state @returns {State} someone scrolled up and reads; nothing moves under their eyes */
export function readBack(state) {
  return state.isReading ? state : { ...state, isReading: true };
}

/** @param {State} state @returns {State} someone is at the bottom again; of no use while detached */
export function follow(state) {
  if (state.isDetached || !state.isReading) return state;
  return trim({ ...state, lines: [...state.lines, ...state.held], held: [], isReading: false });
}

/**
 * Start again from a snapshot; messages on their way stay, and what was told keeps its place in time.
 * @param {State} state
 * @param {Line[]} lines
 * @param {boolean} hasOlder
 * @returns {State}
 */
export function latest(state, lines, hasOlder) {
  const kept = [...state.lines, ...state.held].filter((line) => line.isTold);
  const ordered = kept.length > 0 ? [...lines, ...kept].toSorted((one, other) => one.at - other.at) : lines;
  return trim(start([...ordered, ...state.lines.filter((line) => line.isPending)], hasOlder));
}

/** @param {State} state @returns {State} events were lost; whoever reads back keeps their place */
export function lost(state) {
  return { ...state, held: [], missed: state.missed + state.held.length, isDetached: true };
}

/** @param {State} state @returns {number} lines that wait below */
export function waiting(state) {
  return state.held.length + state.missed;
}

/** @param {State} state @returns {number | null} the id before which older lines are asked for */
export function oldestId(state) {
  return state.lines.find((line) => !line.isPending && !line.isTold)?.id ?? null;
}

/** @param {State} state @returns {Set<string>} names of who spoke here */
export function speakers(state) {
  return new Set(state.lines.filter((line) => !line.isTold).map((line) => line.author));
}

/**
 * @param {Line} line
 * @param {"all" | "members" | "own"} reach of the viewer
 * @param {string} ownRef "" for visitors
 * @returns {boolean} whether the viewer can act on this line; the server decides again
 */
export function isActionable(line, reach, ownRef) {
  if (!ownRef || line.isPending || line.isRemoved || line.isTold) return false;
  return line.author_ref === ownRef || reach === "all" || (reach === "members" && line.role === "member");
}

/** @param {State} state @param {(line: Line) => boolean} isMeant @returns {State} */
function removed(state, isMeant) {
  const strike = (/** @type {Line} */ line) => (isMeant(line) && !line.isPending && !line.isTold ? { ...line, text: "", isRemoved: true } : line);
  return { ...state, lines: state.lines.map(strike), held: state.held.map(strike) };
}

/** @param {State} state @param {number} id */
function holds(state, id) {
  return [...state.lines, ...state.held].some((line) => line.id === id && !line.isPending && !line.isTold);
}

/** @param {State} state @returns {State} */
function trim(state) {
  if (state.lines.length <= LINES_MAX) return state;
  return { ...state, lines: state.lines.slice(-LINES_MAX), hasOlder: true };
}
