// A conversation is a tree of messages: an edit or a second answer is a new
// branch, and nothing is lost. `messages` lists parents before children;
// `chosen` says which child of a message is shown (the newest without it). The
// parent of a first message is ROOT. Conversations are values: every change
// makes a new one and shares what did not change.
export const ROOT = '';

export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return Array.from(bytes, (b) => b.toString(36).padStart(2, '0')).join('');
}

export function children(conversation, parent) {
  return conversation.messages.filter((m) => m.parent === parent);
}

// path returns the messages shown, first to last.
export function path(conversation) {
  const byParent = Map.groupBy ? Map.groupBy(conversation.messages, (m) => m.parent) : group(conversation.messages);
  const shown = [];
  let at = ROOT;
  for (;;) {
    const next = byParent.get(at);
    if (!next) return shown;
    const one = next.find((m) => m.id === conversation.chosen[at]) ?? next[next.length - 1];
    shown.push(one);
    at = one.id;
  }
}

function group(messages) {
  const byParent = new Map();
  for (const m of messages) {
    if (!byParent.has(m.parent)) byParent.set(m.parent, []);
    byParent.get(m.parent).push(m);
  }
  return byParent;
}

// line returns the messages from the first to the one with this id.
export function line(conversation, id) {
  const byId = new Map(conversation.messages.map((m) => [m.id, m]));
  const up = [];
  for (let m = byId.get(id); m; m = byId.get(m.parent)) up.push(m);
  return up.reverse();
}

export function add(conversation, message) {
  return {
    ...conversation,
    messages: [...conversation.messages, message],
    chosen: { ...conversation.chosen, [message.parent]: message.id },
  };
}

export function patch(conversation, id, fields) {
  return { ...conversation, messages: conversation.messages.map((m) => (m.id === id ? { ...m, ...fields } : m)) };
}

// removeLeaf drops a message that has no children.
export function removeLeaf(conversation, id) {
  if (children(conversation, id).length > 0) return conversation;
  const chosen = Object.fromEntries(Object.entries(conversation.chosen).filter(([, to]) => to !== id));
  return { ...conversation, chosen, messages: conversation.messages.filter((m) => m.id !== id) };
}

export function choose(conversation, message) {
  return { ...conversation, chosen: { ...conversation.chosen, [message.parent]: message.id } };
}

// titleOf makes a title of the first message.
export function titleOf(text) {
  const words = text.trimStart().slice(0, 1000).replace(/\s+/g, ' ').trim();
  const all = Array.from(words);
  return all.length > 60 ? all.slice(0, 59).join('').trimEnd() + '…' : words;
}
