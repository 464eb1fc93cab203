// events reads server-sent events from a stream of bytes and yields the data of
// each, as https://html.spec.whatwg.org/multipage/server-sent-events.html says.
const longest = 8 << 20; // characters of one event

export async function* events(stream) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let data = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      if (rest.length > longest) throw new Error('an event of the answer is too long');
      const lines = rest.split(/\r\n|\n|\r(?!$)/); // a CR at the end may be half of CRLF
      rest = lines.pop();
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) yield data.join('\n');
          data = [];
        } else if (line.startsWith('data:')) {
          data.push(line.slice(line[5] === ' ' ? 6 : 5));
        }
      }
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
