// To whom a call or a chat can be handed on, asked for again and again while somebody chooses.
import { api } from "../lib/api.js";
import { label } from "../lib/i18n.js";
import { useEffect, useState } from "../lib/ui.js";

const AGAIN_MS = 2000;
const ORDER = ["free", "busy", "not_ready", "offline"];

let titles = {};

/** {agents, queues} with free agents first; null before the first answer. `failed` when the last one did not come. */
export function useTargets(medium) {
  const [found, setFound] = useState({ targets: null, failed: false });
  useEffect(() => {
    let open = true;
    const load = async () => {
      try {
        const targets = sorted(await api(medium === "voice" ? "transfer-targets" : `transfer-targets?medium=${medium}`));
        if (open) setFound({ targets, failed: false });
      } catch (error) {
        console.info("no transfer targets", error);
        if (open) setFound((before) => ({ ...before, failed: true }));
      }
    };
    load();
    const again = setInterval(load, AGAIN_MS);
    return () => {
      open = false;
      clearInterval(again);
    };
  }, []);
  return found;
}

function sorted({ agents, queues }) {
  titles = Object.fromEntries(queues.map((one) => [one.queue, one]));
  const rank = ({ availability }) => ORDER.indexOf(availability);
  return { queues, agents: [...agents].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name)) };
}

/** What people call the queue, if it was ever offered here; else the name that the server uses. */
export const queueTitle = (queue) => label(titles[queue]?.titles) || titles[queue]?.title || queue;
