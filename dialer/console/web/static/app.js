// What every page does: preferences at once, and words for scripts.

const texts = globalThis.texts; // a script before this one, so that a page that is loaded heeds its first click

/** A text of the table; {0}, {1}... are replaced, {0:call|calls} by a number and the form that goes with it. */
export function t(key, ...args) {
  return (texts[key] ?? key).replace(/\{(\d)(?::([^}]*))?\}/g, (_, i, forms) => (args[i] ?? "") + (forms ? ` ${formOf(forms.split("|"), args[i])}` : ""));
}

const plural = new Intl.PluralRules(document.documentElement.lang);

/** The forms are in the order one, few, many; English has no few. */
function formOf(forms, n) {
  const order = plural.resolvedOptions().pluralCategories.length > 2 ? ["one", "few", "other"] : ["one", "other"];
  return forms[order.indexOf(plural.select(Number(String(n).replace(/[.,]/g, ""))))];
}

/** Shows a sentence under the header; no text hides it. Screen readers hear it. */
export function banner(text, kind = "") {
  const b = document.getElementById("banner");
  b.textContent = text ?? "";
  b.className = `banner ${kind}`;
  b.hidden = !text;
}

/** Sends JSON; gives what was answered, or throws the sentence of the problem: without a status, it did not arrive. */
export async function send(method, path, body, signal) {
  const init = { method, headers: {}, credentials: "same-origin", signal };
  if (body !== undefined) {
    init.headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  const resp = await fetch(path, init).catch(() => { throw new Error(t("offline")); }); // else the browser says it, in its own language
  if (resp.status === 401) {
    location.assign("/signin?next=" + encodeURIComponent(location.pathname + location.search));
  }
  const answer = resp.status === 204 ? null : await resp.json().catch(() => null);
  if (!resp.ok) throw Object.assign(new Error(sentence(answer) ?? resp.statusText), { status: resp.status });
  return answer;
}

/** What a problem says, in the page's language if it has a text for it. */
export function sentence(problem) {
  const key = `error.${problem?.message}`;
  return texts[key] ? t(key, ...(problem.args ?? []).map(moment)) : problem?.error;
}

/** A time as people write it; anything else as it is. */
function moment(word) {
  return /^\d{4}-\d\d-\d\dT/.test(word) ? new Date(word).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }) : word;
}

for (const field of document.querySelectorAll("[data-submit]")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}

document.querySelector("form[action='/signout']")?.addEventListener("submit", () => localStorage.removeItem("apelDraft")); // of a call

document.querySelector("button[data-print]")?.addEventListener("click", () => print());

// Live pages: a stream sends blocks of HTML that have changed. The server has
// escaped them; what had the focus keeps it.

// How long something has been so is counted here, by the server's clock: else
// every row of the floor would be sent every second.

const main = document.getElementById("main");
const ahead = main.dataset.now ? Date.now() - Number(main.dataset.now) : 0;

function ages() {
  for (const el of document.querySelectorAll("[data-since]")) {
    const s = Math.max(0, Math.floor((Date.now() - ahead) / 1000 - Number(el.dataset.since)));
    const two = (n) => String(n).padStart(2, "0");
    const text = s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
    if (el.textContent !== text) el.textContent = text;
  }
}
ages();
if (document.querySelector("[data-live]")) setInterval(ages, 1000);

function patch(blocks) {
  const key = document.activeElement?.dataset?.key;
  for (const [name, html] of Object.entries(blocks)) {
    const block = document.querySelector(`[data-live="${name}"]`);
    if (block) block.innerHTML = html;
  }
  ages();
  if (key && document.activeElement?.dataset?.key !== key) {
    document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }
}

const stream = document.querySelector("[data-stream]")?.dataset.stream;
if (stream) {
  const source = new EventSource(stream);
  let lost = 0;
  source.addEventListener("patch", (e) => patch(JSON.parse(e.data)));
  source.addEventListener("open", () => {
    clearTimeout(lost);
    if (lost) banner(t("back"), "good"), setTimeout(() => banner(""), 3000);
    lost = 0;
  });
  source.addEventListener("error", () => {
    lost ||= setTimeout(() => banner(t("lost")), 2500);
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000); // refused: sign in again
  });
  addEventListener("pagehide", () => source.close());
}

async function fill(block, path) {
  try {
    const r = await fetch(path);
    if (!r.ok) throw new Error(String(r.status));
    block.innerHTML = await r.text(); // ours, escaped by the server
  } catch (err) {
    block.textContent = t("failed", err.message);
  }
}

for (const block of document.querySelectorAll("[data-fetch]")) {
  fill(block, block.dataset.fetch);
  block.addEventListener("click", (e) => {
    const more = e.target.closest("button[data-more]");
    if (!more) return;
    more.disabled = true; // it takes its time
    fill(block, more.dataset.more);
  });
}

