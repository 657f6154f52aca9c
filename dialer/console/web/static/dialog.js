// The desk's dialog, one at a time.

import { t } from "./app.js";

const $ = (id) => document.getElementById(id);

export const kbd = (text) => Object.assign(document.createElement("kbd"), { textContent: text });

/** Asks for something. One that is about a call closes when the call goes; keys is told of keys that are no text. */
export function dialog(title, content, { ok, word, done, about = "", keys } = {}) {
  $("dialogtitle").textContent = title;
  $("dialogbody").replaceChildren(...content);
  $("dialogok").hidden = !ok;
  $("dialogok").textContent = word ?? t("ok");
  $("dialogcancel").textContent = t(done ? "done" : "cancel");
  const own = $("dialogbody").firstChild;
  $("dialogok").onclick = async () => { if ((await ok()) && own === $("dialogbody").firstChild) $("dialog").close(); }; // another may be open by then
  $("dialog").onkeydown = (e) => {
    if (e.ctrlKey || e.altKey || e.metaKey) return;
    if (e.key === "Enter" && ok && e.target.tagName === "INPUT") { e.preventDefault(); $("dialogok").click(); }
    if (keys && /^[0-9*#]$/.test(e.key)) { e.preventDefault(); keys(e.key); }
  };
  $("dialog").dataset.attempt = about;
  $("dialog").showModal();
}
$("dialogcancel").addEventListener("click", () => $("dialog").close());

/** Closes the dialog if it is about the call that has gone. */
export function callGone() {
  if ($("dialog").open && $("dialog").dataset.attempt) $("dialog").close();
}
