// Where the site runs, when that is more than one process: each shard with who decides there, and this shard's nodes.
import { Ticking } from "../../lib/controls.js";
import { t } from "../../lib/i18n.js";
import { html, useEffect, useState } from "../../lib/ui.js";

const EVERY_MS = 5000;
const ALONE_MS = 60000; // a site of one node: whether it still is

/** Nothing while there is one node of one shard. */
export function Shards({ office, online }) {
  const [found, setFound] = useState({ shards: [], nodes: [] });
  const [old, setOld] = useState(false); // what is shown is what was known before
  const several = found.shards.length > 1 || found.nodes.length > 1;
  useEffect(() => {
    if (!online) return undefined;
    let gone = false;
    let timer = null;
    const look = async () => {
      let next = several;
      try {
        const now = await office.shards();
        if (gone) return;
        next = now.shards.length > 1 || now.nodes.length > 1;
        setFound(now);
        setOld(false);
      } catch {
        if (gone) return;
        setOld(true); // the lines above say why: the store, or the connection
      }
      timer = setTimeout(look, next ? EVERY_MS : ALONE_MS);
    };
    look();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [online]);
  if (!several) return null;
  return html`
    <section class="card sheet whole shards" aria-labelledby="shards-heading">
      <h2><span id="shards-heading">${t(found.shards.length > 1 ? "shards.heading" : "shards.nodes")}</span>${(old || !online) && html` <span class="tag warn" role="status">${t("shards.old")}</span>`}</h2>
      ${found.shards.length > 1 && html`<${Table} rows=${found.shards} />`}
      ${found.shards.length > 1 && found.nodes.length > 1 && html`<h3 id="nodes-heading">${t("shards.nodes_of", { shard: found.shards[0].shard })}</h3>`}
      ${found.nodes.length > 1 && html`<${Nodes} nodes=${found.nodes} epoch=${found.shards[0]?.epoch} />`}
    </section>
  `;
}

const HERE = () => html` <span class="tag">${t("shards.here")}</span>`;

function Table({ rows }) {
  return html`
    <div class="scroll" tabindex="0" role="group" aria-labelledby="shards-heading">
      <table>
        <thead><tr><th scope="col">${t("shards.shard")}</th><th scope="col">${t("shards.state")}</th><th scope="col">${t("shards.owner")}</th><th scope="col" class="number">${t("queues.waiting")}</th><th scope="col" class="number">${t("queues.oldest")}</th><th scope="col" class="number">${t("shards.ready")}</th><th scope="col" class="number">${t("shards.signed_in")}</th><th scope="col">${t("shards.page")}</th></tr></thead>
        <tbody>${rows.map((one) => html`<${Shard} key=${one.shard} one=${one} />`)}</tbody>
      </table>
    </div>
  `;
}

function Shard({ one: { shard, here, reached, owner, epoch, pages, sums, nowhere } }) {
  const figure = (value) => (reached ? value : "–"); // nobody says so now
  return html`
    <tr data-shard=${shard}>
      <th scope="row"><bdi>${shard}</bdi>${here && html`<${HERE} />`}</th>
      <td><div class="tags">
        <${Health} reached=${reached} owner=${owner} trouble=${sums.trouble} />
        ${nowhere.map(({ queue, reason }) => html` <span class="tag bad" key=${queue} title=${reason}>${t("shards.nowhere", { queue })}</span>`)}</div></td>
      <td>${owner ? html`<bdi>${owner}</bdi> <span class="quiet-text">${t("shards.epoch", { epoch })}</span>` : "–"}</td>
      <td class="number figures">${figure(sums.waiting)}</td>
      <td class="number">${sums.oldest_queued_at ? html`<${Ticking} since=${sums.oldest_queued_at / 1000} />` : "–"}</td>
      <td class="number figures">${figure(sums.ready)}</td>
      <td class="number figures">${figure(sums.signed_in)}</td>
      <td>${!here && pages.length > 0 ? html`<a href=${new URL("/supervisor/", pages[0]).href} target="_blank" rel="noopener noreferrer" aria-label=${t("shards.open_of", { shard })}>${t("shards.open")}</a>` : "–"}</td>
    </tr>
  `;
}

/** In a word: what is worst of it. */
function Health({ reached, owner, trouble }) {
  const word = trouble ? "pauses" : owner ? (reached ? "works" : "not_reached") : "no_owner";
  return html`<span class=${`tag ${word === "works" ? "good" : "bad"}`} title=${trouble || undefined}>${t(`shards.${word}`)}</span>`;
}

function Nodes({ nodes, epoch }) {
  return html`
    <div class="scroll" tabindex="0" role="group" aria-label=${t("shards.nodes")}>
      <table>
        <thead><tr><th scope="col">${t("shards.node")}</th><th scope="col">${t("shards.state")}</th><th scope="col">${t("shards.role")}</th><th scope="col" class="number">${t("shards.calls")}</th><th scope="col" class="number">${t("shards.chats")}</th><th scope="col" class="number">${t("shards.pages")}</th></tr></thead>
        <tbody>${nodes.map((node) => html`<${Node} key=${node.label} node=${node} epoch=${epoch} />`)}</tbody>
      </table>
    </div>
  `;
}

const LOOKS = { up: "good", draining: "warn", unreachable: "bad" };

function Node({ node: { label, here, state, role, calls, chats, agents }, epoch }) {
  const figure = (value) => (state === "unreachable" ? "–" : value);
  return html`
    <tr data-node=${label}>
      <th scope="row"><bdi>${label}</bdi>${here && html`<${HERE} />`}</th>
      <td><span class=${`tag ${LOOKS[state] ?? ""}`}>${t(`shards.node_${state}`)}</span></td>
      <td>${t(`shards.role_${role}`)}${role === "owner" && html` <span class="quiet-text">${t("shards.epoch", { epoch })}</span>`}</td>
      <td class="number figures">${figure(calls)}</td>
      <td class="number figures">${figure(chats)}</td>
      <td class="number figures">${figure(agents)}</td>
    </tr>
  `;
}
