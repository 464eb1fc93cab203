// Pictures that a person attaches, scaled down where they are larger than a model
// looks at or than a browser should keep, and as data URLs.
const side = 2048; // pixels of the longer side, at most
const kept = 1 << 20; // bytes of what is sent and kept, at most
const largest = 40 << 20;
export const kinds = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'];

// most are the bounds of a message and of a conversation, which every request holds.
export const most = { message: 8, conversation: 32, bytes: 22 << 20 };

// room returns why no more pictures can go to a message that has `own` where the
// messages before have `before`, or ''.
export function room(own, before) {
  if (own.length >= most.message) return `A message has at most ${most.message} pictures.`;
  const all = [...before, ...own];
  if (all.length >= most.conversation) return `A conversation has at most ${most.conversation} pictures. Start a new chat for more.`;
  if (all.reduce((sum, p) => sum + p.url.length, 0) > most.bytes) return 'The pictures of this conversation are as large as can be sent. Start a new chat for more.';
  return '';
}

// readPicture returns {url, name}, or throws an error to show.
export async function readPicture(file) {
  const name = file.name || 'picture';
  if (!kinds.includes(file.type)) throw new Error(`${name} is no picture that can be sent (PNG, JPEG, WebP or GIF).`);
  if (file.size > largest) throw new Error(`${name} is larger than ${largest >> 20} MB.`);
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error(`${name} cannot be read as a picture.`);
  }
  try {
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    const blob = scale === 1 && file.size <= kept ? file : await shrink(bitmap, scale, file.type);
    return { url: await dataURL(blob), name };
  } finally {
    bitmap.close();
  }
}

// shrink keeps what has sharp edges, as drawings and screens do, without loss where
// that is small enough, and goes on to smaller pictures until one is.
async function shrink(bitmap, scale, type) {
  if (type !== 'image/jpeg') {
    const blob = await encode(bitmap, scale, 'image/png');
    if (blob.size <= kept) return blob;
  }
  for (;;) {
    const blob = await encode(bitmap, scale, 'image/jpeg');
    if (blob.size <= kept) return blob;
    scale *= 0.8;
  }
}

function encode(bitmap, scale, type) {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff'; // JPEG has no transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((b) => (b ? resolve(b) : reject(new Error('The picture cannot be scaled down.'))), type, 0.88),
  );
}

function dataURL(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error('The picture cannot be read.'));
    reader.readAsDataURL(blob);
  });
}
