// The state of the page: the conversations, the one shown, the answers that are
// running, the models, and what the person chose.
import * as api from './api.js';
import * as database from './database.js';
import { exportText, importText } from './exchange.js';
import { emptySettings, loadKey, loadPreferences, saveKey, savePreferences, tidySettings } from './preferences.js';
import { Run } from './run.js';
import * as tree from './tree.js';

class App {
  summaries = $state.raw([]); // newest first
  current = $state.raw(null); // the conversation shown; it may not be saved yet
  running = $state.raw(new Map()); // conversation id → Run
  models = $state.raw([]);
  unreachable = $state(''); // why there is no list of models
  needKey = $state(false);
  preferences = $state.raw(loadPreferences());
  toasts = $state.raw([]); // {id, text, action, label}
  spoken = $state(''); // for screen readers
  storage = $state(''); // why nothing can be kept
  key = loadKey();
  #loaded = new Map(); // conversation id → conversation, as far as seen
  #turn = 0; // counts what a person does, so that a slow load does not undo it

  path = $derived(this.current ? tree.path(this.current) : []);
  run = $derived(this.current ? this.running.get(this.current.id) : undefined);
  model = $derived(
    this.models.find((m) => m.id === (this.current?.model || this.preferences.model)) ?? this.models[0] ?? null,
  );

  async start() {
    const last = lastOpen();
    this.fresh();
    this.loadModels();
    try {
      const all = await database.summaries();
      const newer = new Set(this.summaries.map((s) => s.id)); // written while the database opened
      this.summaries = [...this.summaries, ...all.filter((s) => !newer.has(s.id))].sort((a, b) => b.updated - a.updated);
      if (last && this.path.length === 0 && all.some((s) => s.id === last)) await this.open(last);
    } catch (e) {
      this.storage = `This browser keeps no conversations: ${e.message}`;
    }
  }

  async loadModels() {
    try {
      this.models = await api.models(this.key);
      this.unreachable = this.models.length > 0 ? '' : 'The server has no model.';
      this.needKey = false;
    } catch (e) {
      if (e.status === 401) this.needKey = true;
      this.unreachable = e.message;
    }
  }

  useKey(key, remember) {
    this.key = key;
    saveKey(key, remember);
    this.needKey = false;
    this.loadModels();
  }

  prefer(fields) {
    this.preferences = { ...this.preferences, ...fields };
    savePreferences(this.preferences);
  }

