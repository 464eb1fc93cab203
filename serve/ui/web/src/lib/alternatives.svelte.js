// Which token's alternatives are shown, if any.
class Shown {
  token = $state.raw(null); // {element, tokens, index, word}

  show(element, message, word) {
    this.token = { element, tokens: message.tokens, index: Number(element.dataset.token), word };
  }

  hide() {
    this.token = null;
  }
}

export const alternatives = new Shown();
