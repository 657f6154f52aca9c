// What is written on the desk and the service has not kept yet: it is sent as it
// is typed, again when the connection is back, and as the page is left. Each
// piece belongs to its call, whatever call is shown by then.

import { send } from "./app.js";

const pause = 600; // ms without a key
const again = 3000; // ms after one that did not arrive
const patience = 10000; // ms for an answer: a network that is gone says nothing

export class Keeper {
  /** refused is told which attempt, and why. */
  constructor(refused) {
    this.refused = refused;
    this.left = new Map(); // attempt to {note, answers}
    this.timer = 0;
    this.sent = Promise.resolve();
    addEventListener("pagehide", () => this.leave());
    document.addEventListener("visibilitychange", () => document.hidden && this.flush());
  }

  write(attempt, { note, answers = {} }) {
    const w = this.left.get(attempt) ?? { answers: {} };
    if (note !== undefined) w.note = note;
    Object.assign(w.answers, answers);
    this.left.set(attempt, w);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), pause);
  }

  /** What was typed last of a call's note, undefined if the service has it. */
  note(attempt) { return this.left.get(attempt)?.note; }

  /** The note has gone with something else; what was typed since has not. */
  kept(attempt, note) {
    const w = this.left.get(attempt);
    if (w?.note === note) delete w.note;
  }

  /** Answers go another way: older ones must not come after them. Those that did not arrive are given back. */
  instead(attempt, answers) {
    const w = this.left.get(attempt);
    for (const k of Object.keys(answers)) delete w?.answers[k];
    return () => this.write(attempt, { answers: { ...answers, ...this.left.get(attempt)?.answers } });
  }

  /** Sends what is left, one after the other; what is lost on the way stays. */
  flush() {
    clearTimeout(this.timer);
    return (this.sent = this.sent.then(() => this.all()));
  }

  async all() {
    this.lost = false;
    for (const [attempt, w] of [...this.left]) {
      const { note } = w, answers = { ...w.answers };
      if (note !== undefined && (await this.post("note", { attempt, note })) && w.note === note) delete w.note;
      if (Object.keys(answers).length && (await this.post("script", { attempt, answers }))) {
        for (const [k, v] of Object.entries(answers)) if (w.answers[k] === v) delete w.answers[k];
      }
      if (w.note === undefined && !Object.keys(w.answers).length) this.left.delete(attempt);
    }
    if (!this.lost) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), again);
  }

  async post(what, body) {
    try {
      await send("POST", `/api/desk/${what}`, body, AbortSignal.timeout(patience));
    } catch (e) {
      if (!e.status) return !(this.lost = true); // there is no connection
      this.refused(body.attempt, e.message);
    }
    return true;
  }

  /** The page goes: there is no time to wait for an answer. */
  leave() {
    const last = (what, body) => fetch(`/api/desk/${what}`, { method: "POST", keepalive: true, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }).catch(() => {});
    for (const [attempt, { note, answers }] of this.left) {
      if (note !== undefined) last("note", { attempt, note });
      if (Object.keys(answers).length) last("script", { attempt, answers });
    }
  }
}
