// Files of the agent's chats: where they are, what may be sent, and what is on its way.
import { storedToken } from "../lib/account.js";
import { api } from "../lib/api.js";
import { language, t, tCode } from "../lib/i18n.js";
import { nodes } from "../lib/nodes.js";
import { useEffect, useRef, useState } from "../lib/ui.js";
import { sizeText } from "../lib/upload.js";
import { Uploads } from "../lib/uploads.js";

const NONE = { types: [], max_bytes: 0, per_chat: 0 };

const folder = (interaction) => nodes.url(`/api/v1/interactions/${encodeURIComponent(interaction)}/files`);

export const sourceOf = (interaction, { id }) => ({ url: `${folder(interaction)}/${encodeURIComponent(id)}`, token: storedToken() });

/** The uploads of one chat; they go with it. */
export function useUploads({ reservation_id, assignment }) {
  const [list, setList] = useState([]);
  const [limits, setLimits] = useState(NONE);
  const held = useRef(null);
  const current = useRef(NONE);
  current.current = limits;
  held.current ??= new Uploads({
    address: (client_id, name) => `${folder(assignment.interaction_id)}?${new URLSearchParams({ reservation_id, client_id, name })}`,
    token: storedToken,
    limits: () => current.current,
    onChange: setList,
  });
  useEffect(() => {
    api("chat-files/limits").then(setLimits, (error) => console.info("no files", error));
    return () => held.current.dropAll();
  }, []);
  return { uploads: held.current, list, limits };
}

/** The texts of files. */
export function fileWords(limits) {
  return {
    list: t("file.list"),
    gone: t("file.gone"),
    save: (name) => t("file.save", { name }),
    size: (bytes) => sizeText(bytes, language()),
    progress: (name) => t("file.progress", { name }),
    problem: (code) => (code === "file_too_big" && limits ? t("file.too_big", { most: sizeText(limits.max_bytes, language()) }) : tCode("refused", code, t("chat.not_sent"))),
    again: t("banner.try_again"),
    discard: t("chat.discard"),
    cancel: t("file.cancel"),
  };
}
