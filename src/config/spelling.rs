//! Owns the guess of what a misspelt key was meant to be.

/// The known key that `name` was probably meant to be.
pub(super) fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let near = |k: &&'static str| (distance(name, k), *k);
    let (steps, key) = known.iter().map(near).min()?;
    (steps <= 1 + key.len() / 4).then_some(key)
}

/// Insertions, deletions and changes from one to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    // nobody means a known key by hundreds of characters
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
