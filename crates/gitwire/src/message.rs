//! Remote messages: text from a server that people will read.

/// The most bytes of one line that are kept.
pub const MAX_LINE: usize = 4096;

/// Text from a peer as it may be shown on one line: invalid UTF-8 replaced; control characters (C0, DEL, C1, and with
/// them the start of every terminal escape sequence) and characters that change the direction or the look of what
/// surrounds them removed. Tabs and line breaks become spaces, those at the end none.
pub fn sanitize(bytes: impl AsRef<[u8]>) -> String {
    let clean: String = String::from_utf8_lossy(bytes.as_ref())
        .chars()
        .map(|c| if matches!(c, '\t' | '\n' | '\r') { ' ' } else { c })
        .filter(|c| !c.is_control() && !is_deceptive(*c))
        .collect();
    clean.trim_end().to_owned()
}

/// Invisible characters: marks and overrides of direction, line and paragraph separators, zero-width and deprecated
/// format characters, tags.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// One line of a remote's messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteLine {
    /// The text, sanitized, of at most [`MAX_LINE`] bytes as sent.
    pub text: String,
    /// Whether it ended in `\r`: progress that the next line replaces.
    pub transient: bool,
}

/// Cuts the messages of a remote, which arrive in arbitrary pieces, into lines. Empty lines are left out. A line that
/// ends in `\r\n` comes twice: transient at the `\r`, for good at the `\n`.
#[derive(Debug, Default)]
pub struct RemoteLines {
    line: Vec<u8>,
    /// The line that a `\r` just ended: a `\n` right after makes it a line for good.
    returned: Option<String>,
}

impl RemoteLines {
    /// Lines from the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes as they came and hands out the lines that end in them.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<RemoteLine> {
        let mut lines = Vec::new();
        for &byte in bytes {
            match byte {
                b'\r' if self.line.is_empty() => {}
                b'\r' => {
                    let text = self.take();
                    lines.extend(visible(text.clone(), true));
                    self.returned = Some(text);
                }
                b'\n' => {
                    let text = self.returned.take().unwrap_or_else(|| self.take());
                    lines.extend(visible(text, false));
                }
                _ => {
                    self.returned = None;
                    if self.line.len() < MAX_LINE {
                        self.line.push(byte);
                    }
                }
            }
        }
        lines
    }

    /// What is left when the stream ends without a newline.
    pub fn finish(mut self) -> Option<RemoteLine> {
        visible(self.take(), false)
    }

    fn take(&mut self) -> String {
        let text = sanitize(&self.line);
        self.line.clear();
        text
    }
}

fn visible(text: String, transient: bool) -> Option<RemoteLine> {
    (!text.is_empty()).then_some(RemoteLine { text, transient })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(text: &str) -> RemoteLine {
        RemoteLine {
            text: text.into(),
            transient: false,
        }
    }

    fn transient(text: &str) -> RemoteLine {
        RemoteLine {
            text: text.into(),
            transient: true,
        }
    }

    #[test]
    fn escape_sequences_and_overrides_are_removed() {
        assert_eq!(
            sanitize(b"\x1b]0;title\x07\x1b[31mred\x1b[0m"),
            "]0;title[31mred[0m"
        );
        assert_eq!(
            sanitize("a\u{9b}31mb\u{202e}c\u{2066}d\u{200b}e\u{7f}f"),
            "a31mbcdef"
        );
        assert_eq!(sanitize(b"tab\there\nthere\0"), "tab here there");
        assert_eq!(sanitize(b"\xffgr\xc3\xbc\xc3\x9fe"), "\u{fffd}grüße");
    }

    #[test]
    fn carriage_returns_end_transient_lines() {
        let mut lines = RemoteLines::new();
        assert_eq!(
            lines.feed(b"Counting: 10%\rCounting: 2"),
            [transient("Counting: 10%")]
        );
        assert_eq!(
            lines.feed(b"0%\rCounting, done.\nnext"),
            [transient("Counting: 20%"), last("Counting, done.")]
        );
        assert_eq!(lines.finish(), Some(last("next")));
    }

    #[test]
    fn a_windows_line_is_transient_and_then_for_good() {
        let mut lines = RemoteLines::new();
        assert_eq!(lines.feed(b"hello\r"), [transient("hello")]);
        assert_eq!(lines.feed(b"\nthere\n"), [last("hello"), last("there")]);
        assert_eq!(lines.feed(b"\n\r\r\n"), []);
        assert_eq!(lines.feed(b"x\r\r\n"), [transient("x"), last("x")]);
    }

    #[test]
    fn a_character_may_be_cut_between_two_pieces() {
        let mut lines = RemoteLines::new();
        assert_eq!(lines.feed(b"gr\xc3"), []);
        assert_eq!(lines.feed(b"\xbcn\n"), [last("grün")]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut lines = RemoteLines::new();
        for _ in 0..100 {
            assert_eq!(lines.feed(&[b'x'; 1000]), []);
        }
        assert_eq!(lines.feed(b"\n"), [last(&"x".repeat(MAX_LINE))]);
        assert_eq!(lines.finish(), None);
    }
}
