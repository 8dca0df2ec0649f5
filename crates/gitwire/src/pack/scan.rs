//! Looking for the child of a commit in a pack, as it streams by.

use gix_zlib::{Decompress, FlushDecompress, Status};

use super::PackHeader;
use super::commits::{Base, Commits};
use super::entry::{self, Entry, Kind, Parsed};
use crate::error::ProtocolError;
use crate::oid::{ObjectFormat, Oid};

/// How much a scan may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanLimits {
    /// The most bytes of commits, and of deltas on them, that are kept at once.
    pub memory: usize,
    /// The most bytes of one commit, or of one delta on a commit.
    pub object: usize,
}

impl Default for ScanLimits {
    /// 64 MiB in all, 4 MiB for one object.
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            object: 4 << 20,
        }
    }
}

/// Why a scan ended without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum GiveUp {
    /// The commits need more memory than the limit.
    #[error("the commits of the pack are larger than the memory set aside for them")]
    Memory,
    /// One commit is larger than the limit.
    #[error("a commit of the pack is larger than the limit for one")]
    Object,
    /// A delta does not fit its base, or makes too much of it.
    #[error("a delta in the pack cannot be applied")]
    Delta,
    /// Deltas build on objects that are not commits of this pack, or not in it.
    #[error("deltas in the pack build on objects that are not in it")]
    MissingBase,
    /// The bytes are no pack.
    #[error("the pack is malformed")]
    Malformed,
    /// The checksum at the end is another than that of the bytes before it.
    #[error("the checksum of the pack does not match")]
    Checksum,
}

/// What is known after some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanState {
    /// Nothing yet.
    NeedMore,
    /// A commit has the parent. The rest of the pack does not matter.
    Found,
    /// The pack ended, and no commit in it has the parent.
    Absent,
    /// There will be no answer.
    GaveUp(GiveUp),
}

/// Reads a whole pack (one that is not thin) and looks for a commit with a given parent. It holds the commits, up to
/// its limits; trees, blobs and tags are inflated and dropped.
pub struct ParentScan {
    commits: Commits,
    limits: ScanLimits,
    format: ObjectFormat,
    hasher: gix_hash::Hasher,
    step: Step,
    /// The bytes of a header or trailer that is not complete yet.
    partial: Vec<u8>,
    /// How many bytes of the pack were read.
    offset: u64,
    /// How many objects follow the present one.
    objects_left: u32,
    inflate: Decompress,
    scratch: Box<[u8]>,
}

enum Step {
    PackHeader,
    EntryHeader,
    Object(Object),
    Trailer,
    End(ScanState),
}

/// The object that is being inflated.
struct Object {
    offset: u64,
    kind: ObjectKind,
    /// How many bytes of it are still to come.
    left: u64,
    content: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ObjectKind {
    Commit,
    Delta(Base),
    Dropped,
}

impl ParentScan {
    /// A scan for a commit that names `parent`, in a pack of this format.
    pub fn new(parent: Oid, format: ObjectFormat, limits: ScanLimits) -> Self {
        Self::looking_for(Some(parent), format, limits)
    }

    /// A scan that looks for none, and keeps them all: [`ParentScan::commits`].
    pub fn of_all(format: ObjectFormat, limits: ScanLimits) -> Self {
        Self::looking_for(None, format, limits)
    }

    fn looking_for(parent: Option<Oid>, format: ObjectFormat, limits: ScanLimits) -> Self {
        Self {
            commits: Commits::new(parent, format, limits),
            limits,
            format,
            hasher: gix_hash::hasher(format.kind()),
            step: Step::PackHeader,
            partial: Vec::new(),
            offset: 0,
            objects_left: 0,
            inflate: Decompress::new(),
            scratch: vec![0; 32 << 10].into_boxed_slice(),
        }
    }

    /// Adds bytes of the pack as they came. Once the answer is known it stays, except that bytes after the end of the
    /// pack make it none. Bytes that do not even start like a pack are an error.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<ScanState, ProtocolError> {
        while !bytes.is_empty() {
            let before = bytes;
            let hashed = !matches!(self.step, Step::Trailer);
            let used = match &self.step {
                Step::PackHeader => self.pack_header(bytes)?,
                Step::EntryHeader => self.entry_header(bytes),
                Step::Object(_) => self.object(bytes),
                Step::Trailer => self.trailer(bytes),
                Step::End(ScanState::Absent) => Err(GiveUp::Malformed),
                Step::End(_) => break,
            };
            match used {
                Ok(used) => bytes = &bytes[used..],
                Err(reason) => self.step = Step::End(ScanState::GaveUp(reason)),
            }
            if hashed {
                self.hasher.update(&before[..before.len() - bytes.len()]);
            }
        }
        Ok(self.state())
    }

    /// What is known so far. [`ScanState::NeedMore`] at the end of the stream means that it was cut.
    pub fn state(&self) -> ScanState {
        match self.step {
            Step::End(state) => state,
            _ => ScanState::NeedMore,
        }
    }

    /// The commits that were kept so far, in no order: their ids and contents.
    pub fn commits(&self) -> impl Iterator<Item = (&Oid, &[u8])> {
        self.commits
            .contents()
            .iter()
            .map(|(id, content)| (id, content.as_slice()))
    }

