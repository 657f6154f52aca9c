// Handing a customer on: whom to choose, and how things stand.

import { t } from "./app.js";

/** The content of the dialog; hand is told whom, with or without asking first. */
export function pick(whom, hand) {
  const list = Object.assign(document.createElement("select"), { size: 8, className: "whom" });
  list.setAttribute("aria-label", t("desk.transfer.whom"));
  const add = (box, to, text, off) => box.append(Object.assign(new Option(text, JSON.stringify(to)), { disabled: off }));
  if (whom.colleagues.length) add(list, { anyone: true }, t("desk.transfer.anyone", whom.anyone, whom.campaign), !whom.anyone);
  for (const team of whom.teams) add(list, { team: team.name }, t("desk.transfer.team", team.name, team.free), !team.free);
  const group = (key, all, each) => {
    if (!all.length) return;
    const box = Object.assign(document.createElement("optgroup"), { label: t(key) });
    all.forEach((one) => each(box, one));
    list.append(box);
  };
  group("desk.transfer.colleagues", whom.colleagues, (box, m) => add(box, { operator: m.name }, [m.full_name || m.name, m.team, m.campaign, t(`state.${m.state}`)].filter(Boolean).join(" · "), !["ready", "not-ready"].includes(m.state)));
  group("desk.transfer.numbers", whom.numbers, (box, n) => add(box, { number: n.name }, `${n.name} · ${n.number}`));
  const first = [...list.options].find((o) => !o.disabled);
  if (!first) return [Object.assign(document.createElement("p"), { textContent: t("desk.transfer.nobody") })];
  first.selected = true;
  list.autofocus = true;
  const chosen = (blind) => list.value && hand({ ...JSON.parse(list.value), blind });
  list.addEventListener("keydown", (e) => { if (e.key === "Enter") { e.preventDefault(); chosen(false); } });
  const button = (key, blind, kind) => {
    const b = Object.assign(document.createElement("button"), { textContent: t(key), className: kind });
    b.addEventListener("click", () => chosen(blind));
    return b;
  };
  const row = Object.assign(document.createElement("p"), { className: "row" });
  row.append(button("desk.transfer.ask", false, "main"), button("desk.transfer.blind", true, ""));
  return [list, row];
}

/** How things stand with the customer, in a sentence; "" if there is nothing to say. */
export function standing(d, over) {
  const c = d.call, k = c.consult;
  if (over) return "";
  if (k?.stage === "conference") return t("desk.consult.conference", k.with); // the customer hears all
  if (k?.role === "is-asked") return t("desk.consult.asked", k.with);
  if (k) return t(k.blind ? "desk.consult.blind" : `desk.consult.${k.stage}`, k.with);
  if (c.away) return t("desk.away");
  const all = [];
  if (["left", "lost", "not-reached"].includes(c.consult_end) && d.state === "talking") all.push(t(`desk.consultend.${c.consult_end}`));
  if (c.held) all.push(t("desk.onhold"));
  if (c.muted && d.state === "talking") all.push(t("desk.muted"));
  return all.join(" ");
}
