// The operator's desk. The service owns the state: every event brings the whole,
// and the page shows it. What is typed is kept there as it is typed.

import { banner, send, t } from "./app.js";
import { calendar } from "./calendar.js";
import { card, loadDay, said, showPlace, span, text } from "./card.js";
import { callGone, dialog, kbd } from "./dialog.js";
import { Headset, tab } from "./headset.js";
import { Keeper } from "./keep.js";
import { Script } from "./script.js";
import { pause } from "./leg.js";
import { pick, standing } from "./transfer.js";

const $ = (id) => document.getElementById(id);
const headset = new Headset($("phone"));
const keeper = new Keeper((of, why) => of === attempt && trouble(why));
const script = new Script($, turn, (answers, of) => keeper.write(of, { answers }), trouble);
let desk = null; // the last state
let clock = 0; // the service's clock less ours, in ms
let chosen = 0; // the disposition whose fields are being filled in
let attempt = ""; // of the call that is shown
let mine = false; // this window has, or is getting, the leg
let known = false; // ... and the service has said that it has: another name is then another window's
let connecting = false;
let choosing = false; // the devices are to be seen, whatever the state
let deaf = false; // the microphone is gone

// ---- events

let lost = 0;

function follow() {
  const events = new EventSource("/api/desk/events");
  events.addEventListener("desktop", (e) => show(JSON.parse(e.data)));
  events.addEventListener("sound", (e) => showSound(JSON.parse(e.data)));
  events.addEventListener("message", (e) => banner(JSON.parse(e.data).text)); // of a supervisor
  events.addEventListener("open", () => {
    clearTimeout(lost);
    if (lost) passing(t("back"), "good");
    lost = 0;
    keeper.flush();
  });
  events.addEventListener("error", () => {
    lost ||= setTimeout(() => banner(t("lost"), "bad"), 400);
    if (events.readyState === EventSource.CLOSED) again(); // refused: the browser does not try any more
  });
}

/** Follows again as soon as the service lets us; who is signed out is led to sign in. */
async function again() {
  await pause(2000);
  try { await send("GET", "/api/desk"); } catch (e) {
    if (e.status && e.status < 500) return banner(e.message, "bad");
    return again();
  }
  follow();
}

/** A sentence that goes by itself, unless another has come. */
function passing(text, kind) {
  banner(text, kind);
  setTimeout(() => { if ($("banner").textContent === text) banner(""); }, 2000);
}

/**
 * An order about the call that is shown. What went wrong is said beside the
 * buttons: null if it was refused, undefined if it did not arrive.
 */
async function order(what, body = {}, method = "POST") {
  trouble("");
  try {
    return await send(method, `/api/desk/${what}`, { attempt, ...body });
  } catch (e) {
    trouble(e.message);
    return e.status ? null : undefined;
  }
}

/** A turn in the script; answers that did not arrive are sent when the connection is back. */
async function turn(body, of) {
  if (of !== attempt) return keeper.write(of, body); // that call has gone
  const back = keeper.instead(of, body.answers), done = await order("script", { attempt: of, ...body });
  if (done === undefined) {
    back();
    trouble(t("desk.later"));
  }
  return done;
}

let unmet = ""; // why the last wish was not met
async function wish(path, body) {
  try {
    await send("POST", `/api/desk/${path}`, body);
    if ($("banner").textContent === unmet) banner("");
    unmet = "";
  } catch (e) { banner((unmet = e.message), "bad"); }
}

function trouble(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
}

// ---- state

const busy = ["talking", "wrap-up", "consulting", "consulted", "conference"];

/** Whether the operator takes calls, or a further one: then the button says not ready. */
const willing = (d) => ["ready", "preview"].includes(d.state) || ([...busy, "reserved"].includes(d.state) && !d.leaving);

/** The state in words: of a call that the operator waits for, that it rings. */
const stateOf = (d) => t(`state.${d.state === "reserved" && d.call ? "calling" : d.state}`);

