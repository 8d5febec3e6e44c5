// Sends a picture or film straight to storage, in parts: three at a time, again when one fails, on from where it
// stopped when the same file is chosen again. server/desk/media_parts_pages.py is the other side.
"use strict";

(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  form.hidden = false;
  const [input, send, pause, said, bar] = ["file", "send", "pause", "said", "progress"].map((id) => document.getElementById(id));
  const AT_ONCE = 3, TRIES = 6;

  class Refusal extends Error {
    constructor(message, status, told) {
      super(message);
      this.status = status;
      this.told = told;
    }
  }

  let paused = false;
  let stop = new AbortController();
  let resume = null;

  const tell = (text) => (said.textContent = text);
  const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const digest = async (blob) => hex(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  const remembered = (file) => `limber-upload ${file.name} ${file.size} ${file.lastModified}`;
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));

  function kept(name, value) {
    try {
      if (value === undefined) return localStorage.getItem(name);
      if (value === null) localStorage.removeItem(name);
      else localStorage.setItem(name, value);
    } catch {
      // A browser that keeps nothing: an upload then starts anew after a reload.
    }
    return null;
  }

  async function ask(path, fields) {
    const options = { headers: { Accept: "application/json" }, redirect: "manual" };
    if (fields) {
      options.method = "POST";
      options.body = new URLSearchParams({ csrf: form.elements.csrf.value, ...fields });
    }
    const answer = await fetch(path, options);
    if (answer.type === "opaqueredirect") throw new Refusal("You are signed out. Sign in in another tab, then choose the file again: it goes on from here.", 401);
    const json = (answer.headers.get("Content-Type") || "").includes("json") ? await answer.json() : null;
    if (!answer.ok) {
      const otherwise = answer.status === 401 || answer.status === 400
        ? "You are signed out, or this page was open for too long. Reload it and choose the file again: it goes on from here."
        : `The server answered ${answer.status}.`;
      throw new Refusal(json?.detail ?? otherwise, answer.status, json);
    }
    return json;
  }

  function put(url, blob, onSent) {
    return new Promise((done, failed) => {
      const { signal } = stop;
      if (signal.aborted) return failed(new DOMException("stopped", "AbortError"));
      const sending = new XMLHttpRequest();
      const halt = () => sending.abort();
      sending.open("PUT", url);
      sending.upload.onprogress = (event) => onSent(event.loaded);
      sending.onload = () => (sending.status < 300 ? done() : failed(new Refusal(`Storage answered ${sending.status}.`, sending.status)));
      sending.onerror = () => failed(new TypeError("network"));
      sending.onabort = () => failed(new DOMException("stopped", "AbortError"));
      sending.onloadend = () => signal.removeEventListener("abort", halt);
      signal.addEventListener("abort", halt);
      return sending.send(blob);
    });
  }

  const slice = (file, upload, number) => file.slice((number - 1) * upload.part_size, Math.min(number * upload.part_size, file.size));

  // An upload that this browser began for this file, when what is there is really this file's; else a new one.
  async function open(file) {
    const id = kept(remembered(file));
    if (id) {
      try {
        const found = await ask(`/desk/media/uploads/${encodeURIComponent(id)}.json`);
        if (found.state === "receiving" && found.size === file.size) {
          tell("Comparing the file with what is already there…");
          let same = true;
          for (const [number, sha] of Object.entries(found.parts)) {
            if ((await digest(slice(file, found, Number(number)))) !== sha) same = false;
          }
          if (same) return found;
        }
      } catch (error) {
        if (error.status !== 404) throw error;
      }
      kept(remembered(file), null);
    }
    const made = await ask("/desk/media/uploads", { name: file.name, size: file.size, exercise: form.elements.exercise.value });
    kept(remembered(file), made.id);
    return made;
  }

  async function sendAll(file) {
    const upload = await open(file);
    const count = Math.ceil(file.size / upload.part_size);
    const there = new Set(Object.keys(upload.parts).map(Number));
    const sent = new Map([...there].map((number) => [number, slice(file, upload, number).size]));
    const missing = [];
    for (let number = 1; number <= count; number++) if (!there.has(number)) missing.push(number);
    if (there.size) tell(`Going on: ${there.size} of ${count} parts are there already.`);

    const show = () => {
      bar.value = [...sent.values()].reduce((all, each) => all + each, 0) / file.size;
    };
    show();

    async function one(number) {
      const blob = slice(file, upload, number);
      const sha = await digest(blob);
      for (let left = TRIES - 1; ; left--) {
        if (paused) await resume;
        try {
          const urls = await ask(`/desk/media/uploads/${upload.id}/addresses`, { parts: JSON.stringify({ [number]: sha }) });
          await put(urls[number], blob, (bytes) => { sent.set(number, bytes); show(); });
          sent.set(number, blob.size);
          show();
          return;
        } catch (error) {
          sent.delete(number);
          if (paused) { left++; continue; }
          const lost = !error.status || error.status >= 500 || error.status === 403 || error.status === 429;
          if (!lost || !left) throw error;
          tell("The connection is shaky. Trying again…");
          await wait(500 * 2 ** (TRIES - 1 - left) * (0.75 + Math.random() / 2));
        }
      }
    }

    for (let rounds = 3; ; rounds--) {
      const queue = [...missing];
      const work = async () => {
        while (queue.length) {
          await one(queue.shift());
          tell(`Sending: ${count - queue.length} of ${count} parts.`);
        }
      };
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, queue.length) }, work));
      try {
        const done = await ask(`/desk/media/uploads/${upload.id}/finish`, {});
        kept(remembered(file), null);
        return done.page;
      } catch (error) {
        if (!error.told?.missing || !rounds) throw error;
        missing.splice(0, missing.length, ...error.told.missing);
      }
    }
  }

  input.addEventListener("change", () => {
    const [file] = input.files;
    send.disabled = true;
    if (!file) return tell("");
    const most = Number(form.dataset.most);
    if (!crypto.subtle) return tell("This browser can send files only over https.");
    if (file.size > most) return tell(`The file has ${Math.round(file.size / 2 ** 20).toLocaleString()} MB; at most ${Math.floor(most / 2 ** 20)} MB are taken.`);
    if (!file.size) return tell("The file is empty.");
    send.disabled = false;
    return tell(kept(remembered(file)) ? "Part of this file may be there already. Send goes on from there." : "");
  });

  pause.addEventListener("click", () => {
    if (paused) {
      paused = false;
      stop = new AbortController();
      resume.go();
      pause.textContent = "Pause";
      tell("Going on…");
    } else {
      paused = true;
      let go;
      resume = new Promise((done) => (go = done));
      resume.go = go;
      stop.abort();
      pause.textContent = "Go on";
      tell("Paused. What was sent is kept for two days.");
    }
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [file] = input.files;
    if (!file || send.disabled) return;
    const busy = (on) => {
      send.disabled = input.disabled = on;
      pause.hidden = bar.hidden = !on;
    };
    busy(true);
    const leave = (leaving) => leaving.preventDefault();
    addEventListener("beforeunload", leave);
    try {
      const page = await sendAll(file);
      tell("All of it is there.");
      removeEventListener("beforeunload", leave);
      location.assign(page);
    } catch (error) {
      stop.abort(); // the other parts need not go on
      stop = new AbortController();
      tell(error.status ? error.message : "The connection was lost. Send again to go on from here.");
      busy(false);
      send.focus();
    } finally {
      removeEventListener("beforeunload", leave);
    }
  });
})();
