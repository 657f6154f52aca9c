// The operator's desk. The service owns the state: every event brings the whole,
// and the page shows it. What is typed is kept there as it is typed.

import { banner, send, t } from "./app.js";
import { calendar } from "./calendar.js";
import { Headset, tab } from "./headset.js";
import { Script } from "./script.js";
import { pick, standing } from "./transfer.js";

const $ = (id) => document.getElementById(id);
const headset = new Headset($("phone"));
const script = new Script($, (turn) => order("script", turn), trouble);
let desk = null; // the last state
let clock = 0; // the service's clock less ours, in ms
let chosen = 0; // the disposition whose fields are being filled in
let noteTimer = 0;
let attempt = ""; // of the call that is shown
let mine = false; // this window has, or is getting, the leg
let known = false; // ... and the service has said that it has: another name is then another window's
let connecting = false;

// ---- events

const events = new EventSource("/api/desk/events");
events.addEventListener("desktop", (e) => show(JSON.parse(e.data)));
events.addEventListener("sound", (e) => showSound(JSON.parse(e.data)));
events.addEventListener("message", (e) => banner(JSON.parse(e.data).text)); // of a supervisor
events.addEventListener("open", () => { if (lost) banner(t("back"), "good"); clearTimeout(lost); lost = 0; setTimeout(() => lost || banner(""), 2000); });
events.addEventListener("error", () => { lost ||= setTimeout(() => banner(t("lost"), "bad"), 400); });
let lost = 0;

/** An order about the call that is shown. What went wrong is said beside the buttons. */
async function order(what, body = {}, method = "POST") {
  trouble("");
  try {
    return await send(method, `/api/desk/${what}`, { attempt, ...body });
  } catch (e) {
    trouble(e.message);
    return null;
  }
}

async function wish(path, body) {
  try { await send("POST", `/api/desk/${path}`, body); } catch (e) { banner(e.message, "bad"); }
}

function trouble(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
}

// ---- state

const busy = ["talking", "wrap-up", "consulting", "consulted", "conference"];

/** Whether the operator takes calls, or a further one: then the button says not ready. */
const willing = (d) => ["ready", "preview", "reserved"].includes(d.state) || (busy.includes(d.state) && !d.leaving);

/** Where the focus goes from a button that is done with. */
const nextOf = { connect: "test", takeover: "test", test: "ready" };

function show(d) {
  const before = desk, at = document.activeElement.id;
  desk = d;
  clock = Date.parse(d.now) - Date.now();
  $("state").textContent = t(`state.${d.state}`);
  $("state").dataset.state = d.state;
  showTimes();
  $("reason").textContent = d.leaving ? t("desk.after") : reasonText(d.reason);
  $("campaign").textContent = d.campaign ?? "";
  const by = d.monitored ? `${d.monitored.supervisor}: ${t(`monitoring.${d.monitored.mode}`)}` : "";
  if ($("monitored").textContent !== by) $("monitored").textContent = by;
  document.title = `${t(`state.${d.state}`)} · apel`;
  if (before && before.state !== d.state) $("spoken").textContent = [t(`state.${d.state}`), d.call?.contact.name].filter(Boolean).join(", ");
  showSound(d.sound);
  showSetup(d);
  const up = d.sound && d.tab === tab;
  $("ready").hidden = $("why").hidden = !up;
  const wants = willing(d);
  $("ready").textContent = wants ? (d.call && !["ready", "preview"].includes(d.state) ? t("desk.after.button") : t("desk.notready")) : t("desk.ready");
  $("dial").hidden = !up || !d.manual;
  $("dial").disabled = !d.headset?.ok;
  $("ready").disabled = !wants && !d.headset?.ok;
  if (nextOf[at] && !$(at).checkVisibility()) $(nextOf[at]).focus();
  showCall(d, before);
  $("day").hidden = Boolean(d.call && d.state !== "ready" && d.state !== "not-ready");
  if (!before || (before.call && !d.call)) loadDay();
}

const said = (disposition) => (disposition ? t(`disposition.${disposition}`).replace(/^disposition\./, "") : "");
const reasonText = (reason) => (reason ? t(`reason.${reason}`).replace(/^reason\./, "") : "");