/** Where the focus goes from a button that is done with. */
const nextOf = { connect: "test", takeover: "test", test: "ready" };

function show(d) {
  const before = desk, at = document.activeElement.id;
  desk = d;
  clock = Date.parse(d.now) - Date.now();
  $("state").textContent = stateOf(d);
  $("state").dataset.state = d.state;
  showTimes();
  $("reason").textContent = d.leaving ? t("desk.after") : reasonText(d.reason);
  $("campaign").textContent = d.campaign ?? "";
  const by = d.monitored ? `${d.monitored.supervisor}: ${t(`monitoring.${d.monitored.mode}`)}` : "";
  if ($("monitored").textContent !== by) $("monitored").textContent = by;
  document.title = `${stateOf(d)} · apel`;
  if (before && before.state !== d.state) $("spoken").textContent = [stateOf(d), d.call?.contact.name].filter(Boolean).join(", ");
  showSound(d.sound);
  showSetup(d);
  const up = byPhone(d) || (d.sound && d.tab === tab), good = byPhone(d) || d.headset?.ok;
  $("ready").hidden = $("why").hidden = !up;
  const wants = willing(d);
  const inCall = d.call && !["ready", "not-ready", "preview"].includes(d.state);
  const does = t(wants ? (inCall ? "desk.after.button" : "desk.notready") : inCall ? "desk.ready.after" : "desk.ready");
  if ($("ready").dataset.does !== does) $("ready").replaceChildren(does, " ", kbd("F2"));
  $("ready").dataset.does = does;
  $("dial").hidden = !up || !d.manual;
  $("dial").disabled = !good;
  $("ready").disabled = !wants && !good;
  if (nextOf[at] && !$(at).checkVisibility()) $(nextOf[at]).focus();
  showCall(d, before);
  const typing = document.activeElement.closest("input:not([type=radio]):not([type=checkbox]), textarea, dialog");
  if (d.state === "preview" && before?.state !== "preview" && !typing) $("accept").focus(); // else Enter would be the button's that was pressed last
  $("day").hidden = Boolean(d.call && d.state !== "ready" && d.state !== "not-ready");
  if (!before || (before.call && !d.call)) loadDay();
}

const reasonText = (reason) => (reason ? t(`reason.${reason}`).replace(/^reason\./, "") : "");

/** Whether the operator speaks by a SIP phone: nothing is to be set up here. */
const byPhone = (d) => d.phone === "leg-up" && !d.sound;

function showSetup(d) {
  const elsewhere = d.sound && d.tab !== tab;
  if (byPhone(d) && complaint && $("banner").textContent === complaint) banner(""); // none is needed
  if (d.sound && !elsewhere) known = true;
  if (known && !d.sound && headset.pc && !connecting) return legGone(); // the service has given it up
  const connected = d.sound && d.tab === tab && headset.pc;
  const inCall = ["reserved", ...busy].includes(d.state) && d.state !== "wrap-up";
  const needed = !byPhone(d) && (!connected || deaf || !(d.headset?.ok || inCall || d.state === "wrap-up"));
  if (!connected) choosing = false;
  $("setup").hidden = !needed && !choosing;
  $("devices").setAttribute("aria-expanded", !$("setup").hidden);
  $("devices").disabled = needed;
  $("takeover").hidden = !elsewhere || !d.sound.heard;
  $("connect").hidden = connected || !$("takeover").hidden;
  $("test").hidden = !connected || inCall;
  $("setuptext").textContent = t(elsewhere && d.sound.heard ? "desk.elsewhere" : !connected ? "desk.connect.text" : inCall ? "desk.devices.text" : "desk.test.text");
  document.body.dataset.leg = headset.pc && !elsewhere ? headset.pc.connectionState : "none";
  if (headset.pc && elsewhere && known) headset.close(); // another window has taken over
  if (!mine && d.sound && d.tab === tab) connect(); // a reload: go on at once
}

