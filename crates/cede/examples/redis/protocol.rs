//! RESP, Redis's protocol: commands in, replies out.

/// A command is longer than anybody needs, or none at all.
#[derive(Debug)]
pub(crate) struct ProtocolError(pub(crate) &'static str);

/// The longest word of a command, and the most words, also of a reply that takes its number from the client.
pub(crate) const LONGEST: usize = 64 << 20;
pub(crate) const MOST: usize = 1 << 20;

/// The command at the beginning of `bytes`, word by word, and how long it is; `None` if it is not whole.
pub(crate) fn parse<'a>(bytes: &'a [u8], words: &mut Vec<&'a [u8]>) -> Result<Option<usize>, ProtocolError> {
    words.clear();
    if bytes.first() != Some(&b'*') {
        return Ok(parse_inline(bytes, words));
    }
    let Some((count, mut at)) = number(bytes, 1)? else { return Ok(None) };
    if count > MOST {
        return Err(ProtocolError("invalid multibulk length"));
    }
    for _ in 0..count {
        match bytes.get(at) {
            None => return Ok(None),
            Some(b'$') => {}
            Some(_) => return Err(ProtocolError("expected '$'")),
        }
        let Some((length, start)) = number(bytes, at + 1)? else { return Ok(None) };
        if length > LONGEST {
            return Err(ProtocolError("invalid bulk length"));
        }
        let Some(word) = bytes.get(start..start + length) else { return Ok(None) };
        if bytes.len() < start + length + 2 {
            return Ok(None);
        }
        words.push(word);
        at = start + length + 2;
    }
    Ok(Some(at))
}

/// A number up to the end of its line, and where the next line begins.
fn number(bytes: &[u8], from: usize) -> Result<Option<(usize, usize)>, ProtocolError> {
    let mut number = 0_usize;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'0'..=b'9' if number <= LONGEST => number = number * 10 + usize::from(byte - b'0'),
            b'\r' if at > from => {
                return Ok((bytes.len() > at + 1).then_some((number, at + 2)));
            }
            _ => return Err(ProtocolError("invalid length")),
        }
    }
    Ok(None)
}

/// Words on a line, as one types them.
fn parse_inline<'a>(bytes: &'a [u8], words: &mut Vec<&'a [u8]>) -> Option<usize> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    words.extend(bytes[..end].split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()));
    Some(end + 1)
}

/// Replies, one after another.
#[derive(Default)]
pub(crate) struct Replies {
    pub(crate) bytes: Vec<u8>,
}

impl Replies {
    fn line(&mut self, kind: u8, text: &[u8]) {
        self.bytes.push(kind);
        self.bytes.extend_from_slice(text);
        self.bytes.extend_from_slice(b"\r\n");
    }

    pub(crate) fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    pub(crate) fn ok(&mut self) {
        self.bytes.extend_from_slice(b"+OK\r\n");
    }

    pub(crate) fn error(&mut self, text: &str) {
        self.line(b'-', text.as_bytes());
    }

    pub(crate) fn integer(&mut self, number: i64) {
        self.line(b':', number.to_string().as_bytes());
    }

    pub(crate) fn bulk(&mut self, bytes: &[u8]) {
        self.line(b'$', bytes.len().to_string().as_bytes());
        self.bytes.extend_from_slice(bytes);
        self.bytes.extend_from_slice(b"\r\n");
    }

    pub(crate) fn null(&mut self) {
        self.bytes.extend_from_slice(b"$-1\r\n");
    }

    pub(crate) fn bulk_or_null(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.bulk(bytes),
            None => self.null(),
        }
    }

    /// All of these as one.
    pub(crate) fn bulks(&mut self, all: &[Vec<u8>]) {
        self.array(all.len());
        all.iter().for_each(|bytes| self.bulk(bytes));
    }

    pub(crate) fn null_array(&mut self) {
        self.bytes.extend_from_slice(b"*-1\r\n");
    }

    /// So many replies that follow are one.
    pub(crate) fn array(&mut self, count: usize) {
        self.line(b'*', count.to_string().as_bytes());
    }
}
