/**
 * Both ends of the measurement: `host` draws the clock and publishes it, `viewer` joins and reads it. The way to the
 * node is the site's own code (whep.js, whip.js); the direct way is one connection from page to page.
 */

import { play } from "./lib/whep.js";
import { send } from "./lib/whip.js";
import { COLUMNS, ROWS, age, decode, encode } from "./clock.mjs";

const WIDTH = 640;
const HEIGHT = 360;
const BOARD = HEIGHT / 2;
const FPS = 30;
const BITRATE_BPS = 1_500_000;
const FRAME_MS_MAX = 10_000;
const JITTER_BUFFER_MS = 40; // what whep.js asks for
const wall = () => performance.timeOrigin + performance.now();

/** @param {string} grant */
const withGrant = (grant) => (/** @type {string} */ url, /** @type {any} */ options) =>
  fetch(url, { ...options, headers: { ...options.headers, Authorization: `Bearer ${grant}` } });

function film() {
  const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
  document.body.append(canvas);
  const brush = canvas.getContext("2d");
  const draw = () => {
    const now = wall();
    brush.fillStyle = `hsl(${(now / 20) % 360} 60% 40%)`;
    brush.fillRect(0, BOARD, WIDTH, HEIGHT - BOARD);
    for (const [place, isWhite] of encode(now).entries()) {
      brush.fillStyle = isWhite ? "#fff" : "#000";
      const [column, row] = [place % COLUMNS, Math.floor(place / COLUMNS)];
      brush.fillRect((column * WIDTH) / COLUMNS, (row * BOARD) / ROWS, WIDTH / COLUMNS, BOARD / ROWS);
    }
    requestAnimationFrame(draw);
  };
  draw();
  return canvas.captureStream(FPS).getVideoTracks()[0];
}

const vp8 = () => RTCRtpSender.getCapabilities("video").codecs.filter((one) => /VP8|rtx/.test(one.mimeType));
const encodings = () => [{ maxBitrate: BITRATE_BPS }];

function screen() {
  const video = Object.assign(document.createElement("video"), { muted: true, autoplay: true, playsInline: true });
  document.body.append(video);
  return video;
}

/** @param {RTCPeerConnection} peer @param {HTMLVideoElement} video */
function show(peer, video) {
  peer.ontrack = ({ track }) => {
    if (track.kind === "video") video.srcObject = new MediaStream([track]);
  };
}

/** @param {HTMLVideoElement} video @returns {Promise<number>} when */
function nextFrame(video) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No frame within ${FRAME_MS_MAX} ms.`)), FRAME_MS_MAX);
    video.requestVideoFrameCallback(() => {
      clearTimeout(timer);
      resolve(performance.now());
    });
  });
}

/** @param {RTCPeerConnection} peer */
async function gathered(peer) {
  while (peer.iceGatheringState !== "complete") await new Promise((next) => setTimeout(next, 10));
  return peer.localDescription.sdp;
}

/** Ages of the frames seen in some seconds. @param {HTMLVideoElement} video @param {number} seconds */
function ages(video, seconds) {
  const brush = new OffscreenCanvas(WIDTH, HEIGHT).getContext("2d", { willReadFrequently: true });
  const found = { ages: [], unread: 0 };
  const endsAt = performance.now() + seconds * 1_000;
  const look = () => {
    const now = wall();
    brush.drawImage(video, 0, 0, WIDTH, HEIGHT);
    const { data } = brush.getImageData(0, 0, WIDTH, BOARD);
    const lights = Array.from({ length: COLUMNS * ROWS }, (_, place) => {
      const x = ((place % COLUMNS) + 0.5) * (WIDTH / COLUMNS);
      const y = (Math.floor(place / COLUMNS) + 0.5) * (BOARD / ROWS);
      return data[(Math.floor(y) * WIDTH + Math.floor(x)) * 4 + 1];
    });
    const value = decode(lights);
    if (value === null) found.unread += 1;
    else found.ages.push(age(now, value));
  };
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(found), (seconds + 2) * 1_000); // when frames stop
    const next = () => {
      look();
      if (performance.now() < endsAt) return video.requestVideoFrameCallback(next);
      clearTimeout(timer);
      return resolve(found);
    };
    video.requestVideoFrameCallback(next);
  });
}

/** @type {RTCPeerConnection} */ let peer;
/** @type {HTMLVideoElement} */ let video;
/** @type {MediaStreamTrack} */ let track;

window.bench = {
  async publish({ grant }) {
    track ??= film();
    peer = new RTCPeerConnection();
    const media = { video: track, encodings: encodings(), codecs: vp8() };
    await send(peer, { url: "/whip", site: { fetch: withGrant(grant), csrf: "" }, media });
    while (peer.connectionState !== "connected") await new Promise((next) => setTimeout(next, 10));
  },

  /** Milliseconds from the POST to the first frame on the screen; the connection stays until `leave`. */
  async join({ grant }) {
    peer = new RTCPeerConnection();
    video = screen();
    show(peer, video);
    let began = 0;
    const frame = nextFrame(video);
    const fetching = (/** @type {string} */ url, /** @type {any} */ options) => {
      began = performance.now();
      return withGrant(grant)(url, options);
    };
    const [at] = await Promise.all([frame, play(peer, { url: "/whep", fetch: fetching })]);
    return at - began;
  },

  leave() {
    peer.close();
    video?.remove();
  },

  ages: ({ seconds }) => ages(video, seconds),

  async offer() {
    track ??= film();
    peer = new RTCPeerConnection();
    const sender = peer.addTransceiver(track, { direction: "sendonly", sendEncodings: encodings() });
    sender.setCodecPreferences(vp8());
    await peer.setLocalDescription();
    return gathered(peer);
  },

  async answer({ sdp }) {
    peer = new RTCPeerConnection();
    video = screen();
    show(peer, video);
    await peer.setRemoteDescription({ type: "offer", sdp });
    for (const receiver of peer.getReceivers()) receiver.jitterBufferTarget = JITTER_BUFFER_MS;
    await peer.setLocalDescription();
    return gathered(peer);
  },

  async accept({ sdp }) {
    await peer.setRemoteDescription({ type: "answer", sdp });
  },

  async firstFrame() {
    await nextFrame(video);
  },
};