  // fresh shows a new conversation. It is kept from its first message on.
  fresh() {
    this.#turn++;
    const now = Date.now();
    this.#show({
      id: tree.newId(),
      title: '',
      named: false, // by the person
      created: now,
      updated: now,
      model: '',
      settings: tidySettings(this.preferences.defaults),
      messages: [],
      chosen: {},
    });
  }

  async open(id) {
    const turn = ++this.#turn;
    const conversation = this.#loaded.get(id) ?? (await database.load(id));
    if (turn !== this.#turn) return; // the person went on meanwhile
    if (!conversation) {
      this.toast('This conversation is gone; another tab may have deleted it.');
      this.summaries = this.summaries.filter((s) => s.id !== id);
      return;
    }
    this.#show(this.running.has(id) ? conversation : settled(conversation));
  }

  #show(conversation) {
    this.#loaded.set(conversation.id, conversation);
    this.current = conversation;
    remember(conversation.id);
  }

  // change replaces a conversation by what make returns for it.
  change(id, make, { save = true } = {}) {
    const before = this.#loaded.get(id);
    if (!before) return; // deleted meanwhile
    const after = make(before);
    this.#loaded.set(id, after);
    if (this.current?.id === id) this.current = after;
    if (save && after.messages.length > 0) this.#save(after);
  }

  async #save(conversation) {
    const summary = database.summary(conversation);
    this.summaries = [summary, ...this.summaries.filter((s) => s.id !== summary.id)].sort((a, b) => b.updated - a.updated);
    try {
      await database.save(conversation);
      this.storage = '';
    } catch (e) {
      this.storage = `The conversation could not be kept: ${e.message}`;
    }
  }

  // send adds a person's message below parent and asks for an answer.
  send(text, images, parent = this.path.at(-1)?.id ?? tree.ROOT) {
    this.#turn++;
    const { id } = this.current;
    const message = { id: tree.newId(), parent, role: 'user', text, created: Date.now() };
    if (images.length > 0) message.images = images;
    this.change(id, (c) => {
      const title = c.named || c.title ? c.title : tree.titleOf(text) || 'Picture';
      return { ...tree.add(c, message), title, updated: Date.now() };
    });
    this.answer(message.id);
  }

  // answer asks for an answer to a person's message.
  answer(parent) {
    const conversation = this.current;
    if (this.running.has(conversation.id)) return;
    const run = new Run(this, conversation, parent);
    this.running = new Map(this.running).set(conversation.id, run);
    run.go().finally(() => {
      const left = new Map(this.running);
      left.delete(conversation.id);
      this.running = left;
    });
  }

  // again asks for another answer in the place of this one; one that failed
  // without a word is dropped.
  again(message) {
    if (message.text === '') this.change(this.current.id, (c) => tree.removeLeaf(c, message.id), { save: false });
    this.answer(message.parent);
  }

  stop(id = this.current?.id) {
    this.running.get(id)?.stop();
  }

  rename(id, title) {
    const apply = () => this.change(id, (c) => ({ ...c, title, named: true }));
    if (this.#loaded.has(id)) return apply();
    return database.load(id).then((c) => {
      if (!c) return;
      this.#loaded.set(id, c);
      apply();
    });
  }

  async remove(id) {
    const conversation = this.#loaded.get(id) ?? (await database.load(id));
    this.stop(id);
    this.#loaded.delete(id);
    this.summaries = this.summaries.filter((s) => s.id !== id);
    if (this.current?.id === id) this.fresh();
    await database.remove(id).catch(() => {});
    this.toast(`Deleted “${conversation.title}”.`, 'Undo', () => {
      this.#loaded.set(id, conversation);
      this.change(id, settled);
      this.open(id);
    });
  }

  configure(fields) {
    this.change(this.current.id, (c) => ({ ...c, ...fields }));
  }

  async export(id) {
    const all = id ? [this.#loaded.get(id) ?? (await database.load(id))] : await database.loadAll();
    download(id ? `${fileName(all[0].title)}.json` : 'conversations.json', exportText(all.map(settled)));
  }

  async import(file) {
    try {
      if (file.size > 200 << 20) throw new Error('This file is larger than 200 MB.');
      const all = importText(await file.text());
      for (const c of all) {
        const taken = this.summaries.some((s) => s.id === c.id);
        const kept = taken ? { ...c, id: tree.newId() } : c;
        this.#loaded.set(kept.id, kept);
        await this.#save(kept);
      }
      this.toast(`Imported ${all.length} conversation${all.length === 1 ? '' : 's'}.`);
    } catch (e) {
      this.toast(e.message);
    }
  }

  toast(text, label, action) {
    const id = tree.newId();
    this.toasts = [...this.toasts.slice(-3), { id, text, label, action }];
    setTimeout(() => this.dismiss(id), action ? 12_000 : 8000);
  }

  dismiss(id) {
    this.toasts = this.toasts.filter((t) => t.id !== id);
  }

  say(text) {
    this.spoken = text;
  }
}

// settled ends the answers that were running when the page was closed.
export function settled(conversation) {
  const messages = conversation.messages.map((m) =>
    m.status === 'streaming' ? { ...m, status: 'failed', error: { message: 'The page was closed before the answer was finished.' } } : m,
  );
  return { ...conversation, settings: conversation.settings ?? emptySettings(), messages };
}

function lastOpen() {
  try {
    return sessionStorage.getItem('polymath.open');
  } catch {
    return null;
  }
}

function remember(id) {
  try {
    sessionStorage.setItem('polymath.open', id);
  } catch {
    // Forbidden: a reload begins with a new conversation.
  }
}

function fileName(title) {
  return title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '').slice(0, 60) || 'conversation';
}

function download(name, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export const app = new App();
