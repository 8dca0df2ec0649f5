//! Server-sent events, as the HTML standard has them (section 9.2.6), for a client that resumes by itself.

/// The longest event that is read; a longer one is left out.
const MAX_EVENT: usize = 1 << 20;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// Its name; empty if it has none.
    pub(super) name: String,
    /// Its data.
    pub(super) data: String,
}

/// Reads a stream as it comes: bytes in, events out.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    event: Event,
    /// Whether the last byte was a carriage return, to which a line feed belongs.
    after_return: bool,
    too_long: bool,
    last_id: Option<String>,
}

impl Parser {
    /// The id of the last event that had one: where to resume.
    pub(super) fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// The same stream, connected anew: what was half read is dropped.
    pub(super) fn reconnected(self) -> Self {
        Self {
            last_id: self.last_id,
            ..Self::default()
        }
    }

    /// Takes bytes, and gives the events that end in them.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for &byte in bytes {
            match byte {
                b'\n' if self.after_return => self.after_return = false,
                b'\n' | b'\r' => {
                    self.after_return = byte == b'\r';
                    events.extend(self.end_of_line());
                }
                _ => {
                    self.after_return = false;
                    if self.line.len() < MAX_EVENT {
                        self.line.push(byte);
                    } else {
                        self.too_long = true;
                    }
                }
            }
        }
        events
    }

    fn end_of_line(&mut self) -> Option<Event> {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            let whole = !std::mem::take(&mut self.too_long);
            return (whole && !event.data.is_empty()).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "id" if !value.contains('\0') => self.last_id = Some(value.to_owned()),
            "data" if self.event.data.len() + value.len() > MAX_EVENT => self.too_long = true,
            "data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            // A comment, which keeps the connection alive, or a field of a later standard.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event {
            name: name.into(),
            data: data.into(),
        }
    }

    const STREAM: &str =
        ": hello\n\nevent: log\nid: 7\ndata: {\"a\":1}\n\ndata: one\r\ndata:two\r\n\r\nevent: none\n\n";

    #[test]
    fn events_are_read_however_the_stream_is_cut() {
        let expected = [event("log", "{\"a\":1}"), event("", "one\ntwo")];
        for cut in 0..STREAM.len() {
            let mut parser = Parser::default();
            let mut events = parser.feed(&STREAM.as_bytes()[..cut]);
            events.extend(parser.feed(&STREAM.as_bytes()[cut..]));
            assert_eq!(events, expected, "cut at {cut}");
            assert_eq!(parser.last_id(), Some("7"));
        }
    }

    #[test]
    fn after_a_cut_connection_half_an_event_is_dropped_and_the_place_is_known() {
        let mut parser = Parser::default();
        parser.feed(b"id: 3\ndata: x\n\ndata: ha");
        let mut parser = parser.reconnected();
        assert_eq!(parser.last_id(), Some("3"));
        assert_eq!(parser.feed(b"data: whole\n\n"), [event("", "whole")]);
    }

    #[test]
    fn an_endless_event_takes_no_memory_and_is_left_out() {
        let mut parser = Parser::default();
        parser.feed(b"data: ");
        for _ in 0..40 {
            assert_eq!(parser.feed(&[b'x'; 64 << 10]), []);
        }
        assert!(parser.line.len() <= MAX_EVENT);
        assert_eq!(parser.feed(b"\n\ndata: next\n\n"), [event("", "next")]);
    }
}
