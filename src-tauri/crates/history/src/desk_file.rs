use std::path::Path;

use model::{Blueprint, BlueprintVersion, CaseEvent, CaseId, CaseSummary, Time, Written};

use crate::Result;

/// The desk's own file: cases with their hash-chained events, blueprints with their versions, settings.
/// `synchronous=FULL`: when an append returns, the facts are on the disk.
pub struct DeskFile {}

/// Proof that case events were committed. Only [`DeskFile::append`] makes one.
#[derive(Debug)]
pub struct Receipt {
    case: CaseId,
    first_seq: u64,
    last_seq: u64,
    head: String,
}

impl Receipt {
    pub fn case(&self) -> CaseId {
        self.case
    }
    pub fn first_seq(&self) -> u64 {
        self.first_seq
    }
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }
    /// The hash of the last event, which the next one continues.
    pub fn head(&self) -> &str {
        &self.head
    }
}

impl DeskFile {
    pub fn open(_path: &Path) -> Result<Self> {
        todo!()
    }
    pub fn in_memory() -> Result<Self> {
        todo!()
    }
    /// Appends in one transaction, each event chained to the one before it. The case begins with its first `Opened`.
    /// Refused as [`crate::Error::Duplicate`] where a revision of a call already has a decision or a start.
    pub fn append(&self, _case: CaseId, _facts: &[Written]) -> Result<Receipt> {
        todo!()
    }
    /// The events of a case in order, from `after` (0: all).
    pub fn events(&self, _case: CaseId, _after: u64) -> Result<Vec<CaseEvent>> {
        todo!()
    }
    /// All cases, last touched first.
    pub fn cases(&self) -> Result<Vec<CaseSummary>> {
        todo!()
    }
    /// Stores a new version; the same content again makes none and gives the current one.
    pub fn put_blueprint(&self, _author: &str, _at: Time, _blueprint: &Blueprint) -> Result<BlueprintVersion> {
        todo!()
    }
    /// The newest version of each blueprint, by name.
    pub fn blueprints(&self) -> Result<Vec<BlueprintVersion>> {
        todo!()
    }
    /// All versions of one blueprint, newest first.
    pub fn blueprint_versions(&self, _name: &str) -> Result<Vec<BlueprintVersion>> {
        todo!()
    }
    /// Removes it from [`DeskFile::blueprints`]; its versions stay.
    pub fn retire_blueprint(&self, _author: &str, _at: Time, _name: &str) -> Result<()> {
        todo!()
    }
    pub fn setting(&self, _key: &str) -> Result<Option<String>> {
        todo!()
    }
    pub fn set_setting(&self, _key: &str, _value: &str) -> Result<()> {
        todo!()
    }
    /// The path, `None` in memory.
    pub fn path(&self) -> Option<&Path> {
        todo!()
    }
}