// Buttons that do something: data-do is the method, data-path where. With
// data-reason a sentence is asked for, which goes into the query or, with
// data-body, into that member of the body. With data-plan it is shown first
// what would happen.

function make(tag, text, attrs = {}) {
  const el = document.createElement(tag);
  if (text) el.textContent = text;
  for (const [k, v] of Object.entries(attrs)) el.setAttribute(k, v);
  return el;
}

/** Asks; resolves to the sentence given (or "" if none is asked for), or to null. */
function ask(button, body) {
  const { title, reason, label } = button.dataset;
  const dialog = make("dialog", "", { "aria-labelledby": "ask-title" });
  const form = make("form", "", { method: "dialog", class: "stack" });
  form.append(make("h2", title || button.textContent.trim(), { id: "ask-title" }), ...body);
  const field = make("input", "", { name: "reason", maxlength: "300", autocomplete: "off", required: "" });
  if (reason) {
    const l = make("label", label || t("reason"));
    l.append(field);
    form.append(l);
  }
  const row = make("div", "", { class: "row" });
  const no = make("button", t("cancel"), { type: "button" });
  no.addEventListener("click", () => dialog.close(""));
  const yes = make("button", button.textContent.trim(), { class: button.classList.contains("danger") ? "danger" : "main", value: "yes" });
  row.append(no, yes);
  form.append(row);
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? field.value.trim() : null);
    });
  });
}

/**
 * A block that shows a plan when it is there. Each contact of long lists is judged
 * for it, so that it says meanwhile how far it is, and nobody has to wait for it.
 */
function planFrom(path, init = {}) {
  const block = make("div", t("plan.going"), { "aria-live": "polite" });
  const name = crypto.randomUUID(), gone = new AbortController();
  const poll = setInterval(async () => {
    if (!block.isConnected) return gone.abort(), clearInterval(poll);
    const p = await send("GET", `/api/progress/${name}`).catch(() => null);
    if (p?.of && !block.children.length) block.textContent = t("plan.far", p.done, p.of, Math.floor((100 * p.done) / p.of));
  }, 1000);
  fetch(`${path}?progress=${name}`, { ...init, signal: gone.signal })
    .then(async (resp) => {
      const answer = await resp.json();
      if (!resp.ok) throw new Error(sentence(answer));
      block.replaceChildren(...planned(answer));
    })
    .catch((err) => { block.replaceChildren(make("p", t("failed", err.message), { class: "problem" })); })
    .finally(() => clearInterval(poll));
  return block;
}

/** What a plan says, as elements. */
function planned(p) {
  const list = make("ul");
  list.append(make("li", t("plan.now", p.dialable_now)), make("li", t("plan.later", p.later)), make("li", t("plan.never", p.never)));
  const all = [list];
  for (const v of p.violations) all.push(make("p", v, { class: "problem" }));
  for (const v of p.warnings) all.push(make("p", v, { class: "hint" }));
  return all;
}

document.addEventListener("click", async (e) => {
  const button = e.target.closest("button[data-do]");
  if (!button) return;
  e.preventDefault();
  try {
    const { do: method, path, body, reason, plan: planPath, done } = button.dataset;
    const said = await ask(button, planPath ? [planFrom(planPath)] : []);
    if (said === null) return;
    let to = path, sent;
    if (reason && body) sent = { [body]: said };
    else if (body) sent = JSON.parse(body);
    else if (reason) to += (path.includes("?") ? "&" : "?") + "reason=" + encodeURIComponent(said);
    await send(method, to, sent);
    if (done) return location.assign(done);
    banner(t("saved"), "good");
    setTimeout(() => banner(""), 2500);
  } catch (err) {
    banner(t("failed", err.message), "bad");
  }
});

// A webhook is tried at once, and says what came of it.
document.addEventListener("click", async (e) => {
  const path = e.target.closest("button[data-test]")?.dataset.test;
  if (!path) return;
  try {
    const r = await send("POST", path);
    banner(r.ok ? t("webhook.ok", r.status, r.took_ms) : t("failed", r.problem), r.ok ? "good" : "bad");
  } catch (err) {
    banner(t("failed", err.message), "bad");
  }
});

// A definition, or a change of its limits, is planned first, then applied with a
// reason. Of limits only those are sent that somebody has changed.
for (const button of document.querySelectorAll("button[data-apply]")) button.addEventListener("click", async () => {
  const form = button.form, { change: method = "POST", yaml, plan, done } = form.dataset;
  if (!form.reportValidity()) return;
  const altered = yaml ? [] : [...form.elements].filter((f) => f.name && f.value !== valueBefore(f));
  if (!yaml && !altered.length) return banner(t("limits.none"));
  const body = yaml ? form.elements.source.value : JSON.stringify(Object.fromEntries(altered.map((f) => [f.name, valueOf(f)])));
  const list = make("ul");
  for (const f of altered) list.append(make("li", `${f.labels[0].firstChild.textContent.trim()}: ${shown(f, valueBefore(f))} → ${shown(f, f.value)}`));
  try {
    const said = await ask(button, [...(altered.length ? [list] : []), planFrom(plan, { method: "POST", body })]);
    if (said === null) return;
    const path = (yaml ?? form.getAttribute("action")) + "?reason=" + encodeURIComponent(said);
    const resp = await fetch(path, { method, body });
    if (!resp.ok) throw new Error(sentence(await resp.json().catch(() => null)) ?? resp.statusText);
    location.assign(done);
  } catch (err) {
    banner(t("failed", err.message), "bad");
  }
});