function showSetup(d) {
  const elsewhere = d.sound && d.tab !== tab;
  if (d.sound && !elsewhere) known = true;
  const connected = d.sound && d.tab === tab && headset.pc;
  $("setup").hidden = Boolean(connected && d.headset?.ok) || (connected && ["reserved", ...busy].includes(d.state));
  $("takeover").hidden = !elsewhere || !d.sound.heard;
  $("connect").hidden = connected || !$("takeover").hidden;
  $("test").hidden = !connected;
  $("setuptext").textContent = elsewhere && d.sound.heard ? t("desk.elsewhere") : connected ? t("desk.test.text") : t("desk.connect.text");
  document.body.dataset.leg = headset.pc && !elsewhere ? headset.pc.connectionState : "none";
  if (headset.pc && elsewhere && known) headset.close(); // another window has taken over
  if (!mine && d.sound && d.tab === tab) connect(); // a reload: go on at once
}

function showSound(s) {
  $("sound").hidden = !s;
  if (!s) return;
  $("level").value = s.level_db;
  $("soundword").textContent = s.heard ? t("desk.heard") : t("desk.unheard");
  $("state").dataset.sound = s.heard ? "" : "lost";
  const worst = Math.max(s.lost, s.far_lost);
  $("loss").textContent = worst > 0.01 ? t("desk.loss", Math.round(100 * worst)) : "";
}

// ---- headset

async function devices() {
  const all = await navigator.mediaDevices.enumerateDevices();
  for (const [select, kind, kept] of [[$("mic"), "audioinput", localStorage.apelMic], [$("speaker"), "audiooutput", localStorage.apelSpeaker]]) {
    select.replaceChildren(...all.filter((d) => d.kind === kind).map((d, i) => new Option(d.label || `${t("desk.device")} ${i + 1}`, d.deviceId)));
    if ([...select.options].some((o) => o.value === kept)) select.value = kept;
  }
}

async function openMic(id) {
  try {
    await headset.open(id);
    await devices();
  } catch (e) {
    banner(e.name === "NotAllowedError" ? t("desk.mic.refused") : t("desk.mic.none"), "bad");
    throw e;
  }
}

async function connect(takeOver = false) {
  if (connecting) return;
  mine = connecting = true;
  known = false;
  try {
    if (headset.track?.readyState !== "live") await openMic(localStorage.apelMic || undefined).catch(() => openMic());
    if (localStorage.apelSpeaker) await headset.hearOn(localStorage.apelSpeaker).catch(() => {});
    await headset.connect(takeOver);
    banner("");
  } catch (e) {
    mine = false;
    banner(e.message, "bad");
  }
  connecting = false;
  if (desk) showSetup(desk);
}

headset.addEventListener("state", () => desk && showSetup(desk));
headset.addEventListener("gone", () => { mine = false; headset.close(); if (desk) showSetup(desk); });
headset.addEventListener("lost", () => {
  banner(t("desk.mic.lost"), "bad");
  wish("microphone", { tab });
});
navigator.mediaDevices?.addEventListener("devicechange", devices);

$("connect").addEventListener("click", () => connect());
$("takeover").addEventListener("click", () => connect(true));
$("mic").addEventListener("change", () => openMic($("mic").value));
$("speaker").addEventListener("change", () => headset.hearOn($("speaker").value));
$("test").addEventListener("click", async () => {
  if ($("test").ariaDisabled === "true") return;
  $("test").ariaDisabled = "true"; // not disabled: that would take the focus away
  $("testing").textContent = t("desk.test.speak");
  setTimeout(() => ($("testing").textContent = t("desk.test.listen")), 3000);
  try {
    const h = await send("POST", "/api/desk/test", { tab, speak_ms: 3000 });
    $("testing").textContent = h.ok
      ? t("desk.test.ok", Math.round(h.level_db), h.trip_ms)
      : h.problems.map((p) => t(`desk.problem.${p}`)).join(" ");
  } catch (e) {
    $("testing").textContent = e.message;
  }
  $("test").ariaDisabled = null;
});

