//! Packs made by hand.

use std::io::Write;

use gix_zlib::Compression;
use gix_zlib::stream::deflate;

use super::PackHeader;
use crate::oid::ObjectFormat;

pub(super) const COMMIT: u8 = 1;
pub(super) const BLOB: u8 = 3;
const OFS_DELTA: u8 = 6;
const REF_DELTA: u8 = 7;

/// A pack in the making.
pub(super) struct PackBuilder {
    bytes: Vec<u8>,
    format: ObjectFormat,
}

impl PackBuilder {
    pub(super) fn new(format: ObjectFormat, objects: u32) -> Self {
        let bytes = [&b"PACK\0\0\0\x02"[..], &objects.to_be_bytes()].concat();
        assert_eq!(bytes.len(), PackHeader::LEN);
        Self { bytes, format }
    }

    /// Adds an object and tells where it starts.
    pub(super) fn object(&mut self, kind: u8, content: &[u8]) -> u64 {
        self.entry(kind, content.len(), &[], content)
    }

    pub(super) fn ofs_delta(&mut self, base: u64, delta: &[u8]) -> u64 {
        let mut distance = self.bytes.len() as u64 - base;
        let mut encoded = vec![(distance & 0x7f) as u8];
        while distance >= 128 {
            distance = (distance >> 7) - 1;
            encoded.insert(0, (distance & 0x7f) as u8 | 0x80);
        }
        self.entry(OFS_DELTA, delta.len(), &encoded, delta)
    }

    pub(super) fn ref_delta(&mut self, base: &[u8], delta: &[u8]) -> u64 {
        self.entry(REF_DELTA, delta.len(), base, delta)
    }

    /// Adds an entry that may announce another size than it has.
    pub(super) fn entry(&mut self, kind: u8, size: usize, base: &[u8], content: &[u8]) -> u64 {
        let offset = self.bytes.len() as u64;
        let mut rest = size >> 4;
        let mut byte = (kind << 4) | (size & 0x0f) as u8;
        while rest > 0 {
            self.bytes.push(byte | 0x80);
            byte = (rest & 0x7f) as u8;
            rest >>= 7;
        }
        self.bytes.push(byte);
        self.bytes.extend_from_slice(base);
        let mut writer = deflate::Write::new(Vec::new(), Compression::DEFAULT);
        writer.write_all(content).unwrap();
        writer.flush().unwrap();
        self.bytes.extend(writer.into_inner());
        offset
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let mut hasher = gix_hash::hasher(self.format.kind());
        hasher.update(&self.bytes);
        self.bytes
            .extend_from_slice(hasher.try_finalize().unwrap().as_slice());
        self.bytes
    }
}

/// A delta that keeps the first `keep` bytes of a base and adds `text`.
pub(super) fn delta(base: &[u8], keep: u16, text: &str) -> Vec<u8> {
    let size = |mut size: usize| {
        let mut out = Vec::new();
        while size >= 128 {
            out.push((size & 0x7f) as u8 | 0x80);
            size >>= 7;
        }
        out.push(size as u8);
        out
    };
    let [low, high] = keep.to_le_bytes();
    let mut out = [
        size(base.len()),
        size(usize::from(keep) + text.len()),
        vec![0xb0, low, high],
    ]
    .concat();
    for piece in text.as_bytes().chunks(127) {
        out.push(piece.len() as u8);
        out.extend_from_slice(piece);
    }
    out
}

/// The content of a commit.
pub(super) fn commit(parents: &[&str], message: &str) -> Vec<u8> {
    let parents: String = parents
        .iter()
        .map(|parent| format!("parent {parent}\n"))
        .collect();
    let tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    let person = "A U Thor <author@example.com> 1112911993 -0700";
    format!("tree {tree}\n{parents}author {person}\ncommitter {person}\n\n{message}\n").into_bytes()
}

/// The id of a commit.
pub(super) fn commit_id(content: &[u8]) -> String {
    let mut hasher = gix_hash::hasher(gix_hash::Kind::Sha1);
    hasher.update(format!("commit {}\0", content.len()).as_bytes());
    hasher.update(content);
    hasher.try_finalize().unwrap().to_string()
}