function valueBefore(f) {
  return f.options ? [...f.options].find((o) => o.defaultSelected).value : f.defaultValue;
}

function valueOf(f) {
  if (f.type !== "number") return f.value;
  return f.dataset.percent === undefined ? Number(f.value) : Math.round(Number(f.value) * 100) / 1e4;
}

function shown(f, value) {
  return f.options ? [...f.options].find((o) => o.value === value).text : value;
}

// Forms that are sent as JSON: data-json is the method, the action the path,
// which a field with data-part ends.
for (const form of document.querySelectorAll("form[data-json]")) {
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    const body = {};
    let path = form.getAttribute("action");
    for (const field of form.elements) {
      if (field.dataset.part !== undefined) {
        path += encodeURIComponent(field.value);
        continue;
      }
      if (!field.name || (field.type === "checkbox" && !field.checked) || (field.value === "" && !field.dataset.empty)) continue;
      if (field.selectedOptions?.[0]?.dataset.none !== undefined) body[field.name] = "";
      else if (field.dataset.list !== undefined) (body[field.name] ??= []).push(field.value);
      else if (field.dataset.true !== undefined) body[field.name] = true;
      else body[field.name] = field.type === "number" ? Number(field.value) : field.value;
    }
    try {
      const answer = await send(form.dataset.json, path, body);
      const out = form.querySelector("[data-answer]");
      if (out) {
        out.textContent = answer[out.dataset.answer];
        out.hidden = false;
        form.reset();
        return;
      }
      location.assign(form.dataset.done || location.href);
    } catch (err) {
      banner(t("failed", err.message), "bad");
    }
  });
}

/** Sends a file, and says how far it is: it is imported as it is read. */
function upload(path, file, say) {
  const req = new XMLHttpRequest(), begun = Date.now(), mb = (n) => (n / 1e6).toFixed(1);
  req.upload.addEventListener("progress", (e) => {
    const seconds = (Date.now() - begun) / 1000;
    if (seconds > 1 && e.loaded < e.total) say(t("import.far", mb(e.loaded), mb(e.total), mb(e.loaded / seconds), Math.ceil((seconds * (e.total - e.loaded)) / e.loaded)));
  });
  req.upload.addEventListener("load", () => say(t("import.sorting")));
  return new Promise((resolve, reject) => {
    req.addEventListener("error", () => reject(new Error(t("import.cut"))));
    req.addEventListener("load", () => {
      let answer = null;
      try { answer = JSON.parse(req.responseText); } catch { /* no sentence of ours */ }
      if (req.status === 200) return resolve(answer);
      reject(new Error(sentence(answer) ?? req.statusText));
    });
    req.open("POST", path);
    req.send(file);
  });
}

// A file dropped or chosen is imported as it is.
for (const form of document.querySelectorAll("form[data-import]")) {
  const file = form.elements.file, out = form.querySelector("output");
  for (const kind of ["dragenter", "dragover"]) form.addEventListener(kind, (e) => { e.preventDefault(); form.classList.add("over"); });
  for (const kind of ["dragleave", "drop"]) form.addEventListener(kind, () => form.classList.remove("over"));
  form.addEventListener("drop", (e) => {
    e.preventDefault();
    file.files = e.dataTransfer.files;
    form.elements.list.value ||= (file.files[0]?.name ?? "").replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N}._-]+/gu, "-");
  });
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    out.textContent = t("import.going");
    const query = new URLSearchParams({ file: file.files[0].name });
    for (const name of ["country", "map", "sheet"]) if (form.elements[name].value) query.set(name, form.elements[name].value);
    try {
      const r = await upload(`/api/lists/${encodeURIComponent(form.elements.list.value)}/import?${query}`, file.files[0], (text) => { out.textContent = text; });
      out.textContent = t("import.done", r.rows, r.imported, r.duplicates, r.rejected);
      for (const [key, n] of [["import.updated", r.updated], ["import.dnc", r.suppressed], ["import.resumed", r.resumed]]) if (n) out.append(" ", t(key, n));
      if (r.rejects) out.append(" ", make("a", t("import.rejects"), { href: "/rejects/" + encodeURIComponent(r.rejects.split("/").pop()) }));
    } catch (err) {
      out.textContent = t("failed", err.message);
    }
  });
}
