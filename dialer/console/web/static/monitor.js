// A supervisor's ear: follows an operator's calls by a WebRTC leg. The microphone
// is opened only to be heard; who listens sends silence.

import { t, send, banner } from "./app.js";
import { gathered, recover } from "./leg.js";

const panel = document.getElementById("monitor");
const audio = document.getElementById("phone");
let now = null; // what is followed: operator, supervisor, mode, pc, sender, silence, mic

let last = Promise.resolve(); // what was clicked is done one after the other: of two operators the later is followed

document.addEventListener("click", (e) => {
  const operator = e.target.closest("button[data-monitor]")?.dataset.monitor;
  const mode = e.target.closest("#monitor button[data-mode]")?.dataset.mode;
  const wanted = operator ? () => begin(operator) : mode ? () => change(mode) : e.target.closest("#monitorstop") ? end : null;
  if (wanted) last = last.then(wanted).catch((err) => banner(t("failed", err.message), "bad"));
});

async function begin(operator) {
  await end();
  const context = new AudioContext();
  const out = context.createMediaStreamDestination(), quiet = new ConstantSourceNode(context, { offset: 0 });
  quiet.connect(out); // what has no source sends nothing at all
  quiet.start();
  const silence = out.stream.getAudioTracks()[0];
  const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  const transceiver = pc.addTransceiver(silence, { direction: "sendrecv" });
  transceiver.setCodecPreferences?.(RTCRtpSender.getCapabilities("audio").codecs.filter((c) => /pcm[au]/i.test(c.mimeType)));
  pc.addEventListener("track", (e) => {
    audio.srcObject = new MediaStream([e.track]);
    audio.play().catch(() => {});
  });
  pc.addEventListener("connectionstatechange", () => restart(pc));
  now = { operator, context, silence, pc, sender: transceiver.sender, mode: "listen" };
  try {
    await pc.setLocalDescription();
    await gathered(pc);
    const started = await send("POST", path(), { mode: "listen", offer: pc.localDescription.sdp });
    now.supervisor = started.supervisor;
    await pc.setRemoteDescription({ type: "answer", sdp: started.answer });
  } catch (err) {
    close();
    throw err;
  }
  now.timer = setInterval(look, 1000);
  show("");
  panel.scrollIntoView({ block: "nearest" });
  panel.querySelector("[data-mode]").focus();
}

/** Comes back when the network was lost. That it has ended, look finds out. */
async function restart(pc) {
  if (now?.pc !== pc || now.restarting || !["disconnected", "failed"].includes(pc.connectionState)) return;
  now.restarting = true;
  await recover(pc, () => now?.pc === pc, async (offer) => (await send("PATCH", path(), { offer })).answer);
  if (now?.pc === pc) now.restarting = false;
}

const path = () => `/api/operators/${encodeURIComponent(now.operator)}/monitor`;

/** Whispers or barges in with the microphone, or listens without it. */
async function change(mode) {
  if (!now || mode === now.mode) return;
  if (mode !== "listen" && !now.mic) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } })
      .catch(() => { throw new Error(t("monitor.mic")); });
    now.mic = stream.getAudioTracks()[0];
  }
  await send("PATCH", path(), { mode });
  now.mode = mode;
  await now.sender.replaceTrack(mode === "listen" ? now.silence : now.mic);
  if (mode === "listen") drop();
  look();
}

function drop() {
  now.mic?.stop();
  now.mic = null;
}

async function look() {
  const asked = now;
  const all = await send("GET", "/api/monitors").catch(() => null);
  if (!now || now !== asked || !all) return;
  const mine = all.find((m) => m.operator === now.operator && m.supervisor === now.supervisor);
  if (!mine) {
    close();
    banner(t("monitor.ended"));
    return;
  }
  show(mine.attempt ?? "");
}

function show(attempt) {
  panel.hidden = false;
  document.getElementById("monitortitle").textContent = t("monitor.title", now.operator);
  for (const b of panel.querySelectorAll("[data-mode]")) b.setAttribute("aria-pressed", String(b.dataset.mode === now.mode));
  const text = attempt ? t(`monitor.hears.${now.mode}`) : t("monitor.waiting");
  const out = document.getElementById("monitorstate");
  if (out.textContent !== text) out.textContent = text; // what is the same is not read out again
}

function close() {
  if (!now) return;
  clearInterval(now.timer);
  drop();
  now.pc.close();
  now.context.close();
  now = null;
  panel.hidden = true;
}

async function end() {
  if (!now) return;
  const where = path();
  close();
  await send("DELETE", where).catch(() => {}); // it has ended already
}

addEventListener("pagehide", () => {
  if (now) fetch(path(), { method: "DELETE", keepalive: true });
});
