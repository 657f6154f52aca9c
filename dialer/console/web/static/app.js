// What every page does: preferences at once, and words for scripts.

const texts = (await import(`/static/texts-${document.documentElement.lang}.js`)).default;

/** A text of the table; {0}, {1}... are replaced. */
export function t(key, ...args) {
  return (texts[key] ?? key).replace(/\{(\d)\}/g, (_, i) => args[i] ?? "");
}

/** Shows a sentence under the header; no text hides it. Screen readers hear it. */
export function banner(text, kind = "") {
  const b = document.getElementById("banner");
  b.textContent = text ?? "";
  b.className = `banner ${kind}`;
  b.hidden = !text;
}

/** Sends JSON; gives what was answered, or throws the sentence of the problem. */
export async function send(method, path, body) {
  const init = { method, headers: {}, credentials: "same-origin" };
  if (body !== undefined) {
    init.headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  const resp = await fetch(path, init);
  if (resp.status === 401) {
    location.assign("/signin?next=" + encodeURIComponent(location.pathname + location.search));
  }
  const answer = resp.status === 204 ? null : await resp.json().catch(() => null);
  if (!resp.ok) throw new Error(answer?.error ?? resp.statusText);
  return answer;
}

for (const field of document.querySelectorAll("[data-submit]")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}