function showSound(s) {
  $("sound").hidden = !s;
  if (!s) return;
  $("level").value = s.level_db;
  const heard = s.heard && !deaf;
  $("soundword").textContent = heard ? t("desk.heard") : t("desk.unheard");
  $("state").dataset.sound = heard ? "" : "lost";
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
    throw new Error(t(e.name === "NotAllowedError" ? "desk.mic.refused" : "desk.mic.none"));
  }
  deaf = false;
  if ($("banner").textContent === t("desk.mic.lost")) banner("");
  if (desk) showSetup(desk);
}

/** Opens the microphone that was used last, or any. */
const anyMic = () => openMic(localStorage.apelMic || undefined).catch(() => openMic());
let complaint = ""; // about a device
const complain = (e) => banner((complaint = e.message), "bad");

async function connect(takeOver = false) {
  if (connecting) return;
  mine = connecting = true;
  known = false;
  try {
    if (headset.track?.readyState !== "live") await anyMic();
    if (localStorage.apelSpeaker) await headset.hearOn(localStorage.apelSpeaker).catch(() => {});
    await headset.connect(takeOver);
    banner("");
  } catch (e) {
    mine = false;
    complain(e);
  }
  connecting = false;
  if (desk) showSetup(desk);
}

headset.addEventListener("state", () => desk && showSetup(desk));
/** There is no leg any more: why, and what to do. */
function legGone() {
  mine = known = false;
  headset.close();
  if (!deaf && (!desk.sound || desk.tab === tab)) banner(t("desk.gone"), "bad"); // else another window has it, or it was said
  showSetup(desk);
}
headset.addEventListener("gone", () => desk && legGone());
headset.addEventListener("muted", () => banner(t("desk.silent"), "bad")); // the next click or key lets it play
headset.addEventListener("lost", () => {
  deaf = true;
  if (desk) showSetup(desk), showSound(desk.sound);
  banner(t("desk.mic.lost"), "bad");
  wish("microphone", { tab });
});
navigator.mediaDevices?.addEventListener("devicechange", devices);

$("connect").addEventListener("click", () => connect());
$("takeover").addEventListener("click", () => connect(true));
$("mic").addEventListener("change", () => openMic($("mic").value).catch(complain));
$("speaker").addEventListener("change", () => headset.hearOn($("speaker").value).catch(() => banner(t("desk.speaker.none"), "bad")));
$("devices").addEventListener("click", () => {
  choosing = !choosing;
  showSetup(desk);
  if (choosing) $("mic").focus();
});
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
$("why").addEventListener("click", () => {
  const reasons = ["break", "lunch", "training", "meeting", "technical"].map((reason, i) => {
    const b = document.createElement("button");
    b.append(kbd(i + 1), ` ${t(`desk.${reason}`)}`);
    b.addEventListener("click", () => { $("dialog").close(); wish("notready", { reason }); });
    return b;
  });
  const list = Object.assign(document.createElement("div"), { className: "stack reasons" });
  list.append(...reasons);
  dialog(t("desk.reason"), [list], { keys: (key) => reasons[key - 1]?.click() });
});

// ---- the call

