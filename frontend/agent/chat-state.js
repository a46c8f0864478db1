// What a chat's messages change in the page's state. Pure. A chat is the part `chat` of a work's assignment.

const EMPTY = { lines: [], delivered: 0, read: 0, own_read: 0, typing: false, locale: "" };

/** The chat of a card, with what the page had of it before: a card that is redrawn never takes a line away. */
export function mergedChat(known, card) {
  const before = known ?? EMPTY;
  if (!card) return before;
  const chat = { ...EMPTY, ...card };
  return {
    ...chat,
    lines: (card.lines ?? []).reduce(withLine, before.lines),
    delivered: Math.max(before.delivered, chat.delivered),
    read: Math.max(before.read, chat.read),
    own_read: Math.max(before.own_read, chat.own_read),
  };
}

export function chatChange(chat, message) {
  switch (message.type) {
    case "chat_message": {
      const { number, author, name, text, at_us, client_id, file } = message;
      const typing = author === "customer" ? false : chat.typing;
      return { ...chat, typing, lines: withLine(chat.lines, { number, author, name, text, at_us, client_id, file }) };
    }
    case "chat_typing":
      return { ...chat, typing: message.on };
    case "chat_receipt":
      return { ...chat, delivered: Math.max(chat.delivered, message.delivered), read: Math.max(chat.read, message.read) };
    case "chat_listeners":
      return { ...chat, listeners: message.listeners ?? [] };
    case "chat_whispered":
      return { ...chat, whispers: [...(chat.whispers ?? []), message.whisper] };
    case "local/chat_read":
      return { ...chat, own_read: Math.max(chat.own_read, message.number) };
    default:
      return chat;
  }
}

/** Each number once, in order: what comes again after a lost connection changes nothing. */
function withLine(lines, line) {
  if (lines.some(({ number }) => number === line.number)) return lines;
  const at = lines.findLastIndex(({ number }) => number < line.number) + 1;
  return [...lines.slice(0, at), line, ...lines.slice(at)];
}

/** What the agent said and the server has not shown yet. */
export function unsent(outbox, lines) {
  const there = new Set(lines.map(({ client_id }) => client_id).filter(Boolean));
  return outbox.some(({ client_id }) => there.has(client_id)) ? outbox.filter(({ client_id }) => !there.has(client_id)) : outbox;
}

/** How many messages of the customer were not on the agent's screen. */
export function unread({ assignment }) {
  const chat = assignment?.chat;
  if (!chat) return 0;
  return chat.lines.filter(({ author, number }) => author === "customer" && number > chat.own_read).length;
}

/** Since when the customer waits for an answer, in microseconds; null when the agent spoke last. */
export function unansweredSince({ assignment }) {
  const lines = assignment?.chat?.lines.filter(({ author }) => author !== "system") ?? [];
  const answered = lines.findLastIndex(({ author }) => author === "agent");
  return lines[answered + 1]?.at_us ?? null;
}

export const isChat = (work) => work.assignment?.medium === "chat";
