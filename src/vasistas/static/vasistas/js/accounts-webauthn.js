/**
 * WebAuthn's options and answers as JSON (Web Authentication Level 3, 5.1.7–5.1.10), for browsers old and new.
 * No DOM: tests run it in node.
 */

/** @param {string} text base64url without padding @returns {Uint8Array<ArrayBuffer>} */
export function decode(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (sign) => sign.charCodeAt(0));
}

/** @param {ArrayBuffer} buffer @returns {string} base64url without padding */
export function encode(buffer) {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * Options for `navigator.credentials.create`.
 * @param {any} options as the server gives them: bytes are base64url
 * @param {boolean} isAlone whether the passkey is to sign in alone: kept on the device, with finger, face or PIN
 * @returns {PublicKeyCredentialCreationOptions}
 */
export function creationOptions(options, isAlone) {
  return {
    ...options,
    challenge: decode(options.challenge),
    user: { ...options.user, id: decode(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map(described),
    authenticatorSelection: {
      ...options.authenticatorSelection,
      residentKey: isAlone ? "required" : "discouraged",
      requireResidentKey: isAlone,
      ...(isAlone ? { userVerification: "required" } : {}),
    },
  };
}

/**
 * Options for `navigator.credentials.get`.
 * @param {any} options as the server gives them
 * @returns {PublicKeyCredentialRequestOptions}
 */
export function requestOptions(options) {
  return {
    ...options,
    challenge: decode(options.challenge),
    allowCredentials: (options.allowCredentials ?? []).map(described),
  };
}

/** @param {any} credential a PublicKeyCredential @returns {object} what the server reads */
export function answer(credential) {
  const { response } = credential;
  /** @type {Record<string, unknown>} */
  const said = { clientDataJSON: encode(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) said[name] = encode(response[name]);
  }
  if (response.getTransports) said.transports = response.getTransports();
  return {
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? null,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: said,
  };
}

/**
 * Which sentence fits what went wrong.
 * @param {unknown} error
 * @returns {"cancelled" | "known" | "insecure" | "unreachable" | "failed"}
 */
export function wordFor(error) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "AbortError") return "cancelled";
  if (name === "InvalidStateError") return "known";
  if (name === "SecurityError") return "insecure";
  if (name === "TypeError" || name === "NetworkError") return "unreachable";
  return "failed";
}

/** @param {{id: string, type: PublicKeyCredentialType, transports?: AuthenticatorTransport[]}} credential */
function described(credential) {
  return { ...credential, id: decode(credential.id) };
}
