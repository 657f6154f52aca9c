// The page of compliance: chains are walked when asked for, a person's data go
// out as a file, a number is looked up on the do-not-call lists.

import { t, banner, send, sentence } from "./app.js";

for (const button of document.querySelectorAll("button[data-verify]")) {
  const out = button.parentElement.querySelector("output");
  button.addEventListener("click", async () => {
    button.disabled = true;
    out.textContent = t("comp.verifying");
    try {
      const v = await send("GET", button.dataset.verify);
      out.textContent = v.ok ? t("comp.whole", v.records) + (v.anchors === undefined ? "" : " " + t("comp.fit", v.anchors)) : t("comp.broken", v.bad_at, v.problem);
      out.className = v.ok ? "good" : "bad";
    } catch (err) {
      out.textContent = t("failed", err.message);
    }
    button.disabled = false;
  });
}

// The filter of the search is that of the exports.
const search = document.querySelector('form[action="/records"]');
for (const link of document.querySelectorAll("a[data-format]")) {
  link.addEventListener("click", () => {
    const query = new URLSearchParams({ format: link.dataset.format });
    for (const [name, days] of [["from", 0], ["to", 1]]) {
      const day = search.elements[name].value;
      if (!day) continue;
      const at = new Date(day + "T00:00:00");
      at.setDate(at.getDate() + days);
      query.set(name, at.toISOString());
    }
    for (const name of ["campaign", "phone"]) if (search.elements[name].value) query.set(name, search.elements[name].value);
    link.href = "/api/records/export?" + query;
  });
}

const person = document.querySelector("form[data-person]");
const path = () => "/api/contacts/" + encodeURIComponent(person.elements.phone.value.trim());
person.addEventListener("submit", (e) => {
  e.preventDefault();
  location.assign("/contacts?q=" + encodeURIComponent(person.elements.phone.value.trim()));
});
// Nobody is forgotten before a number is written, which the browser may have done.
person.querySelector("[data-erase]").addEventListener("click", (e) => {
  if (!person.reportValidity()) return e.stopPropagation();
  e.currentTarget.dataset.path = path();
});
person.querySelector("[data-export]").addEventListener("click", async () => {
  if (!person.reportValidity()) return;
  try {
    const resp = await fetch(path() + "/export");
    if (!resp.ok) throw new Error(sentence(await resp.json()));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await resp.blob());
    link.download = "person.zip";
    link.click();
    banner("");
  } catch (err) {
    banner(t("failed", err.message), "bad");
  }
});

const check = document.querySelector("form[data-check]");
check.addEventListener("submit", async (e) => {
  e.preventDefault();
  const out = check.querySelector("output");
  try {
    const c = await send("GET", "/api/dnc/" + encodeURIComponent(check.elements.phone.value.trim()));
    out.textContent = c.suppressed ? t("comp.listed", c.entry.list || "own", c.entry.reason || "–") : c.entries?.length ? t("comp.listed.part", c.entries[0].list || "own") : t("comp.unlisted");
    out.className = c.suppressed ? "bad" : "good";
  } catch (err) {
    out.textContent = t("failed", err.message);
  }
});
