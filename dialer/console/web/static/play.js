// Encrypted recordings: the key is chosen once a page, lives in this variable,
// and goes with each request; nothing keeps it.

import { t, banner } from "./app.js";

let identity = "";
let wanted = null;
const section = document.getElementById("key");

document.addEventListener("click", async (e) => {
  const button = e.target.closest("button[data-play]");
  if (!button) return;
  wanted = button;
  if (identity) return play(button);
  section.hidden = false;
  section.querySelector("input").focus();
});

section?.querySelector("form").addEventListener("submit", async (e) => {
  e.preventDefault();
  identity = await e.target.elements.file.files[0].text();
  e.target.reset();
  section.hidden = true;
  if (wanted) play(wanted);
});

async function play(button) {
  button.disabled = true;
  try {
    const resp = await fetch(button.dataset.play, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ identity }) });
    if (!resp.ok) throw new Error((await resp.json()).error);
    const audio = document.createElement("audio");
    audio.controls = true;
    audio.src = URL.createObjectURL(await resp.blob());
    audio.setAttribute("aria-label", `${t("col.recording")} ${button.dataset.id}`);
    button.replaceWith(audio);
    audio.focus();
    await audio.play().catch(() => {}); // it can be started by hand
  } catch (err) {
    identity = ""; // perhaps it was the wrong key
    button.disabled = false;
    banner(t("failed", err.message), "bad");
  }
}
