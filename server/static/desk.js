// The desk's own few lines. Everything here is a help: each page works without it.
"use strict";

// What is typed and not yet saved must not be lost by a click elsewhere.
for (const form of document.querySelectorAll("form[data-keep]")) {
  let changed = form.dataset.keep === "changed";
  form.addEventListener("input", () => (changed = true));
  form.addEventListener("submit", () => (changed = false));
  addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });
}

// How many characters a field has, of how many it may have.
const count = (field) => {
  const most = Number(field.dataset.most);
  const told = document.getElementById(`${field.id}-count`);
  if (!told) return;
  told.textContent = `${field.value.length} / ${most}`;
  told.classList.toggle("over", field.value.length > most || (field.value && field.value.length < Number(field.dataset.least ?? 0)));
};
for (const field of document.querySelectorAll("[data-most]")) {
  count(field);
  field.addEventListener("input", () => count(field));
}

// Times come in UTC. They are shown on the reader's own clock, which says its zone; what it was in UTC stays to be asked for.
const DAY = { day: "numeric", month: "short", year: "numeric" };
const SHOWN = {
  day: new Intl.DateTimeFormat("en-GB", DAY),
  moment: new Intl.DateTimeFormat("en-GB", { ...DAY, hour: "2-digit", minute: "2-digit", timeZoneName: "short" }),
};
const onOwnClock = (part) => {
  for (const time of part.querySelectorAll("time[data-shown]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.valueOf())) continue;
    time.title = time.textContent;
    time.textContent = SHOWN[time.dataset.shown].format(at);
    delete time.dataset.shown;
  }
};
onOwnClock(document);
document.body.addEventListener("htmx:afterSwap", (event) => onOwnClock(event.target));

// A time is planned on the editor's own clock too: the zone beside it is theirs, and the time that is there from the start moves with it.
for (const zone of document.querySelectorAll('input[data-own]:not([data-own=""])')) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const field = document.getElementById(zone.dataset.own);
  const at = new Date(`${field.value}Z`);
  if (!own || Number.isNaN(at.valueOf())) continue;
  const shown = new Date(at.valueOf() - at.getTimezoneOffset() * 60_000);
  field.value = shown.toISOString().slice(0, 16);
  zone.value = own;
}

// After a live check the fields that have a problem say so, as they do when a page comes back from the server.
document.body.addEventListener("htmx:afterSwap", (event) => {
  const told = event.target.querySelector?.("[data-wrong]");
  const form = event.target.closest(".editor")?.querySelector("form[data-keep]");
  if (!told || !form) return;
  const wrong = new Set(told.dataset.wrong.split(" ").filter(Boolean));
  for (const field of form.querySelectorAll("input, textarea, select, fieldset")) {
    if (wrong.has(field.id)) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
  const token = told.dataset.token;
  if (token) for (const each of document.querySelectorAll("input[name=csrf]")) each.value = token;
});
for (const fault of ["htmx:sendError", "htmx:responseError"]) {
  document.body.addEventListener(fault, (event) => {
    const place = event.detail.target;
    if (place?.id === "check") place.textContent = "The server did not answer, so this is not checked. What you typed is still here.";
  });
}

// A summary of what is wrong is read out first when a page comes back with it.
document.querySelector(".errors[role=alert]")?.focus();
