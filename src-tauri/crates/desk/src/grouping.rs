//! How engineers want signals grouped: what was split, merged and pinned once is so from then on.

use model::{ClusterId, Grouping, GroupingRule, ObjectRef};
use serde::{Deserialize, Serialize};

use crate::rows::Update;
use crate::{Desk, DeskError};

const SETTING: &str = "grouping";

#[derive(Default, Serialize, Deserialize)]
struct Kept {
    /// The last number that was given.
    last: u32,
    rules: Vec<GroupingRule>,
}

impl Desk {
    /// Every rule, oldest first.
    pub fn grouping_rules(&self) -> Result<Vec<GroupingRule>, DeskError> {
        Ok(self.kept_grouping()?.rules)
    }

    /// Keeps a decision as a rule; the opposite rule about the same objects ends. The same decision again makes no second
    /// rule.
    pub fn add_grouping(
        &self,
        cluster: Option<ClusterId>,
        grouping: Grouping,
        because: &str,
    ) -> Result<Vec<GroupingRule>, DeskError> {
        self.decide_grouping(cluster, grouping, "", because)?;
        self.grouping_rules()
    }

    /// As [`Desk::add_grouping`], about an incident of this title; gives the rule's number, also where it was there before.
    pub(crate) fn decide_grouping(
        &self,
        cluster: Option<ClusterId>,
        grouping: Grouping,
        title: &str,
        because: &str,
    ) -> Result<u32, DeskError> {
        if let Grouping::Merge { one, other } | Grouping::Split { one, other } = &grouping
            && one == other
        {
            return Err(DeskError::bad_request(format!("`{one}` is one object."), "Name two objects."));
        }
        let mut kept = self.kept_grouping()?;
        let same = |rule: &GroupingRule| rule.cluster == cluster && about(&rule.grouping) == about(&grouping);
        if let Some(rule) = kept.rules.iter().find(|rule| same(rule) && alike(&rule.grouping, &grouping)) {
            return Ok(rule.number);
        }
        kept.rules.retain(|rule| !same(rule));
        kept.last += 1;
        let by = self.engineer_name();
        let (title, because) = (title.to_owned(), because.trim().to_owned());
        kept.rules.push(GroupingRule {
            number: kept.last,
            cluster,
            grouping,
            title,
            because,
            by,
            at: self.clock.now(),
        });
        self.keep_grouping(&kept)?;
        Ok(kept.last)
    }

    /// Ends a rule; signals are grouped as the graph says again.
    pub fn forget_grouping(&self, number: u32) -> Result<Vec<GroupingRule>, DeskError> {
        let mut kept = self.kept_grouping()?;
        let before = kept.rules.len();
        kept.rules.retain(|rule| rule.number != number);
        if kept.rules.len() == before {
            return Err(DeskError::not_found(format!("There is no grouping rule {number}.")));
        }
        self.keep_grouping(&kept)?;
        Ok(kept.rules)
    }

    /// What holds for one cluster.
    pub(crate) fn grouping_of(&self, cluster: &ClusterId) -> Result<Vec<Grouping>, DeskError> {
        Ok(self.rules_of(cluster)?.into_iter().map(|rule| rule.grouping).collect())
    }

    /// The rules that hold for one cluster, oldest first.
    pub(crate) fn rules_of(&self, cluster: &ClusterId) -> Result<Vec<GroupingRule>, DeskError> {
        let mut rules = self.kept_grouping()?.rules;
        rules.retain(|rule| rule.cluster.as_ref().is_none_or(|only| only == cluster));
        Ok(rules)
    }

    /// Ends the rules about which `ended` says so.
    pub(crate) fn end_grouping(&self, ended: impl Fn(&GroupingRule) -> bool) -> Result<(), DeskError> {
        let mut kept = self.kept_grouping()?;
        let before = kept.rules.len();
        kept.rules.retain(|rule| !ended(rule));
        if kept.rules.len() == before { Ok(()) } else { self.keep_grouping(&kept) }
    }

    fn kept_grouping(&self) -> Result<Kept, DeskError> {
        let Some(text) = self.file.setting(SETTING)? else { return Ok(Kept::default()) };
        serde_json::from_str(&text).map_err(|error| DeskError {
            code: "damaged",
            what: format!("The grouping rules of this desk cannot be read: {error}."),
            hint: "Restore the desk's file from a backup, or add the rules again.".into(),
        })
    }

    fn keep_grouping(&self, kept: &Kept) -> Result<(), DeskError> {
        let text = serde_json::to_string(kept).map_err(|error| DeskError {
            code: "failed",
            what: format!("The grouping rules could not be written: {error}."),
            hint: "Please report this.".into(),
        })?;
        self.file.set_setting(SETTING, &text)?;
        self.forget_looks();
        self.tell(Update::ClustersChanged);
        Ok(())
    }
}

/// The objects of a decision in one order, with what it is about them; decisions about the same do not stand side by side.
fn about(grouping: &Grouping) -> (u8, Vec<(&ObjectRef, &[String])>) {
    match grouping {
        Grouping::Merge { one, other } | Grouping::Split { one, other } => {
            (0, vec![(one.min(other), &[]), (one.max(other), &[])])
        }
        Grouping::Pin { object } => (1, vec![(object, &[])]),
        Grouping::Apart { these } => (2, these.iter().map(|t| (&t.object, t.signals.as_slice())).collect()),
    }
}

fn alike(one: &Grouping, other: &Grouping) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests;
