//! The head of an experiment file: what it asks, where that comes from, how long it takes.

/// What the head of an experiment file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// `# Question: ..`.
    pub question: Option<String>,
    /// `# Source: ..`.
    pub source: Option<String>,
}

impl Head {
    /// Of the text of an experiment file.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut head = Self::default();
        for (name, entry) in head_entries(text) {
            match name.as_str() {
                "Question" => head.question = Some(entry),
                "Source" => head.source = Some(entry),
                _ => {}
            }
        }
        head
    }
}

/// The entries of a file's head, in their order: its first comment lines such as `# Question: ..`, with their continuations, as
/// pairs of `Question` and the rest.
#[must_use]
pub fn head_entries(text: &str) -> Vec<(String, String)> {
    let mut entries: Vec<(String, String)> = Vec::new();
    for line in text.lines().map_while(|line| line.strip_prefix('#')) {
        let entry = line
            .split_once(": ")
            .filter(|(name, _)| !name.trim().contains(' ') && line.starts_with(' ') && !line.starts_with("  "));
        if let Some((name, rest)) = entry {
            entries.push((name.trim().to_owned(), rest.trim().to_owned()));
        } else if let Some((_, rest)) = entries.last_mut() {
            rest.push(' ');
            rest.push_str(line.trim());
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::{Head, head_entries};

    #[test]
    fn lines_without_a_name_continue_the_entry_before() {
        let text = "# Question: how long\n#           is it: long?\n# Source: a book\n[run]\n# Time: late\n";
        let entries = head_entries(text);
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0], ("Question".to_owned(), "how long is it: long?".to_owned()));
        assert_eq!(Head::of(text).source.as_deref(), Some("a book"));
    }

    #[test]
    fn a_file_without_a_head_asks_nothing() {
        assert_eq!(Head::of("[run]\nseeds = [1]\n# Question: too late?\n"), Head::default());
    }
}
