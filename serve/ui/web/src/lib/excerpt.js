const longest = 4000; // characters of a message that are shown of one that is longer
const slack = 1000; // nothing is left out to save less than this
const tail = 500; // of those shown, the end: a question stands below its document

// excerpt returns text, or the beginning and the end of a long one, cut at lines or
// words.
export function excerpt(text) {
  if (text.length <= longest + slack) return text;
  const start = text.slice(0, longest - tail);
  const end = text.slice(-tail);
  return `${start.slice(0, cut(start.lastIndexOf('\n'), start.lastIndexOf(' '), start.length))}\n…\n${end.slice(after(end))}`.toWellFormed();
}

// cut is where the beginning ends: at its last line or word, unless that is far.
function cut(line, word, length) {
  if (line > length / 2) return line;
  return word > length / 2 ? word : length;
}

// after is where the end begins.
function after(end) {
  for (const mark of ['\n', ' ']) {
    const at = end.indexOf(mark);
    if (at >= 0 && at < end.length / 2) return at + 1;
  }
  return 0;
}
