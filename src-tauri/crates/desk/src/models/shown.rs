use crate::Desk;
use crate::rows::Leaves;

impl Desk {
    /// What left for the model of a case last.
    pub fn leaves(&self, case: model::CaseId) -> Leaves {
        let text = self.what_left(case);
        Leaves { bytes: text.as_ref().map_or(0, |text| text.len() as u64), text }
    }
}