$("ready").addEventListener("click", () => {
  if (willing(desk)) wish("notready", { reason: "break" });
  else wish("ready");
});
$("why").addEventListener("change", () => {
  if ($("why").value) wish("notready", { reason: $("why").value });
  $("why").value = "";
});

// ---- the call

function showCall(d, before) {
  const c = d.call;
  const over = c?.take_back_by && d.state !== "wrap-up";
  $("call").hidden = !c || over;
  $("controls").hidden = !c;
  document.body.classList.toggle("wrapping", d.state === "wrap-up");
  if (!c) { attempt = ""; return; }
  if (c.attempt !== attempt) {
    attempt = c.attempt;
    trouble("");
    const left = draft.of(attempt);
    choose(0);
    $("note").value = c.note;
    script.begin(attempt);
    if (left && c.bridged_at && !over) draft.fill(left);
  } else if (document.activeElement !== $("note") && !noteTimer) {
    $("note").value = c.note;
  }
  card(c);
  const reads = c.consult?.role === "is-asked";
  script.show(c.script, c.answers, reads);
  $("edit").hidden = reads;
  $("note").readOnly = reads;
  showConsult(d, over);
  press("hold", c.held);
  press("mute", c.muted);
  $("undo").hidden = !over;
  $("accept").hidden = $("skip").hidden = d.state !== "preview";
  $("results").hidden = over || !c.bridged_at || reads;
  $("results").replaceChildren(...c.dispositions.map((r, i) => {
    const b = document.createElement("button");
    b.append(kbd(i + 1), ` ${said(r.name)}`);
    b.setAttribute("aria-pressed", c.disposition === i + 1 || chosen === i + 1);
    b.addEventListener("click", () => choose(i + 1));
    return b;
  }));
}

/** What the operator can do with the customer, and with whom is asked. */
function showConsult(d, over) {
  const c = d.call, live = d.state === "talking" && !c.ended_at && !over, rings = d.state === "reserved" && !c.bridged_at;
  const three = d.state === "conference", asks = c.consult?.role === "asks", asked = c.consult?.role === "is-asked";
  $("hangup").hidden = !live && !rings;
  $("hold").hidden = $("transfer").hidden = !live;
  $("mute").hidden = $("keypad").hidden = !live && !asks;
  $("hangupcustomer").hidden = !asks || c.consult.stage === "calling" || Boolean(c.ended_at);
  $("join").hidden = !asks || c.consult.blind || Boolean(c.ended_at);
  $("join").disabled = !three && c.consult?.stage !== "talking";
  $("conference").hidden = $("join").hidden;
  $("conference").disabled = $("join").disabled;
  $("conference").replaceChildren(t(three ? "desk.private" : "desk.conference"), " ", kbd("C"));
  $("endconsult").hidden = !asks && !asked;
  $("endconsult").replaceChildren(t(asked ? "desk.leave" : three ? "desk.letgo" : "desk.endconsult"), " ", kbd("F4"));
  const text = standing(d, over);
  $("standing").textContent = text;
  $("standing").hidden = !text;
}

const kbd = (text) => Object.assign(document.createElement("kbd"), { textContent: text });
const press = (id, on) => $(id).setAttribute("aria-pressed", Boolean(on));

function card(c) {
  const p = c.contact;
  $("who").textContent = p.name || [p.first_name, p.last_name].filter(Boolean).join(" ") || t("desk.unknown");
  $("number").textContent = `${p.phone} · ${t("desk.attempt", c.number, c.max_attempts)}${c.recorded ? ` · ${t("desk.recorded")}` : ""}`;
  const zone = p.zones?.[0];
  $("place").textContent = [p.city, zone && t("desk.theirtime", new Date().toLocaleTimeString(document.documentElement.lang, { timeZone: zone, hour: "2-digit", minute: "2-digit" }))].filter(Boolean).join(" · ");
  const rows = [["email", p.email], ["language", p.language], ["client", p.client], ["consent", p.consent && [p.consent.kind, p.consent.at?.slice(0, 10), p.consent.source].filter(Boolean).join(", ")], ["notes", p.notes], ...Object.entries(p.fields ?? {})];
  $("fields").replaceChildren(...rows.filter(([, v]) => v).flatMap(([k, v]) => [text("dt", t(`field.${k}`).replace(/^field\./, "")), text("dd", v)]));
  $("history").replaceChildren(...c.history.map((r) => text("li", [r.ended_at?.slice(0, 16).replace("T", " "), said(r.disposition) || t(`outcome.${r.outcome}`), r.note].filter(Boolean).join(" · "))));
}

