// The callback calendar: the contact's days and half hours; who may not be called
// then is grey and cannot be chosen.

import { send, t } from "./app.js";

/** Draws the calendar into box; choose is told the contact's wall clock, as an input of type datetime-local has it. */
export async function calendar(box, attempt, choose) {
  box.hidden = true;
  box.dataset.attempt = attempt;
  const hours = await send("GET", `/api/desk/hours?attempt=${encodeURIComponent(attempt)}`).catch(() => null);
  if (!hours || box.dataset.attempt !== attempt) return; // another call's was asked for meanwhile
  const days = row("desk.calendar"), clock = row("desk.hour");
  const button = (text, off, press) => {
    const b = Object.assign(document.createElement("button"), { type: "button", textContent: text, disabled: off });
    if (off) b.title = t("desk.illegal");
    b.addEventListener("click", () => { mark(b); press(); });
    return b;
  };
  const lang = document.documentElement.lang;
  days.append(...hours.days.map((day) => {
    const legal = day.slots.some((s) => s.legal);
    return button(new Date(`${day.date}T12:00:00Z`).toLocaleDateString(lang, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" }), !legal, () => {
      const from = day.slots.findIndex((s) => s.legal), to = day.slots.findLastIndex((s) => s.legal);
      clock.replaceChildren(...day.slots.slice(Math.max(0, from - 2), to + 3).map((s) => button(s.clock, !s.legal, () => choose(`${day.date}T${s.clock}`))));
    });
  }));
  box.replaceChildren(days, clock);
  box.hidden = false;
  [...days.children].find((b) => !b.disabled)?.click();
}

function row(label) {
  const div = Object.assign(document.createElement("div"), { className: "row slots" });
  div.setAttribute("role", "group");
  div.setAttribute("aria-label", t(label));
  return div;
}

function mark(button) {
  for (const b of button.parentElement.children) b.setAttribute("aria-pressed", b === button);
}
