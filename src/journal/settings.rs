//! Owns how a journal is kept.

/// When an append counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// When it is on the disk.
    #[default]
    Full,
    /// UNSAFE: before it is on the disk, 64 entries or a calm moment later. A process that is killed loses
    /// what it acknowledged. It exists only to prove that the kill tests can see a loss.
    Unsafe,
}

/// How a journal is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// When an append counts as done.
    pub durability: Durability,
    /// Bytes that are set aside for a full disk; 0 for none.
    pub ballast: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            durability: Durability::Full,
            ballast: 64 << 20,
        }
    }
}

impl From<Durability> for Settings {
    fn from(durability: Durability) -> Self {
        Self {
            durability,
            ..Self::default()
        }
    }
}