const text = (tag, content) => Object.assign(document.createElement(tag), { textContent: content });

/** Chooses a disposition: what needs nothing else is said at once. */
function choose(n) {
  chosen = n;
  const r = desk?.call?.dispositions[n - 1];
  if ($("ask").contains(document.activeElement)) document.activeElement.blur(); // keys are the desk's again
  $("ask").hidden = true;
  if (!r) { draft.drop(); return; }
  const asks = (what) => r.ask?.includes(what);
  const at = r.callback;
  if (!asks("amount") && !at && !asks("note") && !r.dnc) { commit(); return; }
  $("asked").textContent = r.dnc ? t("desk.dnc.sure") : said(r.name);
  $("amountlabel").hidden = !asks("amount");
  $("atlabel").hidden = $("zone").hidden = $("anyonelabel").hidden = !at;
  $("anyone").checked = false;
  $("zone").textContent = at ? t("desk.theirzone", zoneOf()) : "";
  $("amount").value = $("at").value = "";
  $("calendar").hidden = true;
  if (at) calendar($("calendar"), attempt, (wall) => { $("at").value = wall; draft.keep(); });
  $("ask").hidden = false;
  draft.keep();
  const first = asks("amount") ? $("amount") : at ? $("at") : asks("note") ? $("note") : $("ask").querySelector("button");
  first.focus();
}

/** What is being filled in for a result outlives the page, and is another window's too. */
const draft = {
  keep() { localStorage.apelDraft = JSON.stringify({ attempt, chosen, amount: $("amount").value, at: $("at").value, anyone: $("anyone").checked }); },
  drop() { localStorage.removeItem("apelDraft"); },
  of(attempt) {
    try {
      const left = JSON.parse(localStorage.apelDraft ?? "null");
      return left?.attempt === attempt ? left : null;
    } catch { return null; }
  },
  fill(left) {
    choose(left.chosen);
    if ($("ask").hidden) return;
    [$("amount").value, $("at").value, $("anyone").checked] = [left.amount, left.at, left.anyone];
    draft.keep();
  },
};
$("ask").addEventListener("input", () => draft.keep());

const zoneOf = () => desk.call.contact.zones?.[0] ?? "UTC";

/** The instant of a wall clock in a zone: what the zone shows is corrected until it fits. */
function instant(wall, zone) {
  const want = Date.parse(`${wall}:00Z`);
  let at = want;
  for (let i = 0; i < 3; i++) {
    const shown = new Date(at).toLocaleString("sv-SE", { timeZone: zone }).replace(" ", "T");
    at += want - Date.parse(`${shown}Z`);
  }
  return new Date(at).toISOString();
}

async function commit() {
  const body = { disposition: chosen, note: $("note").value };
  if (!$("ask").hidden && $("amount").value) body.amount = $("amount").value;
  if (!$("ask").hidden && $("at").value) Object.assign(body, { callback_at: instant($("at").value, zoneOf()), anyone: $("anyone").checked });
  clearTimeout(noteTimer);
  noteTimer = 0;
  if (await order("result", body)) choose(0);
}