function showCall(d, before) {
  const c = d.call;
  const over = c?.take_back_by && d.state !== "wrap-up";
  $("call").hidden = !c || over;
  $("controls").hidden = !c;
  document.body.classList.toggle("wrapping", d.state === "wrap-up");
  if (attempt && c?.attempt !== attempt) {
    keeper.flush(); // of the call that was shown
    callGone();
  }
  if (!c) { attempt = ""; choose(0); return; }
  if (c.attempt !== attempt) {
    attempt = c.attempt;
    trouble("");
    const left = draft.of(attempt);
    choose(0);
    $("note").value = c.note;
    script.begin(attempt);
    if (left && c.bridged_at && !over) draft.fill(left);
  } else if (document.activeElement !== $("note")) {
    $("note").value = keeper.note(attempt) ?? c.note;
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
  const all = JSON.stringify(c.dispositions);
  if ($("results").dataset.all !== all) {
    $("results").dataset.all = all; // what has the focus stays, while they are the same
    $("results").replaceChildren(...c.dispositions.map((r, i) => {
      const b = document.createElement("button");
      b.append(kbd(i + 1), ` ${said(r.name)}`);
      b.addEventListener("click", () => choose(i + 1));
      return b;
    }));
  }
  showChosen();
}

/** Which result is being filled in, or was said. */
function showChosen() {
  [...$("results").children].forEach((b, i) => b.setAttribute("aria-pressed", desk?.call?.disposition === i + 1 || chosen === i + 1));
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

const press = (id, on) => $(id).setAttribute("aria-pressed", Boolean(on));

/** Chooses a disposition: what needs nothing else is said at once. */
function choose(n) {
  chosen = n;
  showChosen();
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
  const of = attempt;
  await keeper.flush(); // the result may be the last word
  if (of !== attempt) return;
  if (!(await order("result", body))) return;
  keeper.kept(of, body.note);
  if (of === attempt) choose(0);
}

$("ask").addEventListener("submit", (e) => { e.preventDefault(); commit(); });
$("cancel").addEventListener("click", () => choose(0));
$("hangup").addEventListener("click", () => order("hangup"));
$("hangupcustomer").addEventListener("click", () => order("hangup", { of: "customer" }));
$("hold").addEventListener("click", () => order("hold", { on: !desk.call.held }));
$("transfer").addEventListener("click", async () => {
  const of = attempt, whom = await send("GET", "/api/desk/transfer").catch((e) => { trouble(e.message); });
  if (whom && of === attempt) dialog(t("desk.transfer"), pick(whom, (to) => { $("dialog").close(); order("transfer", to); }), { about: attempt });
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
  dialog(t("desk.dial.title"), [label, problem], { ok: call, word: t("desk.call") });
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
  dialog(t("desk.skip"), [label], { about: attempt, ok: () => order("preview", { decision: "skip", reason: input.value }) });
});
$("undo").addEventListener("click", () => order("takeback"));
document.querySelector("form[action='/signout']")?.addEventListener("submit", () => keeper.leave()); // while it is taken from us
$("note").addEventListener("input", () => keeper.write(attempt, { note: $("note").value }));

// ---- dialogs

$("keypad").addEventListener("click", () => {
  const pad = document.createElement("div");
  const to = desk.state === "conference" && desk.call.consult.phone ? document.createElement("select") : null; // two may be meant
  to?.setAttribute("aria-label", t("desk.keys.to"));
  to?.append(new Option(desk.call.consult.with, "other"), new Option(t("desk.keys.customer"), "customer"));
  pad.className = "pad";
  const pressed = Object.assign(document.createElement("output"), { className: "pressed num" });
  pressed.setAttribute("aria-label", t("desk.keys.pressed"));
  const push = async (key) => { if (await order("keys", { keys: key, of: to?.value ?? "" })) pressed.textContent += key; };
  for (const key of "123456789*0#") {
    const b = text("button", key);
    b.addEventListener("click", () => push(key));
    pad.append(b);
  }
  dialog(t("desk.keypad"), [to, pressed, pad].filter(Boolean), { done: true, about: attempt, keys: push });
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
  dialog(t("desk.edit"), inputs, { about: attempt, ok: () => {
    const body = { fields: {} };
    for (const label of inputs) {
      const { name, value } = label.querySelector("input");
      if (plain.includes(name)) body[name] = value;
      else body.fields[name] = value;
    }
    return order("contact", body, "PATCH");
  } });
});

$("own").addEventListener("click", () => {
  const st = script.current();
  if (!st) return;
  const area = Object.assign(document.createElement("textarea"), { rows: 8, value: st.own ?? "" });
  area.setAttribute("aria-label", t("desk.own"));
  dialog(t("desk.own"), [area], { about: attempt, ok: () => order("wording", { step: st.name, text: area.value }, "PUT").then(refresh) });
});

document.addEventListener("apel-refresh", () => refresh(true));

async function refresh(answer) {
  if (answer) show(await send("GET", "/api/desk"));
  return answer;
}

$("help").addEventListener("click", () => {
  const list = document.createElement("dl");
  list.className = "fields";
  for (const [key, what] of [["F2", "desk.f2"], ["R", "desk.reason"], ["F4", "desk.hangup"], ["F8", "desk.hold"], ["M", "desk.mute"], ["K", "desk.keypad"], ["T", "desk.transfer"], ["C", "desk.conference"], ["J", "desk.join"], ["D", "desk.dial"], ["X", "desk.skip"], ["N", "desk.note"], ["S", "desk.script"], ["1–9", "desk.result"], ["Enter", "desk.commit"], ["Z", "desk.undo"], ["Esc", "cancel"]]) {
    const dt = document.createElement("dt");
    dt.append(kbd(key));
    list.append(dt, text("dd", t(what)));
  }
  dialog(t("desk.shortcuts"), [list], { done: true });
});

// ---- keys

const byKey = { F2: ["ready"], F4: ["hangup", "endconsult"], F8: ["hold"], m: ["mute"], k: ["keypad"], t: ["transfer"], d: ["dial"], c: ["conference"], j: ["join"], z: ["undo"], r: ["why"], x: ["skip"], "?": ["help"] };

let typedIn = null, typedAt = 0; // the field of text that had the last letter

document.addEventListener("keydown", (e) => {
  const typing = e.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select, dialog");
  if (e.ctrlKey || e.altKey || e.metaKey || e.repeat) return;
  const letter = e.key.length === 1, gone = typedIn && !typedIn.checkVisibility() && e.timeStamp - typedAt < 1000;
  if (!typing && letter && gone) { // the field went with its call: what is typed on is no order
    typedAt = e.timeStamp;
    e.preventDefault();
    return;
  }
  [typedIn, typedAt] = [letter && typing?.matches("input, textarea") ? typing : null, e.timeStamp];
  if (e.key === "Escape" && typing && !e.target.closest("dialog")) { e.target.blur(); choose(0); return; }
  if (typing && !/^F\d/.test(e.key)) return;
  if (e.key === "Escape") banner(""); // it was read
  if (e.key === "Enter" && !$("accept").hidden && e.target === document.body) { e.preventDefault(); $("accept").click(); return; }
  const id = (byKey[e.key] ?? byKey[e.key.toLowerCase()])?.find((b) => !$(b).hidden && !$(b).disabled);
  if (id) { e.preventDefault(); $(id).click(); return; }
  if (/^[1-9]$/.test(e.key) && desk?.call?.dispositions[e.key - 1] && !$("results").hidden) { e.preventDefault(); choose(Number(e.key)); return; }
  if (e.key.toLowerCase() === "n" && desk?.call) { e.preventDefault(); $("note").focus(); }
  if (e.key.toLowerCase() === "s" && desk?.call) { e.preventDefault(); $("step").focus(); }
});

// ---- time

/** What runs on: the time in the state, and what is left to decide or to write. */
function showTimes() {
  if (!desk) return;
  const now = Date.now() + clock, c = desk.call;
  $("timer").textContent = span(now - Date.parse(desk.since));
  const left = c?.decide_by ? Date.parse(c.decide_by) - now : c && desk.state === "wrap-up" ? Date.parse(desk.since) + c.wrap_up_ms - now : 0;
  showPlace(c, now);
  $("countdown").textContent = left > 0 ? t("desk.left", Math.ceil(left / 1000)) : "";
}

setInterval(() => {
  if (headset.level && !$("setup").hidden) $("miclevel").value = headset.level();
  showTimes();
}, 200);

anyMic().catch((e) => (desk && byPhone(desk)) || complain(e));
follow();
