// Dragging agents and waiting items. What a drop does, buttons do as well: nothing needs a mouse.
import { inOrderOfNames, label, t } from "../../lib/i18n.js";
import { html } from "../../lib/ui.js";
import { titleOf } from "./queues.js";

/** `drag` is {now, begin(what), end()}; `what` is {agents: [id]} or {work: [item]}. */
export const dragAgents = (agent_id, drag) => dragging(drag, () => ({ agents: drag.agentsWith(agent_id) }));
export const dragWork = (item, drag) => dragging(drag, () => ({ work: drag.workWith(item) }));

function dragging(drag, what) {
  return {
    onDragStart: (event) => {
      event.stopPropagation();
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", "jackfield");
      drag.begin(what());
    },
    onDragEnd: () => drag.end(),
  };
}

/** What takes a drop, when `takes` says that it is one for it. */
export function droppable(drag, takes, drop) {
  const fits = () => drag.current() && takes(drag.current());
  const lit = (event, on) => event.currentTarget.classList.toggle("lit", on);
  return {
    onDragOver: (event) => fits() && (event.preventDefault(), lit(event, true)),
    onDragLeave: (event) => lit(event, false),
    onDrop: (event) => {
      if (!fits()) return;
      event.preventDefault();
      lit(event, false);
      drop(drag.current());
      drag.end();
    },
  };
}

/** While something is dragged: everywhere that it can be dropped, whatever the page shows. */
export function DropBar({ what, state, ask, drag }) {
  const queues = [...state.queues.values()].sort((a, b) => inOrderOfNames(titleOf(a), titleOf(b)));
  const teams = what.agents ? [...new Set([...state.agents.values()].map(({ team }) => team))].sort() : [];
  const fits = (queue) => what.agents || what.work.every(({ medium }) => medium === queue.medium);
  return html`
    <div class="drop-bar" aria-hidden="true">
      <p class="quiet-text">${t("drag.hint")}</p>
      <div class="drops">
        ${queues.filter(fits).map((queue) => html`<span key=${queue.queue} class="drop" data-drop=${`queue:${queue.queue}`} ...${droppable(drag, () => true, (it) => dropped(it, { queue: queue.queue }, ask))}>${titleOf(queue)}</span>`)}
        ${teams.map((team) => html`<span key=${team} class="drop team" data-drop=${`team:${team}`} ...${droppable(drag, () => true, (it) => dropped(it, { team }, ask))}>${label(state.teams[team]) || team}</span>`)}
      </div>
    </div>
  `;
}

/** The question that a drop asks. */
export function dropped({ agents, work }, target, ask) {
  if (agents) ask({ kind: "assign", agents, target });
  else if (target.queue) ask({ kind: "move", items: work, queue: target.queue });
}