$("ask").addEventListener("submit", (e) => { e.preventDefault(); commit(); });
$("cancel").addEventListener("click", () => choose(0));
$("hangup").addEventListener("click", () => order("hangup"));
$("hangupcustomer").addEventListener("click", () => order("hangup", { of: "customer" }));
$("hold").addEventListener("click", () => order("hold", { on: !desk.call.held }));
$("transfer").addEventListener("click", async () => {
  const whom = await send("GET", "/api/desk/transfer").catch((e) => { trouble(e.message); });
  if (whom) dialog(t("desk.transfer"), pick(whom, async (to) => { if (await order("transfer", to)) $("dialog").close(); else $("dialog").close(); }));
});
$("dial").addEventListener("click", () => {
  const input = Object.assign(document.createElement("input"), { inputMode: "tel", autocomplete: "off", maxLength: 40 });
  const label = text("label", t("desk.dial.number"));
  const problem = Object.assign(document.createElement("p"), { className: "problem", hidden: true });
  problem.setAttribute("role", "alert");
  label.append(input);
  const call = async () => {
    problem.hidden = true;
    try { return await send("POST", "/api/desk/dial", { phone: input.value }); } catch (e) { problem.textContent = e.message; problem.hidden = false; return null; }
  };
  input.addEventListener("keydown", async (e) => { if (e.key === "Enter") { e.preventDefault(); if (await call()) $("dialog").close(); } });
  dialog(t("desk.dial"), [label, problem], call);
  input.focus();
});
$("join").addEventListener("click", () => order("consult", { do: "join" }));
$("conference").addEventListener("click", () => order("consult", { do: desk.state === "conference" ? "private" : "conference" }));
$("endconsult").addEventListener("click", () => order("consult", { do: "end" }));
$("mute").addEventListener("click", () => order("mute", { on: !desk.call.muted }));
$("accept").addEventListener("click", () => order("preview", { decision: "accept" }));
$("skip").addEventListener("click", () => {
  const input = document.createElement("input");
  const label = text("label", t("desk.skip.reason"));
  label.append(input);
  dialog(t("desk.skip"), [label], () => order("preview", { decision: "skip", reason: input.value }));
});
$("undo").addEventListener("click", () => order("takeback"));
$("note").addEventListener("input", () => {
  clearTimeout(noteTimer);
  noteTimer = setTimeout(async () => { await order("note", { note: $("note").value }); noteTimer = 0; }, 600);
});

// ---- dialogs

function dialog(title, content, ok) {
  $("dialogtitle").textContent = title;
  $("dialogbody").replaceChildren(...content);
  $("dialogok").hidden = !ok;
  $("dialogok").onclick = async () => { if (await ok()) $("dialog").close(); };
  $("dialog").showModal();
}
$("dialogcancel").addEventListener("click", () => $("dialog").close());

$("keypad").addEventListener("click", () => {
  const pad = document.createElement("div");
  const to = desk.state === "conference" && desk.call.consult.phone ? document.createElement("select") : null; // two may be meant
  to?.setAttribute("aria-label", t("desk.keys.to"));
  to?.append(new Option(desk.call.consult.with, "other"), new Option(t("desk.keys.customer"), "customer"));
  pad.className = "pad";
  for (const key of "123456789*0#") {
    const b = text("button", key);
    b.addEventListener("click", () => order("keys", { keys: key, of: to?.value ?? "" }));
    pad.append(b);
  }
  dialog(t("desk.keypad"), to ? [to, pad] : [pad]);
});

$("edit").addEventListener("click", () => {
  const p = desk.call.contact;
  const plain = ["name", "first_name", "last_name", "email", "city"];
  const inputs = [...plain.map((k) => [k, p[k]]), ...Object.entries(p.fields ?? {})].map(([k, v]) => {
    const label = text("label", t(`field.${k}`).replace(/^field\./, ""));
    const input = Object.assign(document.createElement("input"), { value: v ?? "", name: k });
    label.append(input);
    return label;
  });
  dialog(t("desk.edit"), inputs, async () => {
    const body = { fields: {} };
    for (const label of inputs) {
      const { name, value } = label.querySelector("input");
      if (plain.includes(name)) body[name] = value;
      else body.fields[name] = value;
    }
    return order("contact", body, "PATCH");
  });
});

$("own").addEventListener("click", () => {
  const st = script.current();
  if (!st) return;
  const area = Object.assign(document.createElement("textarea"), { rows: 8, value: st.own ?? "" });
  area.setAttribute("aria-label", t("desk.own"));
  dialog(t("desk.own"), [area], () => order("wording", { step: st.name, text: area.value }, "PUT").then(refresh));
});

document.addEventListener("apel-refresh", () => refresh(true));

async function refresh(answer) {
  if (answer) show(await send("GET", "/api/desk"));
  return answer;
}

