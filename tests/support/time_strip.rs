//! Reads the time strip that `scripts/cameras.py` burns into its pictures (`strip_cells` there says how it is drawn).

const CELLS: usize = 40;
/// White and black lie at least so far apart, of 255, in any picture that can be judged.
const CONTRAST: i32 = 80;

/// The milliseconds since 1970 modulo 2^32 in a picture's luma plane (`width` bytes a row); none if it
/// shows no whole strip.
pub(crate) fn read(luma: &[u8], width: usize, height: usize) -> Option<u32> {
    let strip = height / 12;
    let (top, bottom) = (height - strip * 3 / 4, height - strip / 4);
    let cells: Vec<i32> = (0..CELLS)
        .map(|cell| {
            // the middle of a cell: its edges suffer from coding
            let (left, right) = (
                width * (4 * cell + 1) / (4 * CELLS),
                width * (4 * cell + 3) / (4 * CELLS),
            );
            let sum: i32 = (top..bottom)
                .flat_map(|row| &luma[row * width + left..row * width + right])
                .map(|&value| i32::from(value))
                .sum();
            sum / ((bottom - top) * (right - left)) as i32
        })
        .collect();
    let (white, black) = (cells[0], cells[1]);
    if white - black < CONTRAST {
        return None;
    }
    let bit = |cell: usize| u32::from(cells[cell] > (white + black) / 2);
    let number = |cells: std::ops::Range<usize>| cells.fold(0, |n, cell| n << 1 | bit(cell));
    let (mut ms, check) = (number(2..34), number(34..38));
    let expected = (0..8).fold(0, |sum, half| sum ^ ms >> (4 * half) & 15);
    if check != expected || (bit(38), bit(39)) != (0, 1) {
        return None;
    }
    for shift in [16, 8, 4, 2, 1] {
        ms ^= ms >> shift;
    }
    Some(ms)
}
