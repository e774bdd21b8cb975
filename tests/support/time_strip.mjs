// Reads the time strip that scripts/cameras.py burns into its pictures (`strip_cells` there says how it is drawn).
// Needs nothing from outside itself, so that a page can have it too: page.evaluate(`(${readTimeStrip})(…)`).

/**
 * The time in a picture, in milliseconds since 1970; null if it shows no whole strip.
 * @param {ArrayLike<number>} rgba what getImageData gives; the strip's rows (the lowest twelfth) are enough
 * @param {number} width of the picture in pixels
 * @param {number} height of the picture in pixels; where only its lowest rows are given, of the whole picture
 * @param {number} now about the present, to which the strip's 32 bits are completed
 */
export function readTimeStrip(rgba, width, height, now = Date.now()) {
  const strip = Math.floor(height / 12);
  const rows = rgba.length / 4 / width;
  const cells = Array.from({ length: 40 }, (_, cell) => {
    const left = Math.floor((width * (4 * cell + 1)) / 160);
    const right = Math.floor((width * (4 * cell + 3)) / 160);
    let sum = 0;
    let count = 0;
    for (let row = rows - Math.floor((strip * 3) / 4); row < rows - Math.floor(strip / 4); row++)
      for (let x = left; x < right; x++, count++) sum += rgba[4 * (row * width + x) + 1];
    return sum / count;
  });
  const [white, black] = cells;
  if (white - black < 80) return null;
  const bit = (cell) => (cells[cell] > (white + black) / 2 ? 1 : 0);
  const number = (from, to) => {
    let n = 0;
    for (let cell = from; cell < to; cell++) n = ((n << 1) | bit(cell)) >>> 0;
    return n;
  };
  let ms = number(2, 34);
  let check = 0;
  for (let half = 0; half < 8; half++) check ^= (ms >>> (4 * half)) & 15;
  if (check !== number(34, 38) || bit(38) || !bit(39)) return null;
  for (const shift of [16, 8, 4, 2, 1]) ms = (ms ^ (ms >>> shift)) >>> 0;
  // nearest to now: a strip may lie a little ahead of this machine's clock
  const behind = ((now - ms) % 2 ** 32 + 2 ** 32) % 2 ** 32;
  return Math.floor(now) - Math.floor(behind < 2 ** 31 ? behind : behind - 2 ** 32);
}
