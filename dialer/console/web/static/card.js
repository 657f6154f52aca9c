// Who is called, and the operator's own day, as the desk shows them.

import { send, t } from "./app.js";

const $ = (id) => document.getElementById(id);
const lang = document.documentElement.lang;
const moment = (at) => (at ? new Date(at).toLocaleString(lang, { dateStyle: "short", timeStyle: "short" }) : "");
const clockOf = (at) => (at ? new Date(at).toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit" }) : "");
const day = (at) => new Date(at).toLocaleDateString(lang, { dateStyle: "medium", timeZone: "UTC" });
export const text = (tag, content) => Object.assign(document.createElement(tag), { textContent: content });
export const said = (disposition) => (disposition ? t(`disposition.${disposition}`).replace(/^disposition\./, "") : "");

export function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

export function card(c) {
  const p = c.contact;
  $("who").textContent = p.name || [p.first_name, p.last_name].filter(Boolean).join(" ") || t("desk.unknown");
  $("number").textContent = `${p.phone} · ${t("desk.attempt", c.number, c.max_attempts)}${c.recorded ? ` · ${t("desk.recorded")}` : ""}`;
  const k = p.consent, called = p.numbers?.findIndex((n) => n.phone === p.phone); // masked, two may look alike
  const others = p.numbers?.filter((_, i) => i !== called).map((n) => [n.phone, n.kind && t(`kind.${n.kind}`)].filter(Boolean).join(" "));
  const consent = k && [k.kind && t(`consent.${k.kind}`).replace(/^consent\./, ""), k.at && day(k.at), k.source, k.text_version, k.expires && t("desk.until", day(k.expires))].filter(Boolean).join(", ");
  const rows = [["email", p.email], ["numbers", others?.join(", ")], ["language", p.language], ["client", p.client], ["external_id", p.external_id], ["tags", p.tags?.join(", ")], ["consent", consent], ["notes", p.notes], ...Object.entries(p.fields ?? {})];
  $("fields").replaceChildren(...rows.filter(([, v]) => v).flatMap(([k, v]) => [text("dt", t(`field.${k}`).replace(/^field\./, "")), text("dd", v)]));
  $("history").replaceChildren(...c.history.map((r) => text("li", [moment(r.ended_at), said(r.disposition) || t(`outcome.${r.outcome}`), r.note].filter(Boolean).join(" · "))));
}

/** Where the contact lives, and what time it is there. */
export function showPlace(c, now) {
  if (!c) return;
  const { city, zones } = c.contact;
  const there = zones?.[0] && t("desk.theirtime", new Date(now).toLocaleTimeString(lang, { timeZone: zones[0], hour: "2-digit", minute: "2-digit" }));
  const place = [city, there].filter(Boolean).join(" · ");
  if ($("place").textContent !== place) $("place").textContent = place;
}

/** The operator's calls of today, results of the month, and callbacks. */
export async function loadDay() {
  const day = await send("GET", "/api/desk/calls").catch(() => null);
  if (!day) return;
  const results = Object.entries(day.results).map(([k, n]) => `${said(k)} ${n}`).join(", ");
  $("numbers").textContent = [t("desk.calls", day.bridged), t("desk.talked", span(day.talk_ms)), results].filter(Boolean).join(" · ");
  $("calls").replaceChildren(...day.calls.map((r) => {
    const tr = document.createElement("tr");
    for (const v of [clockOf(r.ended_at), r.campaign, r.phone, span(r.talk_ms), said(r.disposition), r.note]) tr.append(text("td", v ?? ""));
    tr.children[3].className = "num";
    return tr;
  }));
  $("month").replaceChildren(...day.month.map((r) => {
    const tr = document.createElement("tr");
    const result = text("td", said(r.disposition));
    if (r.success) result.append(" ", Object.assign(text("span", "✓"), { className: "good", title: t("desk.success") }));
    tr.append(text("td", r.campaign), result, ...[r.calls, span(r.talk_ms), r.amount_cents ? (r.amount_cents / 100).toLocaleString(lang, { minimumFractionDigits: 2 }) : ""].map((v) => Object.assign(text("td", v), { className: "num" })));
    return tr;
  }));
  $("callbacks").replaceChildren(...day.callbacks.map((b) => text("li", [moment(b.due ?? b.at), b.campaign, b.contact.name, b.contact.phone].filter(Boolean).join(" · "))));
}
