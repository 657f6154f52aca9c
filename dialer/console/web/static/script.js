// The script on the desk: the step, its questions and what must be said. Every
// answer is kept by the service as it is given.

import { t } from "./app.js";

export class Script {
  /**
   * turn asks the service for a turn in a call; type is told answers that are
   * still being typed. A field belongs to the call that it was drawn for: the
   * browser may tell of its last change when another call is shown.
   */
  constructor($, turn, type, complain) {
    this.$ = $;
    this.turn = turn;
    this.type = type;
    this.complain = complain;
    this.drawn = "";
    $("next").addEventListener("click", () => this.go("next"));
    $("back").addEventListener("click", () => this.go("back"));
  }

  begin(attempt) { this.attempt = attempt; this.drawn = ""; }

  current() { return this.script?.steps.find((s) => s.name === this.script.step); }

  async go(where) {
    const forward = where === "next"; // an answer that is none keeps nobody from going back
    if (forward && this.misses()) return;
    await this.turn({ from: this.script.step, go: where, answers: forward ? this.given() : {} }, this.attempt);
    // the step that follows comes with the next event; ask for it at once
    document.dispatchEvent(new Event("apel-refresh"));
  }

  /** Who is only asked about the customer reads along. */
  show(script, answers, reads) {
    const $ = this.$;
    this.script = script;
    $("step").closest("section").hidden = !script;
    if (!script) return;
    const st = this.current();
    const row = JSON.stringify([script.steps.map((s) => s.name), script.trail, script.step, reads]);
    if ($("steps").dataset.row !== row) {
      $("steps").dataset.row = row; // what has the focus stays, while they are the same
      $("steps").replaceChildren(...script.steps.map((s) => {
        const li = document.createElement("li");
        const b = Object.assign(document.createElement("button"), { textContent: s.title, disabled: reads || !script.trail.includes(s.name) });
        if (s === st) b.setAttribute("aria-current", "step");
        b.addEventListener("click", () => this.go(`to:${s.name}`));
        li.append(b);
        return li;
      }));
    }
    $("back").disabled = script.trail.length < 2 && Boolean(st);
    $("next").hidden = reads || !st || st.end;
    $("back").hidden = reads;
    $("own").hidden = reads || !st;
    const drawing = JSON.stringify([this.attempt, script.step, st?.own_html, reads]);
    if (drawing === this.drawn) return; // what is being typed stays
    this.drawn = drawing;
    this.draw(st, answers);
    for (const e of $("step").querySelectorAll("input, select, textarea, button")) e.disabled = reads;
    $("objections").replaceChildren(...script.objections.map((o) => {
      const d = document.createElement("details");
      d.append(Object.assign(document.createElement("summary"), { textContent: o.said }), html(o.html));
      return d;
    }));
  }

  /** Marks what is still to be said or answered, and says it in the words of the step. */
  misses() {
    const st = this.current(), given = this.given(), step = this.$("step");
    const missing = [...step.querySelectorAll("[data-needed]")].filter((e) => {
      const wrong = !given[e.dataset.needed];
      mark(e, wrong);
      return wrong;
    });
    if (!st || !missing.length) return false;
    missing[0].querySelector("input, textarea").focus();
    this.complain(t("error.script-missing", missing.map((e) => e.dataset.words).join(" · ")));
    return true;
  }

  draw(st, answers) {
    const box = this.$("step");
    if (!st) {
      box.textContent = t("desk.script.end");
      return;
    }
    const words = html(st.own_html || st.html);
    if (st.own_html) words.className = "mine";
    box.replaceChildren(words, ...(st.say ?? []).map((s) => this.sentence(s, answers)), ...(st.questions ?? []).map((q) => this.question(q, answers[q.name] ?? "")));
  }

  sentence(s, answers) {
    const of = this.attempt;
    const label = document.createElement("label");
    label.className = "say choice";
    const tick = Object.assign(document.createElement("input"), { type: "checkbox", name: s.key, checked: Boolean(answers[s.key]) });
    tick.addEventListener("change", () => {
      mark(label, false);
      this.turn({ answers: { [s.key]: tick.checked ? "yes" : "" } }, of);
    });
    label.append(tick, html(s.html));
    needs(label, s.key, s.html);
    return label;
  }

  question(q, answer) {
    const of = this.attempt;
    const set = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.append(html(q.html));
    if (q.required) {
      legend.append(` (${t("desk.required")})`);
      needs(set, q.name, q.html);
    }
    set.append(legend, ...this.inputs(q, answer));
    set.addEventListener("change", async () => {
      const ticked = set.querySelectorAll("input:checked").length;
      if (q.kind === "many" && ticked > 0 && ticked < q.min) return; // the others are still to come
      mark(set, (await this.turn({ answers: { [q.name]: this.valueOf(set, q) } }, of)) === null);
    });
    if (["text", "open"].includes(q.kind)) set.addEventListener("input", () => this.type({ [q.name]: this.valueOf(set, q) }, of));
    set.dataset.question = q.name;
    return set;
  }

  inputs(q, answer) {
    const choice = (type, value, on) => {
      const label = Object.assign(document.createElement("label"), { className: "choice" });
      label.append(Object.assign(document.createElement("input"), { type, name: `q-${q.name}`, value, checked: on }), value);
      return label;
    };
    switch (q.kind) {
      case "one": return q.of.map((o) => choice("radio", o, o === answer));
      case "many": return q.of.map((o) => choice("checkbox", o, answer.split(" | ").includes(o)));
      case "scale": {
        const row = Object.assign(document.createElement("div"), { className: "scale" });
        for (let v = q.min; v <= q.max; v++) row.append(choice("radio", String(v), String(v) === answer));
        return [row];
      }
      case "open": return [named(document.createElement("textarea"), q, answer)];
      default: {
        const input = named(document.createElement("input"), q, answer);
        if (q.kind === "date") input.type = "date";
        if (q.kind === "number") input.inputMode = "decimal";
        return [input];
      }
    }
  }

  valueOf(set, q) {
    const all = [...set.querySelectorAll("input, textarea")];
    if (["one", "many", "scale"].includes(q.kind)) return all.filter((i) => i.checked).map((i) => i.value).join(" | ");
    return all[0].value;
  }

  /** What stands in the fields of the step, for those whose change is still on its way. */
  given() {
    const given = {};
    for (const tick of this.$("step").querySelectorAll(".say input")) given[tick.name] = tick.checked ? "yes" : "";
    for (const set of this.$("step").querySelectorAll("[data-question]")) {
      const q = this.current().questions.find((x) => x.name === set.dataset.question);
      given[q.name] = this.valueOf(set, q);
    }
    return given;
  }
}

function named(field, q, answer) {
  field.value = answer;
  field.setAttribute("aria-label", html(q.html).textContent.trim());
  return field;
}

function needs(box, name, words) {
  box.dataset.needed = name;
  box.dataset.words = html(words).textContent.trim();
}

/** Shows that an answer is missing, or is none. */
function mark(box, wrong) {
  box.classList.toggle("wrong", wrong);
  for (const field of box.querySelectorAll("input, textarea")) {
    if (wrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
}

// The service makes this HTML, from its own tags only.
function html(source) {
  const div = document.createElement("div");
  div.innerHTML = source;
  return div;
}
