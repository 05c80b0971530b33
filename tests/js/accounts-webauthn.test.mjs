// WebAuthn's options and answers as JSON, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  answer,
  creationOptions,
  decode,
  encode,
  requestOptions,
  wordFor,
} from "../../src/vasistas/static/vasistas/js/accounts-webauthn.js";

const bytes = (...values) => Uint8Array.from(values);

test("base64url goes both ways, whatever the length", () => {
  for (const values of [[], [0], [251, 255], [1, 2, 3], [255, 254, 253, 252]]) {
    assert.deepEqual(decode(encode(bytes(...values).buffer)), bytes(...values));
  }
  assert.equal(encode(bytes(251, 255).buffer), "-_8");
});

test("a passkey that signs in alone is kept on the device and asks who is there", () => {
  const options = creationOptions(
    {
      challenge: "AQID",
      user: { id: "MQ", name: "vi@example.org" },
      excludeCredentials: [{ type: "public-key", id: "AQ" }],
      authenticatorSelection: { userVerification: "preferred" },
    },
    true,
  );
  assert.deepEqual(options.challenge, bytes(1, 2, 3));
  assert.deepEqual(options.user, { id: bytes(49), name: "vi@example.org" });
  assert.deepEqual(options.excludeCredentials, [{ type: "public-key", id: bytes(1) }]);
  assert.deepEqual(options.authenticatorSelection, {
    userVerification: "required",
    residentKey: "required",
    requireResidentKey: true,
  });
});

test("a plain security key needs no place on the device", () => {
  const options = creationOptions({ challenge: "AQ", user: { id: "MQ" } }, false);
  assert.deepEqual(options.authenticatorSelection, { residentKey: "discouraged", requireResidentKey: false });
  assert.deepEqual(options.excludeCredentials, []);
});

test("a request names the keys that may answer, or none", () => {
  assert.deepEqual(requestOptions({ challenge: "AQ" }).allowCredentials, []);
  assert.deepEqual(
    requestOptions({ challenge: "AQ", allowCredentials: [{ type: "public-key", id: "Ag", transports: ["usb"] }] })
      .allowCredentials,
    [{ type: "public-key", id: bytes(2), transports: ["usb"] }],
  );
});

test("an answer carries what the server reads, and leaves out what is not there", () => {
  const said = answer({
    id: "AQ",
    rawId: bytes(1).buffer,
    type: "public-key",
    getClientExtensionResults: () => ({ credProps: { rk: true } }),
    response: { clientDataJSON: bytes(2).buffer, signature: bytes(3).buffer, userHandle: null },
  });
  assert.deepEqual(said, {
    id: "AQ",
    rawId: "AQ",
    type: "public-key",
    authenticatorAttachment: null,
    clientExtensionResults: { credProps: { rk: true } },
    response: { clientDataJSON: "Ag", signature: "Aw" },
  });
});

test("each failure has its word", () => {
  const named = (name) => Object.assign(new Error("x"), { name });
  assert.equal(wordFor(named("NotAllowedError")), "cancelled");
  assert.equal(wordFor(named("InvalidStateError")), "known");
  assert.equal(wordFor(named("SecurityError")), "insecure");
  assert.equal(wordFor(new TypeError("status 429")), "unreachable");
  assert.equal(wordFor("anything"), "failed");
});
