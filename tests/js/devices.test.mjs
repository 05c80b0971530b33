import assert from "node:assert/strict";
import { test } from "node:test";

import {
  PRESETS,
  audioConstraints,
  encodings,
  options,
  preferCodec,
  presetNamed,
  videoConstraints,
} from "../../src/vasistas/static/vasistas/js/lib/devices.js";

test("presets say what the uplink must carry: all layers and the sound", () => {
  assert.deepEqual(
    Object.values(PRESETS).map(({ name, height, totalBps }) => [name, height, totalBps]),
    [["saver", 480, 1_104_000], ["standard", 720, 2_844_000], ["high", 1080, 5_624_000]],
  );
});

test("an unknown preset is the standard one", () => {
  assert.equal(presetNamed("cinema"), PRESETS.standard);
  assert.equal(presetNamed("high"), PRESETS.high);
});

test("three layers are sent, smallest first, and two below 540 lines", () => {
  assert.deepEqual(
    encodings(PRESETS.standard, 30).map(({ rid, scaleResolutionDownBy }) => [rid, scaleResolutionDownBy]),
    [["l", 4], ["m", 2], ["h", 1]],
  );
  assert.deepEqual(encodings(PRESETS.saver, 30).map(({ rid }) => rid), ["m", "h"]);
});

test("the layers and the sound together are the preset's total", () => {
  for (const preset of Object.values(PRESETS)) {
    const sum = encodings(preset, 30).reduce((total, { maxBitrate }) => total + maxBitrate, 64_000);
    assert.equal(sum, preset.totalBps);
  }
});

test("a smaller picture while on air is scaled, and its smallest layer rests", () => {
  assert.deepEqual(
    encodings(PRESETS.saver, 30, 720).map(({ rid, active, scaleResolutionDownBy }) => [rid, active, scaleResolutionDownBy]),
    [["l", false, 6], ["m", true, 3], ["h", true, 1.5]],
  );
});

test("a small camera sends two layers, whatever was chosen, and nothing is scaled up", () => {
  assert.deepEqual(
    encodings(PRESETS.standard, 30, 480).map(({ rid, scaleResolutionDownBy }) => [rid, scaleResolutionDownBy]),
    [["m", 2], ["h", 1]],
  );
});

test("the smallest layer never needs more than 30 pictures a second", () => {
  assert.deepEqual(encodings(PRESETS.high, 60).map(({ maxFramerate }) => maxFramerate), [30, 60, 60]);
});

test("a chosen camera is exact, its size a wish", () => {
  const constraints = videoConstraints({ cameraId: "c1", preset: PRESETS.standard, fps: 30 });
  assert.deepEqual(constraints.deviceId, { exact: "c1" });
  assert.deepEqual(constraints.width, { ideal: 1280 });
  assert.equal("deviceId" in videoConstraints({ preset: PRESETS.standard, fps: 30 }), false);
});

test("music keeps its sound: no suppression", () => {
  const { echoCancellation, noiseSuppression, autoGainControl } = audioConstraints({
    preset: PRESETS.standard, fps: 30, isStudioSound: true,
  });
  assert.deepEqual([echoCancellation, noiseSuppression, autoGainControl], [false, false, false]);
});

test("pickers number devices without a name and leave out what cannot be chosen", () => {
  const devices = [
    { kind: "videoinput", deviceId: "a", label: "" },
    { kind: "videoinput", deviceId: "b", label: "Desk camera" },
    { kind: "videoinput", deviceId: "", label: "" },
    { kind: "audioinput", deviceId: "c", label: "Headset" },
  ];
  assert.deepEqual(options(devices, "videoinput", (number) => `Camera ${number}`), [
    { id: "a", label: "Camera 1" },
    { id: "b", label: "Desk camera" },
  ]);
});

test("the wished codec comes first and none is lost", () => {
  const codecs = ["video/VP8", "video/rtx", "video/H264", "video/AV1"].map((mimeType) => ({ mimeType }));
  assert.deepEqual(
    preferCodec(codecs, "h264").map(({ mimeType }) => mimeType),
    ["video/H264", "video/VP8", "video/rtx", "video/AV1"],
  );
});
