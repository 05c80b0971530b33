import assert from "node:assert/strict";
import { test } from "node:test";

import { Capture, release } from "../../src/vasistas/static/vasistas/js/lib/devices-capture.js";
import { PRESETS } from "../../src/vasistas/static/vasistas/js/lib/devices.js";

const choice = { preset: PRESETS.standard, fps: 30 };

/** A computer with some devices and a person with some will. */
class Computer {
  asked = [];
  tracks = [];
  constructor({ camera = "here", microphone = "here", permissions = {} } = {}) {
    Object.assign(this, { camera, microphone, states: permissions });
  }
  async getUserMedia({ video, audio }) {
    this.asked.push([Boolean(video), Boolean(audio)]);
    for (const [wanted, state] of [[video, this.camera], [audio, this.microphone]]) {
      if (wanted && state !== "here") throw Object.assign(new Error(state), { name: state });
    }
    const tracks = [...(video ? [this.#track("video")] : []), ...(audio ? [this.#track("audio")] : [])];
    this.tracks.push(...tracks);
    const of = (kind) => tracks.filter((track) => track.kind === kind);
    return { getVideoTracks: () => of("video"), getAudioTracks: () => of("audio") };
  }
  async query({ name }) {
    if (!(name in this.states)) throw new TypeError("unknown permission");
    return { state: this.states[name] };
  }
  #track(kind) {
    return Object.assign(new EventTarget(), { kind, isStopped: false, stop() { this.isStopped = true; } });
  }
}

const capture = (computer, onFault = () => {}) =>
  new Capture({ mediaDevices: computer, permissions: computer, situation: { isSecure: true }, onFault });

const table = [
  // [computer, picture?, sound?, faults]
  [{}, true, true, []],
  [{ camera: "NotFoundError" }, false, true, ["camera.none"]],
  [{ microphone: "NotFoundError" }, true, false, ["microphone.none"]],
  [{ camera: "NotFoundError", microphone: "NotFoundError" }, false, false, ["both.none"]],
  [{ camera: "NotReadableError" }, false, true, ["camera.busy"]],
  [{ camera: "NotAllowedError", microphone: "NotAllowedError" }, false, false, ["both.refused"]],
  [{ camera: "NotAllowedError", permissions: { camera: "denied", microphone: "granted" } }, false, true, ["camera.refused"]],
  [{ microphone: "NotAllowedError", permissions: { camera: "granted", microphone: "denied" } }, true, false, ["microphone.refused"]],
];
for (const [computer, hasPicture, hasSound, faults] of table) {
  test(`${JSON.stringify(computer)}: ${faults.join() || "all well"}`, async () => {
    const opened = await capture(new Computer(computer)).open(choice);
    assert.deepEqual([opened.video !== null, opened.audio !== null, opened.faults], [hasPicture, hasSound, faults]);
  });
}

test("someone who refused both is not asked again", async () => {
  const computer = new Computer({ camera: "NotAllowedError", microphone: "NotAllowedError" });
  await capture(computer).open(choice);
  assert.deepEqual(computer.asked, [[true, true]]);
});

test("an unplugged device and a permission taken back are told apart", async () => {
  const told = [];
  const computer = new Computer({ permissions: { camera: "granted", microphone: "denied" } });
  const { video, audio } = await capture(computer, (...fault) => told.push(fault)).open(choice);
  const settled = () => new Promise(setImmediate);
  video.dispatchEvent(new Event("ended"));
  audio.dispatchEvent(new Event("ended"));
  await settled();
  assert.deepEqual(told, [["video", "camera.unplugged"], ["audio", "microphone.refused"]]);
});

test("a camera that pauses itself is said", async () => {
  const told = [];
  const { video } = await capture(new Computer(), (...fault) => told.push(fault)).open(choice);
  video.dispatchEvent(new Event("mute"));
  assert.deepEqual(told, [["video", "camera.paused"]]);
});

test("granted means both, and a browser that does not tell has not granted", async () => {
  const granted = (permissions) => capture(new Computer({ permissions })).isGranted();
  assert.equal(await granted({ camera: "granted", microphone: "granted" }), true);
  assert.equal(await granted({ camera: "granted", microphone: "prompt" }), false);
  assert.equal(await granted({}), false);
});

test("release stops every track and minds no gap", async () => {
  const { video, audio } = await capture(new Computer()).open(choice);
  release([video, null, audio]);
  assert.deepEqual([video.isStopped, audio.isStopped], [true, true]);
});
