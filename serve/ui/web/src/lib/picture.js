// Pictures that a person attaches, scaled down and as data URLs.
const side = 1280; // pixels of the longer side, at most
const small = 400 << 10; // bytes below which a picture of that size stays as it is
const largest = 40 << 20;
export const kinds = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'];

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
    if (scale === 1 && file.size <= small) return { url: await dataURL(file), name };
    return { url: await dataURL(await shrink(bitmap, scale, file.type)), name };
  } finally {
    bitmap.close();
  }
}

function shrink(bitmap, scale, type) {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d');
  if (type !== 'image/jpeg') {
    context.fillStyle = '#fff'; // JPEG has no transparency
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((b) => (b ? resolve(b) : reject(new Error('The picture cannot be scaled down.'))), 'image/jpeg', 0.88),
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
