// The browser's part of passkeys. A form with data-passkey asks the server for options at data-options, lets the browser
// make ("create") or show ("get") a passkey, and sends the answer as its field `credential`.
"use strict";

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const SAID = {
  NotAllowedError: "No passkey was used: it was cancelled, took too long, or there is none here.",
  InvalidStateError: "This device already has a passkey for your account.",
  SecurityError: "This address cannot use passkeys.",
};

async function options(form) {
  const answer = await fetch(form.dataset.options, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams({ csrf: form.elements.csrf.value }),
  });
  const given = await answer.json();
  if (!answer.ok) throw new Error(given.detail);
  if (given.origin !== location.origin) throw new Error(`Passkeys work at ${given.origin} only.`);
  given.challenge = bytes(given.challenge);
  if (given.user) given.user.id = bytes(given.user.id);
  for (const list of [given.excludeCredentials, given.allowCredentials]) {
    for (const known of list ?? []) known.id = bytes(known.id);
  }
  return given;
}

async function ask(form) {
  const publicKey = await options(form);
  const made = await navigator.credentials[form.dataset.passkey]({ publicKey });
  const { response } = made;
  const answer = { clientDataJSON: text(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) answer[name] = text(response[name]);
  }
  if (response.getTransports) answer.transports = response.getTransports();
  return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response: answer });
}

async function send(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const wrong = form.querySelector("[role=alert]");
  const button = form.querySelector("button");
  wrong.hidden = true;
  button.disabled = true;
  try {
    form.elements.credential.value = await ask(form);
    form.submit();
  } catch (error) {
    wrong.textContent = SAID[error.name] ?? error.message;
    wrong.hidden = false;
    button.disabled = false;
  }
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.addEventListener("submit", send);
    form.hidden = false;
  }
  for (const part of document.querySelectorAll("[data-needs-passkey]")) part.hidden = false;
}