$("help").addEventListener("click", () => {
  const list = document.createElement("dl");
  list.className = "fields";
  for (const [key, what] of [["F2", "desk.ready"], ["F4", "desk.hangup"], ["F8", "desk.hold"], ["M", "desk.mute"], ["K", "desk.keypad"], ["T", "desk.transfer"], ["C", "desk.conference"], ["J", "desk.join"], ["D", "desk.dial"], ["N", "desk.note"], ["S", "desk.script"], ["1–9", "desk.result"], ["Enter", "desk.commit"], ["Z", "desk.undo"], ["Esc", "cancel"]]) {
    const dt = document.createElement("dt");
    dt.append(kbd(key));
    list.append(dt, text("dd", t(what)));
  }
  dialog(t("desk.shortcuts"), [list]);
});

// ---- keys

const byKey = { F2: ["ready"], F4: ["hangup", "endconsult"], F8: ["hold"], m: ["mute"], k: ["keypad"], t: ["transfer"], d: ["dial"], c: ["conference"], j: ["join"], z: ["undo"], "?": ["help"] };

document.addEventListener("keydown", (e) => {
  const typing = e.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select, dialog");
  if (e.ctrlKey || e.altKey || e.metaKey || e.repeat) return;
  if (e.key === "Escape" && typing && !e.target.closest("dialog")) { e.target.blur(); choose(0); return; }
  if (typing && !/^F\d/.test(e.key)) return;
  if (e.key === "Enter" && !$("accept").hidden && e.target === document.body) { e.preventDefault(); $("accept").click(); return; }
  const id = (byKey[e.key] ?? byKey[e.key.toLowerCase()])?.find((b) => !$(b).hidden && !$(b).disabled);
  if (id) { e.preventDefault(); $(id).click(); return; }
  if (/^[1-9]$/.test(e.key) && desk?.call?.dispositions[e.key - 1] && !$("results").hidden) { e.preventDefault(); choose(Number(e.key)); return; }
  if (e.key.toLowerCase() === "n" && desk?.call) { e.preventDefault(); $("note").focus(); }
  if (e.key.toLowerCase() === "s" && desk?.call) { e.preventDefault(); $("step").focus(); }
});

// ---- the day

async function loadDay() {
  const day = await send("GET", "/api/desk/calls").catch(() => null);
  if (!day) return;
  const results = Object.entries(day.results).map(([k, n]) => `${k} ${n}`).join(", ");
  $("numbers").textContent = [t("desk.calls", day.bridged), t("desk.talked", span(day.talk_ms)), results].filter(Boolean).join(" · ");
  $("calls").replaceChildren(...day.calls.map((r) => {
    const tr = document.createElement("tr");
    for (const v of [r.ended_at?.slice(11, 16), r.campaign, r.phone, span(r.talk_ms), said(r.disposition), r.note]) tr.append(text("td", v ?? ""));
    return tr;
  }));
  $("month").replaceChildren(...day.month.map((r) => {
    const tr = document.createElement("tr");
    const result = text("td", said(r.disposition));
    if (r.success) result.append(" ", Object.assign(text("span", "✓"), { className: "good", title: t("desk.success") }));
    tr.append(text("td", r.campaign), result, ...[r.calls, span(r.talk_ms)].map((v) => Object.assign(text("td", v), { className: "num" })));
    return tr;
  }));
  $("callbacks").replaceChildren(...day.callbacks.map((b) => text("li", [new Date(b.due ?? b.at).toLocaleString(document.documentElement.lang), b.campaign, b.contact.name, b.contact.phone].filter(Boolean).join(" · "))));
}

// ---- time

function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** What runs on: the time in the state, and what is left to decide or to write. */
function showTimes() {
  if (!desk) return;
  const now = Date.now() + clock, c = desk.call;
  $("timer").textContent = span(now - Date.parse(desk.since));
  const left = c?.decide_by ? Date.parse(c.decide_by) - now : c && desk.state === "wrap-up" ? Date.parse(desk.since) + c.wrap_up_ms - now : 0;
  $("countdown").textContent = left > 0 ? t("desk.left", Math.ceil(left / 1000)) : "";
}

setInterval(() => {
  if (headset.level && !$("setup").hidden) $("miclevel").value = headset.level();
  showTimes();
}, 200);

openMic(localStorage.apelMic || undefined).catch(() => openMic()).catch(() => {});
