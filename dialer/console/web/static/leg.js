// What every leg by WebRTC needs: its addresses, and the way back from a lost
// network. Knows nothing of who speaks.

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** The addresses of this machine are found at once; one that takes long is done without. */
export async function gathered(pc) {
  if (pc.iceGatheringState === "complete") return;
  await Promise.race([
    pause(500),
    new Promise((done) => pc.addEventListener("icegatheringstatechange", () => pc.iceGatheringState === "complete" && done())),
  ]);
}

/**
 * Comes back from a lost network: new ICE credentials for the same leg, again
 * and again while it is wanted. ask gives the answer to an offer; false if it
 * was told (409) that the leg is no more.
 */
export async function recover(pc, wanted, ask) {
  while (wanted() && pc.connectionState !== "connected") {
    try {
      pc.restartIce();
      await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
      await gathered(pc);
      await pc.setRemoteDescription({ type: "answer", sdp: await ask(pc.localDescription.sdp) });
    } catch (e) {
      if (e.status === 409) return false;
    }
    await pause(2000);
  }
  return true;
}
