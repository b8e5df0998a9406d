//! The team's own blueprints: versioned in the desk's file.

use model::{Author, Blueprint, BlueprintVersion};

use crate::rows::Update;
use crate::{Desk, DeskError};

impl Desk {
    /// The newest version of each blueprint, the library's own among them (version 0).
    pub fn blueprint_list(&self) -> Result<Vec<BlueprintVersion>, DeskError> {
        let own = self.file.blueprints()?;
        let mut list: Vec<BlueprintVersion> = self
            .library()
            .blueprints()
            .into_iter()
            .filter(|file| own.iter().all(|version| version.blueprint.name != file.blueprint.name))
            .collect();
        list.extend(own);
        list.sort_by(|a, b| a.blueprint.name.cmp(&b.blueprint.name));
        Ok(list)
    }

    /// Checks a blueprint and stores it as a new version.
    pub fn put_blueprint(&self, blueprint: &Blueprint) -> Result<BlueprintVersion, DeskError> {
        knowledge::check_blueprint(blueprint).map_err(|issue| DeskError::bad_request(issue.to_string(), issue.hint))?;
        let author = match self.engineer() {
            Author::Engineer { name } => name,
            _ => "engineer".into(),
        };
        let version = self.file.put_blueprint(&author, self.clock.now(), blueprint)?;
        self.forget_looks();
        self.tell(Update::BlueprintsChanged);
        Ok(version)
    }

    /// The same from YAML or from Markdown with YAML front matter; what is wrong is said with its line.
    pub fn put_blueprint_yaml(&self, text: &str) -> Result<BlueprintVersion, DeskError> {
        let blueprint =
            knowledge::read_blueprint(text).map_err(|issue| DeskError::bad_request(issue.to_string(), issue.hint))?;
        self.put_blueprint(&blueprint)
    }

    pub fn blueprint_versions(&self, name: &str) -> Result<Vec<BlueprintVersion>, DeskError> {
        Ok(self.file.blueprint_versions(name)?)
    }

    pub fn retire_blueprint(&self, name: &str) -> Result<(), DeskError> {
        let author = match self.engineer() {
            Author::Engineer { name } => name,
            _ => "engineer".into(),
        };
        self.file.retire_blueprint(&author, self.clock.now(), name)?;
        self.forget_looks();
        self.tell(Update::BlueprintsChanged);
        Ok(())
    }
}
