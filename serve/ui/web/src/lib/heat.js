// How much of a word's attention each part of a picture got, as the server's
// /attention tells it, and as colors. A view shows the part of the picture from
// left, top to right, bottom (1 is its whole width or height), in rows × columns
// patches with a weight each.

// share is the part of all attention, 0 to 1, that the picture got.
export function share(views) {
  return views.reduce((sum, v) => v.weights.reduce((s, w) => s + w, sum), 0);
}

// surface spreads the attention over columns × rows cells of the picture, by row:
// how dense it is there, between the middles of patches in proportion. The densest
// cell is 1.
export function surface(views, columns, rows) {
  const out = new Float64Array(columns * rows);
  for (const v of views) {
    const [width, height] = [v.right - v.left, v.bottom - v.top];
    const dense = (v.rows * v.columns) / (width * height);
    for (let y = 0; y < rows; y++) {
      const down = ((y + 0.5) / rows - v.top) / height;
      if (down < 0 || down >= 1) continue;
      for (let x = 0; x < columns; x++) {
        const along = ((x + 0.5) / columns - v.left) / width;
        if (along < 0 || along >= 1) continue;
        out[y * columns + x] += dense * sample(v, along * v.columns - 0.5, down * v.rows - 0.5);
      }
    }
  }
  const most = out.reduce((a, b) => Math.max(a, b), 0);
  return most > 0 ? out.map((d) => d / most) : out;
}

// sample reads the weights between the middles of patches.
function sample({ weights, rows, columns }, x, y) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const at = (c, r) => weights[Math.min(Math.max(r, 0), rows - 1) * columns + Math.min(Math.max(c, 0), columns - 1)];
  const [dx, dy] = [x - left, y - top];
  const upper = at(left, top) * (1 - dx) + at(left + 1, top) * dx;
  const lower = at(left, top + 1) * (1 - dx) + at(left + 1, top + 1) * dx;
  return upper * (1 - dy) + lower * dy;
}

// color goes from dark to light, so that it can be read without seeing colors:
// [red, green, blue] of 0 to 255.
const stops = [[10, 8, 40], [92, 20, 110], [188, 55, 84], [249, 142, 9], [252, 255, 190]];
export function color(heat) {
  const at = Math.min(Math.max(heat, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  return stops[low].map((c, i) => Math.round(c + (at - low) * (stops[low + 1][i] - c)));
}

// place names the ninth of the picture that got most.
export function place(views) {
  const fine = 24;
  const cells = surface(views, fine, fine);
  const ninths = new Array(9).fill(0);
  cells.forEach((d, i) => (ninths[3 * Math.floor((3 * Math.floor(i / fine)) / fine) + Math.floor((3 * (i % fine)) / fine)] += d));
  const names = ['upper left', 'upper middle', 'upper right', 'middle left', 'center', 'middle right', 'lower left', 'lower middle', 'lower right'];
  return names[ninths.indexOf(Math.max(...ninths))];
}

const longest = 160; // cells of the longer side of what is drawn

// draw paints the attention to a picture of that size onto a canvas that lies over
// it.
export function draw(canvas, { width, height, views }) {
  const scale = longest / Math.max(width, height);
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext('2d');
  const pixels = context.createImageData(canvas.width, canvas.height);
  surface(views, canvas.width, canvas.height).forEach((d, i) => pixels.data.set([...color(d), 150], 4 * i));
  context.putImageData(pixels, 0, 0);
}
