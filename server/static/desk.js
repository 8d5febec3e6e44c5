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
