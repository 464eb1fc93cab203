// Conversations in the browser's IndexedDB: one record each, and beside it a
// summary {id, title, updated, text}, small enough to hold all of them for the
// list and the search.
const name = 'polymath-chat';
const longest = 20_000; // characters of a summary's text

let opening;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('conversations', { keyPath: 'id' });
      request.result.createObjectStore('summaries', { keyPath: 'id' });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opening;
}

async function run(mode, stores, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(stores, mode);
    const request = work(...stores.map((s) => transaction.objectStore(s)));
    if (mode === 'readwrite') transaction.commit(); // or a reload right now would undo it
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error('the browser refused to save'));
  });
}

export function summary(conversation) {
  const text = conversation.messages.map((m) => m.text).join('\n');
  const { id, title, updated } = conversation;
  return { id, title, updated, text: text.slice(0, longest).toLowerCase() };
}

export const summaries = () => run('readonly', ['summaries'], (s) => s.getAll());
export const load = (id) => run('readonly', ['conversations'], (c) => c.get(id));
export const loadAll = () => run('readonly', ['conversations'], (c) => c.getAll());

export function save(conversation) {
  return run('readwrite', ['conversations', 'summaries'], (c, s) => {
    c.put(conversation);
    s.put(summary(conversation));
  });
}

export function remove(id) {
  return run('readwrite', ['conversations', 'summaries'], (c, s) => {
    c.delete(id);
    s.delete(id);
  });
}
