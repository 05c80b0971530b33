/** Where a small box goes beside what opened it: above it where there is room, below otherwise, never off the screen. */

const GAP_PX = 6;
const EDGE_PX = 8;

/**
 * @param {{left: number, right: number, top: number, bottom: number}} anchor
 * @param {{width: number, height: number}} box
 * @param {{width: number, height: number}} screen
 * @returns {{left: number, top: number}} pixels from the corner of the screen
 */
export function place(anchor, box, screen) {
  const left = Math.max(EDGE_PX, Math.min(anchor.right - box.width, screen.width - box.width - EDGE_PX));
  const above = anchor.top - box.height - GAP_PX;
  const below = Math.min(anchor.bottom + GAP_PX, screen.height - box.height - EDGE_PX);
  return { left, top: above >= EDGE_PX ? above : Math.max(EDGE_PX, below) };
}
