//! Proving lineage: is one commit reachable from another? One small request in version 2, a look into a pack in version 0.

use gitwire::ProtocolError;
use gitwire::pack::{ParentScan, ScanLimits, ScanState};

use super::{Dialect, Upload, Wanted};
use crate::decide::{Lineage, Question};
use crate::error::Fault;

impl Upload<'_> {
    /// Answers a question about two commits, with what this side knows. `commits` says that both are known to be commits, as all
    /// values of branches are; otherwise only a commit that names the ancestor as its parent is proof.
    pub(crate) async fn lineage(&self, question: Question, commits: bool) -> Result<Lineage, Fault> {
        match &self.dialect {
            Dialect::V2(_) if commits => match self.by_empty_pack(question).await? {
                Some(answer) => Ok(answer),
                None => self.by_parents(question).await,
            },
            Dialect::V2(_) | Dialect::V0(_) => self.by_parents(question).await,
        }
    }

    /// Answers a question about two commits where one small request does.
    pub(crate) async fn lineage_if_cheap(&self, question: Question) -> Result<Lineage, Fault> {
        match &self.dialect {
            Dialect::V2(_) => Ok(self.by_empty_pack(question).await?.unwrap_or(Lineage::Unproven)),
            Dialect::V0(_) => Ok(Lineage::Unproven),
        }
    }

    /// `want` the ancestor, `have` the descendant: an empty pack says that the descendant reaches it. Acknowledgments are no
    /// evidence of anything. `None` from a server that does not answer such a question.
    async fn by_empty_pack(&self, question: Question) -> Result<Option<Lineage>, Fault> {
        let wanted = Wanted::between(question.ancestor, question.descendant);
        let mut stream = match self.fetch(&wanted).await {
            Ok(stream) => stream,
            // The side does not have the ancestor at all.
            Err(Fault::Remote { message }) if message.contains("not our ref") => {
                return Ok(Some(Lineage::Rewrites));
            }
            // Some servers send only what a reference leads to, and check that in a way of their own.
            Err(Fault::Remote { message }) => {
                tracing::debug!(target: "refsync", "lineage: {message}");
                return Ok(None);
            }
            Err(fault) => return Err(fault),
        };
        if stream.objects() > 0 {
            return Ok(Some(Lineage::Rewrites));
        }
        while stream.next().await?.is_some() {}
        self.finish(stream).await;
        Ok(Some(Lineage::Descends))
    }

    /// Fetches forward from the ancestor and looks for a commit whose parent it is. All commits of that pack are reachable from
    /// the descendant, so one hit is proof.
    async fn by_parents(&self, question: Question) -> Result<Lineage, Fault> {
        let mut stream = self
            .fetch(&Wanted::between(question.descendant, question.ancestor))
            .await?;
        let mut scan = ParentScan::new(question.ancestor, self.format, ScanLimits::default());
        while let Some(bytes) = stream.next().await? {
            match scan.feed(&bytes) {
                Ok(ScanState::Found) => return Ok(Lineage::Descends),
                Ok(ScanState::GaveUp(reason)) => {
                    tracing::debug!(target: "refsync", "lineage: {reason}");
                    return Ok(Lineage::Unproven);
                }
                Ok(ScanState::NeedMore | ScanState::Absent) => {}
                Err(ProtocolError::Unexpected { .. }) => return Ok(Lineage::Unproven),
                Err(error) => return Err(error.into()),
            }
        }
        let answer = if scan.state() == ScanState::Absent {
            Lineage::Rewrites
        } else {
            Lineage::Unproven
        };
        self.finish(stream).await;
        Ok(answer)
    }
}
