// Tokens with their probabilities, and where they stand in the text shown. A
// stored token is [text, logprob, [[text, logprob], ...]], and behind it its
// bytes where they are no whole characters.
const encoder = new TextEncoder();

// fromLogprobs makes stored tokens of choices[0].logprobs.content.
export function fromLogprobs(content) {
  return content.map((t) => {
    const out = [t.token, floor(t.logprob), (t.top_logprobs ?? []).map((a) => [a.token, floor(a.logprob)])];
    if (Array.isArray(t.bytes) && t.token.includes('\ufffd')) out.push(t.bytes);
    return out;
  });
}

// floor makes a number of what a server sends for "impossible".
const floor = (logprob) => (Number.isFinite(logprob) ? logprob : -9999);

// places returns for each token its range [from, to) in the text, null where
// the tokens do not spell the text. Bytes of a split character belong to the
// token that completes it.
export function places(tokens, text) {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const ranges = [];
  let joined = '';
  for (const [piece, , , bytes] of tokens) {
    const from = joined.length;
    joined += decoder.decode(bytes ? Uint8Array.from(bytes) : encoder.encode(piece), { stream: true });
    ranges.push([from, joined.length]);
  }
  const shift = joined.indexOf(text);
  if (text === '' || shift < 0) return null;
  return ranges.map(([from, to]) => [from - shift, to - shift]);
}

// words returns for each token the range of tokens [first, after) that spell
// the same word, and the word.
export function words(ranges, text) {
  const out = new Array(ranges.length);
  const pattern = /\S+/g;
  let token = 0;
  for (let match; (match = pattern.exec(text)); ) {
    const [from, to] = [match.index, match.index + match[0].length];
    while (token < ranges.length && ranges[token][1] <= from) token++;
    const first = token;
    let after = first;
    while (after < ranges.length && ranges[after][0] < to) after++;
    for (let t = first; t < after; t++) out[t] ??= { first, after, word: match[0] };
    token = Math.max(first, after - 1);
  }
  return out;
}

// bare is a word without the Markdown around it.
export const bare = (word) => word.replace(/^[*_~`]+|[*_~`]+$/g, '') || word;

// probability of the tokens together, 0 to 1.
export function probability(tokens) {
  return Math.exp(tokens.reduce((sum, t) => sum + t[1], 0));
}

// percent writes a probability for people.
export function percent(p) {
  if (p >= 0.9995) return '100%';
  if (p >= 0.1) return `${(100 * p).toFixed(1)}%`;
  if (p >= 0.0001) return `${(100 * p).toFixed(2)}%`;
  return 'under 0.01%';
}

// visible writes a token so that spaces and line ends are seen.
export function visible(text) {
  return text.replace(/ /g, '\u00b7').replace(/\n/g, '\u21b5').replace(/\t/g, '\u21e5') || '\u2205';
}

// align finds where the pieces of text shown stand in their Markdown source:
// for each piece an array of places, one per character, -1 where unknown.
export function align(pieces, source) {
  let at = 0;
  return pieces.map((piece) => {
    const found = new Array(piece.length).fill(-1);
    const whole = source.indexOf(piece, at);
    if (piece.trim() !== '' && whole >= 0) {
      for (let i = 0; i < piece.length; i++) found[i] = whole + i;
      at = whole + piece.length;
      return found;
    }
    for (const match of piece.matchAll(/\s+|[\p{L}\p{N}_]+|[^\s]/gu)) { // escapes and entities: word by word
      const place = source.indexOf(match[0], at);
      if (place < 0 || place > at + 40) continue;
      for (let i = 0; i < match[0].length; i++) found[match.index + i] = place + i;
      at = place + match[0].length;
    }
    return found;
  });
}

// wrap puts the characters of each range below an element into a span of class
// token, which dress, if given, does more to. start is the place of the element's
// source in the text.
export function wrap(element, source, start, ranges, dress) {
  const nodes = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT, (n) =>
    n.parentElement.closest('.tex, .code-bar') ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
  );
  while (walker.nextNode()) nodes.push(walker.currentNode);
  const found = align(nodes.map((n) => n.data), source);
  nodes.forEach((node, i) => {
    if (node.data.trim() === '') return;
    const parts = split(node.data, found[i], start, ranges);
    node.replaceWith(...parts.map(({ text, token }) => (token < 0 ? text : span(text, token, dress))));
  });
}

// split cuts a piece of text where the token changes.
export function split(text, found, start, ranges) {
  const parts = [];
  for (let i = 0; i < text.length; i++) {
    const token = found[i] < 0 ? -1 : tokenAt(ranges, found[i] + start);
    const last = parts[parts.length - 1];
    if (last && last.token === token) last.text += text[i];
    else parts.push({ text: text[i], token });
  }
  return parts;
}

function tokenAt(ranges, place) {
  let [low, high] = [0, ranges.length]; // the first range that ends after place
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle][1] <= place) low = middle + 1;
    else high = middle;
  }
  return low < ranges.length && ranges[low][0] <= place ? low : -1;
}

function span(text, token, dress) {
  const element = document.createElement('span');
  element.className = 'token';
  element.dataset.token = token;
  element.textContent = text;
  dress?.(element, token);
  return element;
}

// grade sorts probabilities into the shades of the underline.
export function grade(logprob) {
  const p = Math.exp(logprob);
  return p >= 0.9 ? 'sure' : p >= 0.5 ? 'likely' : p >= 0.1 ? 'open' : 'rare';
}