    fn pack_header(&mut self, bytes: &[u8]) -> Result<Result<usize, GiveUp>, ProtocolError> {
        let used = bytes.len().min(PackHeader::LEN - self.partial.len());
        self.partial.extend_from_slice(&bytes[..used]);
        let header = match PackHeader::parse(&self.partial) {
            Ok(header) => header,
            Err(error) => {
                self.step = Step::End(ScanState::GaveUp(GiveUp::Malformed));
                return Err(error);
            }
        };
        if let Some(header) = header {
            self.objects_left = header.objects;
            self.next_object();
        }
        self.offset += used as u64;
        Ok(Ok(used))
    }

    fn next_object(&mut self) {
        self.partial.clear();
        self.step = match self.objects_left.checked_sub(1) {
            Some(left) => {
                self.objects_left = left;
                Step::EntryHeader
            }
            None => Step::Trailer,
        };
    }

    fn entry_header(&mut self, bytes: &[u8]) -> Result<usize, GiveUp> {
        for (index, byte) in bytes.iter().enumerate() {
            self.partial.push(*byte);
            match entry::parse(&self.partial, self.format) {
                Parsed::Incomplete if self.partial.len() < entry::MAX_LEN => {}
                Parsed::Incomplete | Parsed::Malformed => return Err(GiveUp::Malformed),
                Parsed::Complete(entry) => {
                    let used = index + 1;
                    let offset = self.offset + used as u64 - self.partial.len() as u64;
                    self.step = Step::Object(self.start(entry, offset)?);
                    self.inflate.reset();
                    self.offset += used as u64;
                    return Ok(used);
                }
            }
        }
        self.offset += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn start(&self, entry: Entry, offset: u64) -> Result<Object, GiveUp> {
        let delta = |base| {
            if self.commits.may_be_commit(base) {
                ObjectKind::Delta(base)
            } else {
                ObjectKind::Dropped
            }
        };
        let kind = match entry.kind {
            Kind::Commit => ObjectKind::Commit,
            Kind::Other => ObjectKind::Dropped,
            Kind::RefDelta(id) => delta(Base::Id(id)),
            Kind::OfsDelta(distance) => match offset.checked_sub(distance) {
                Some(base) if distance > 0 && base >= PackHeader::LEN as u64 => delta(Base::Offset(base)),
                _ => return Err(GiveUp::Malformed),
            },
        };
        if kind != ObjectKind::Dropped && entry.size > self.limits.object as u64 {
            return Err(GiveUp::Object);
        }
        Ok(Object {
            offset,
            kind,
            left: entry.size,
            content: Vec::new(),
        })
    }

    fn object(&mut self, bytes: &[u8]) -> Result<usize, GiveUp> {
        let Step::Object(object) = &mut self.step else {
            return Err(GiveUp::Malformed);
        };
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self
            .inflate
            .decompress(bytes, &mut self.scratch, FlushDecompress::None)
            .map_err(|_| GiveUp::Malformed)?;
        let used = self.inflate.total_in() - before_in;
        let made = self.inflate.total_out() - before_out;
        if made > object.left || (used == 0 && made == 0 && status != Status::StreamEnd) {
            return Err(GiveUp::Malformed);
        }
        object.left -= made;
        // Both fit: they count bytes of a slice.
        let (used_len, made_len) = (used as usize, made as usize);
        if object.kind != ObjectKind::Dropped {
            object.content.extend_from_slice(&self.scratch[..made_len]);
        }
        self.offset += used;
        if status == Status::StreamEnd {
            self.finish_object()?;
        }
        Ok(used_len)
    }

    fn finish_object(&mut self) -> Result<(), GiveUp> {
        let Step::Object(object) = std::mem::replace(&mut self.step, Step::EntryHeader) else {
            return Err(GiveUp::Malformed);
        };
        if object.left > 0 {
            return Err(GiveUp::Malformed);
        }
        let found = match object.kind {
            ObjectKind::Dropped => false,
            ObjectKind::Commit => self.commits.add(object.offset, object.content)?,
            ObjectKind::Delta(base) => self.commits.add_delta(object.offset, base, object.content)?,
        };
        if found {
            self.step = Step::End(ScanState::Found);
        } else {
            self.next_object();
        }
        Ok(())
    }

    fn trailer(&mut self, bytes: &[u8]) -> Result<usize, GiveUp> {
        let length = self.format.kind().len_in_bytes();
        let used = bytes.len().min(length - self.partial.len());
        self.partial.extend_from_slice(&bytes[..used]);
        self.offset += used as u64;
        if self.partial.len() == length {
            let hash = self.hasher.clone().try_finalize().map_err(|_| GiveUp::Checksum)?;
            if hash.as_slice() != self.partial {
                return Err(GiveUp::Checksum);
            }
            if self.commits.is_waiting() {
                return Err(GiveUp::MissingBase);
            }
            self.step = Step::End(ScanState::Absent);
        }
        Ok(used)
    }
}

impl std::fmt::Debug for ParentScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParentScan")
            .field("offset", &self.offset)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
