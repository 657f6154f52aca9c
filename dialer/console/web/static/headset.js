// An operator's sound: microphone, WebRTC leg, and its recovery. Knows nothing
// of calls.

import { sentence, t } from "./app.js";
import { gathered, recover } from "./leg.js";

/** The window's name: a reload keeps it, another window has another. */
export const tab = await ownName();

/** A window that was duplicated has the name of the first, which holds it as long as it is open. */
async function ownName() {
  const kept = sessionStorage.apelTab;
  if (kept && (await holds(kept))) return kept;
  sessionStorage.apelTab = crypto.randomUUID();
  await holds(sessionStorage.apelTab);
  return sessionStorage.apelTab;
}

/** The page before a reload gives its name up in a moment. */
function holds(name) {
  if (!navigator.locks) return true;
  return new Promise((done) => {
    navigator.locks.request(`apel-desk-${name}`, { signal: AbortSignal.timeout(2000) }, () => {
      done(true);
      return new Promise(() => {}); // until the page is left
    }).catch(() => done(false));
  });
}

const constraints = (id) => ({
  audio: { deviceId: id ? { exact: id } : undefined, echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
});

export class Headset extends EventTarget {
  constructor(audio) {
    super();
    this.audio = audio;
    this.pc = null;
    this.track = null;
    this.restarting = null; // the connection that is coming back
  }

  /** Opens a microphone and measures it; in a call the track is replaced, nothing is dropped. */
  async open(id) {
    const stream = await navigator.mediaDevices.getUserMedia(constraints(id));
    const track = stream.getAudioTracks()[0];
    const old = this.track;
    this.track = track;
    track.addEventListener("ended", () => { if (this.track === track) this.dispatchEvent(new Event("lost")); });
    await this.sender?.replaceTrack(track);
    old?.stop();
    this.measure(stream);
    localStorage.apelMic = track.getSettings().deviceId ?? "";
    return track;
  }

  /** The loudness of the microphone in dBFS, for the meter before connecting. */
  measure(stream) {
    this.context ??= new AudioContext();
    this.source?.disconnect();
    this.source = this.context.createMediaStreamSource(stream);
    const analyser = this.context.createAnalyser();
    analyser.fftSize = 1024;
    this.source.connect(analyser);
    const data = new Float32Array(analyser.fftSize);
    this.level = () => {
      if (this.context.state === "suspended") this.context.resume(); // as before the first click
      analyser.getFloatTimeDomainData(data);
      const power = data.reduce((sum, v) => sum + v * v, 0) / data.length;
      return power > 0 ? 10 * Math.log10(power) + 3 : -127;
    };
  }

  /** Where to hear: kept, and used if the browser can. */
  async hearOn(id) {
    localStorage.apelSpeaker = id;
    await this.audio.setSinkId?.(id);
  }

  /** Some browsers let nothing be heard before the first click or key. */
  play() {
    this.audio.play().catch(() => {
      this.dispatchEvent(new Event("muted"));
      for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => this.audio.play().catch(() => {}), { once: true });
    });
  }

  /** Makes the leg. Takes over from another window if asked to. */
  async connect(takeOver = false) {
    this.close();
    const pc = (this.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" }));
    const transceiver = pc.addTransceiver(this.track, { direction: "sendrecv" });
    const codecs = RTCRtpSender.getCapabilities("audio").codecs.filter((c) => /pcm[au]/i.test(c.mimeType));
    transceiver.setCodecPreferences?.(codecs);
    this.sender = transceiver.sender;
    pc.addEventListener("track", (e) => {
      this.audio.srcObject = new MediaStream([e.track]);
      this.play();
    });
    pc.addEventListener("connectionstatechange", () => {
      if (this.pc !== pc) return;
      this.dispatchEvent(new Event("state"));
      if (["disconnected", "failed"].includes(pc.connectionState)) this.restart();
    });
    await pc.setLocalDescription();
    await gathered(pc);
    const query = `tab=${tab}${takeOver ? "&takeover=1" : ""}`;
    const answer = await exchange("POST", `/api/desk/leg?${query}`, pc.localDescription.sdp);
    await pc.setRemoteDescription({ type: "answer", sdp: answer });
  }

  /** Comes back from a lost network: new ICE credentials for the same leg. */
  async restart() {
    const pc = this.pc;
    if (!pc || this.restarting === pc) return;
    this.restarting = pc;
    const wanted = () => this.pc === pc;
    const back = await recover(pc, wanted, (offer) => exchange("PATCH", `/api/desk/leg/${tab}`, offer));
    if (this.restarting === pc) this.restarting = null;
    if (!back && wanted()) this.dispatchEvent(new Event("gone")); // the service has given the leg up, or another window has it
  }

  close() {
    this.pc?.close();
    this.pc = null;
  }
}

async function exchange(method, path, sdp) {
  const resp = await fetch(path, { method, headers: { "Content-Type": "application/sdp" }, body: sdp, signal: AbortSignal.timeout(5000) }).catch(() => { throw new Error(t("offline")); });
  const body = await resp.text();
  if (resp.ok) return body;
  let said = resp.statusText;
  try { said = sentence(JSON.parse(body)); } catch { /* no JSON: the status says it */ }
  throw Object.assign(new Error(said), { status: resp.status });
}
