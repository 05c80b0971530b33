import assert from "node:assert/strict";
import { test } from "node:test";

import { CODES, explain, explainEnded, faultOfPage } from "../../src/vasistas/static/vasistas/js/lib/devices-errors.js";

const table = [
  // [name, message or constraint, wanted, permissions, code]
  ["NotAllowedError", "Permission denied", "camera", {}, "camera.refused"],
  ["NotAllowedError", "Permission denied", "microphone", {}, "microphone.refused"],
  ["NotAllowedError", "Permission denied", "both", {}, "both.refused"],
  ["NotAllowedError", "Permission denied", "both", { camera: "denied", microphone: "granted" }, "camera.refused"],
  ["NotAllowedError", "Permission denied", "both", { camera: "prompt", microphone: "denied" }, "microphone.refused"],
  ["NotAllowedError", "Permission denied", "both", { camera: "denied", microphone: "denied" }, "both.refused"],
  ["NotAllowedError", "Permission dismissed", "both", {}, "permission.dismissed"],
  ["NotAllowedError", "Permission denied by system", "camera", {}, "permission.system"],
  ["SecurityError", "", "camera", {}, "camera.refused"],
  ["NotFoundError", "Requested device not found", "camera", {}, "camera.none"],
  ["NotFoundError", "Requested device not found", "microphone", {}, "microphone.none"],
  ["NotFoundError", "Requested device not found", "both", {}, "both.none"],
  ["NotReadableError", "Could not start video source", "camera", {}, "camera.busy"],
  ["NotReadableError", "Could not start audio source", "microphone", {}, "microphone.busy"],
  ["AbortError", "Starting videoinput failed", "both", {}, "camera.busy"],
  ["OverconstrainedError", "width", "camera", {}, "camera.impossible"],
  ["OverconstrainedError", "deviceId", "camera", {}, "camera.unplugged"],
  ["OverconstrainedError", "deviceId", "microphone", {}, "microphone.unplugged"],
  ["TypeError", "mediaDevices is undefined", "camera", {}, "browser.too_old"],
  ["SomethingNew", "", "camera", {}, "devices.unknown"],
];

for (const [name, message, wanted, permissions, code] of table) {
  test(`${name} (${message}) for ${wanted} is ${code}`, () => {
    assert.equal(explain({ name, message, constraint: message }, { wanted, permissions }), code);
    assert.ok(CODES.includes(code));
  });
}

test("an insecure page is said before anything else, also where it hides the devices", () => {
  assert.equal(faultOfPage({ wanted: "both", isSecure: false, hasDevices: false }), "page.insecure");
  assert.equal(explain({ name: "TypeError" }, { wanted: "both", isSecure: false }), "page.insecure");
});

test("a browser without WebRTC or without devices is too old, another has no fault", () => {
  assert.equal(faultOfPage({ wanted: "both", hasPeer: false }), "browser.too_old");
  assert.equal(faultOfPage({ wanted: "both", hasDevices: false }), "browser.too_old");
  assert.equal(faultOfPage({ wanted: "both" }), null);
});

test("a track that ends tells an unplugged device from a permission taken back", () => {
  assert.equal(explainEnded("video", "granted"), "camera.unplugged");
  assert.equal(explainEnded("audio", undefined), "microphone.unplugged");
  assert.equal(explainEnded("video", "denied"), "camera.refused");
});
