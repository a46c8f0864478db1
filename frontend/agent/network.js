// How good the line to the server is, from what the browser measures: round trip, jitter and loss of the last seconds.
export const LIMITS = { round_trip_ms: 400, jitter_ms: 30, loss_percent: 3 };

/** From two readings of RTCPeerConnection.getStats(); null where the browser has measured nothing yet. */
export function quality(before, now) {
  if (!now) return null;
  const received = now.received - (before?.received ?? 0);
  const lost = Math.max(0, now.lost - (before?.lost ?? 0));
  const figures = {
    round_trip_ms: now.roundTripMs,
    jitter_ms: now.jitterMs,
    loss_percent: received + lost > 0 ? (100 * lost) / (received + lost) : 0,
  };
  const poor = Object.keys(LIMITS).filter((name) => figures[name] > LIMITS[name]);
  return { ...figures, poor };
}

/** The figures that count, out of a whole report. */
export function reading(report) {
  const stats = [...report.values()];
  const inbound = stats.find(({ type, kind }) => type === "inbound-rtp" && kind === "audio");
  const pair = stats.find(({ type, nominated, state }) => type === "candidate-pair" && nominated && state === "succeeded");
  const far = stats.find(({ type, kind }) => type === "remote-inbound-rtp" && kind === "audio");
  if (!inbound && !pair) return null;
  return {
    roundTripMs: 1000 * (far?.roundTripTime ?? pair?.currentRoundTripTime ?? 0),
    // What the server sees of us counts as much as what we see of it.
    jitterMs: 1000 * Math.max(inbound?.jitter ?? 0, far?.jitter ?? 0),
    received: inbound?.packetsReceived ?? 0,
    lost: Math.max(0, inbound?.packetsLost ?? 0),
  };
}
