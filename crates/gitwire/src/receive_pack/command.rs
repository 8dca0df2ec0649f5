//! Writes of references, each with the value that it replaces.

use crate::oid::{ObjectFormat, Oid};
use crate::refname::RefName;

/// What a reference must be at the moment of the write. The receiver refuses the write otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lease {
    /// It must not exist.
    Absent,
    /// It must have this value.
    At(Oid),
}

/// One write of a reference, always leased: there is no way to make one that says nothing about the old value.
///
/// ```compile_fail
/// let id = gitwire::parse_oid(&[b'a'; 40]).unwrap();
/// let name = gitwire::RefName::new("refs/heads/main").unwrap();
/// gitwire::receive_pack::Command { name, old: id, new: id };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    name: RefName,
    old: Oid,
    new: Oid,
}

/// Why there is no such command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// All zeros stand for "no such reference" on the wire: as the old value of a deletion they would delete whatever
    /// is there.
    #[error("the all-zero id is no value of a reference")]
    Null,
    /// The two values are of different formats.
    #[error("the old and the new value have different object formats")]
    Formats,
}

impl Command {
    /// Makes a reference that must not exist.
    pub fn create(name: RefName, new: Oid) -> Result<Self, CommandError> {
        Self::write(name, Lease::Absent, new)
    }

    /// Moves a reference that must be at `old`.
    pub fn update(name: RefName, old: Oid, new: Oid) -> Result<Self, CommandError> {
        Self::write(name, Lease::At(old), new)
    }

    /// Makes or moves a reference, by its lease.
    pub fn write(name: RefName, lease: Lease, new: Oid) -> Result<Self, CommandError> {
        let old = match lease {
            Lease::Absent => ObjectFormat::of(&new).null(),
            Lease::At(old) if old.is_null() => return Err(CommandError::Null),
            Lease::At(old) => old,
        };
        if new.is_null() {
            return Err(CommandError::Null);
        }
        if old.kind() != new.kind() {
            return Err(CommandError::Formats);
        }
        Ok(Self { name, old, new })
    }

    /// Deletes a reference that must be at `old`. Git holds to that only if the receiver has the object `old`, so it
    /// has to be the value that this receiver listed.
    pub fn delete(name: RefName, old: Oid) -> Result<Self, CommandError> {
        if old.is_null() {
            return Err(CommandError::Null);
        }
        Ok(Self {
            name,
            old,
            new: ObjectFormat::of(&old).null(),
        })
    }

    /// The reference.
    pub fn name(&self) -> &RefName {
        &self.name
    }

    /// The old value, all zeros if it must not exist.
    pub fn old_id(&self) -> Oid {
        self.old
    }

    /// The new value, all zeros if it is to be deleted.
    pub fn new_id(&self) -> Oid {
        self.new
    }

    /// What the reference must be.
    pub fn lease(&self) -> Lease {
        if self.old.is_null() {
            Lease::Absent
        } else {
            Lease::At(self.old)
        }
    }

    /// Whether the reference is deleted.
    pub fn is_delete(&self) -> bool {
        self.new.is_null()
    }

    /// Whether the reference is made.
    pub fn is_create(&self) -> bool {
        self.old.is_null()
    }
}
