// Which word of an answer is asked what it attends to in the pictures before it,
// and what the server said.
import * as api from './api.js';
import { app } from './app.svelte.js';
import { place, share } from './heat.js';
import { bare, percent } from './tokens.js';
import * as tree from './tree.js';

class Gaze {
  answer = $state(''); // id of the answer whose words can be chosen
  word = $state.raw(null); // {index, text}
  state = $state(''); // asking, shown or failed, once a word was chosen
  error = $state('');
  pictures = $state.raw([]); // before the answer: {message, index, image, attention}
  #known = new Map(); // word's index → its attention
  #abort = null;

  open(answer) {
    this.close();
    this.answer = answer.id;
    this.pictures = tree
      .line(app.current, answer.parent)
      .flatMap((m) => (m.images ?? []).map((image, index) => ({ message: m.id, index, image, attention: null })));
  }

  close() {
    this.#abort?.abort();
    this.#known.clear();
    this.answer = '';
    this.#forget();
    this.pictures = [];
  }

  #forget() {
    this.word = null;
    this.state = this.error = '';
    this.pictures = this.pictures.map((p) => ({ ...p, attention: null }));
  }

  // ask asks about the word at a range [from, to) of the answer's text.
  async ask(answer, index, [from, to]) {
    if (this.word?.index === index && this.state !== 'failed') return;
    this.#abort?.abort();
    this.#forget();
    const abort = (this.#abort = new AbortController());
    const text = bare(answer.text.slice(from, to));
    this.word = { index, text };
    let images = this.#known.get(index);
    try {
      if (!images) {
        this.state = 'asking';
        images = await api.attention(
          {
            model: answer.model,
            system: app.current.settings.system,
            messages: tree.line(app.current, answer.parent),
            answer: answer.text.slice(0, to),
            offset: new TextEncoder().encode(answer.text.slice(0, from)).length,
          },
          { key: app.key, signal: abort.signal },
        );
        if (abort.signal.aborted) return;
        if (images.length !== this.pictures.length) throw new api.Refused('The server saw other pictures than those shown.');
        this.#known.set(index, images);
      }
    } catch (e) {
      if (abort.signal.aborted) return;
      this.state = 'failed';
      this.error = e.message;
      app.say(`The attention cannot be shown. ${e.message}`);
      return;
    }
    this.pictures = this.pictures.map((p, i) => ({ ...p, attention: images[i] }));
    this.state = 'shown';
    app.say(this.pictures.map((p) => `${text} in ${p.image.name ?? 'the picture'}: ${summary(p.attention)}`).join('. '));
  }

  // of returns the attention to a picture of a message, null where none is shown.
  of(message, index) {
    return this.pictures.find((p) => p.message === message && p.index === index)?.attention ?? null;
  }
}

// summary says for people what a heat map shows.
export function summary({ views }) {
  return `${percent(share(views))} of its attention, most at the ${place(views)}`;
}

export const gaze = new Gaze();
