use std::sync::Arc;

use async_trait::async_trait;
use gate::Permit;
use knowledge::HitKind;
use model::{Blueprint, Preview};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, count, cut_in_the_middle, written_down};
use crate::typed::Typed;
use crate::{Surroundings, ToolError};

const MOST: usize = 8;
/// So many pages are shown, the others only named.
const SHOWN_PAGES: usize = 3;
const PAGE_CHARACTERS: usize = 2_000;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Words, such as a failure mode's name or an error message.
    #[schemars(title = "Words", length(min = 1))]
    pub query: String,
}

pub(crate) struct KnowledgeSearch;

#[async_trait]
impl Typed for KnowledgeSearch {
    type Args = Args;
    const NAME: &'static str = "knowledge_search";
    const TITLE: &'static str = "Search the knowledge";
    const DESCRIPTION: &'static str = "Searches failure modes, articles, specialists and the team's blueprints.";

    fn consistent(args: &Args) -> Result<(), String> {
        if args.query.trim().is_empty() { Err("`query` is empty".into()) } else { Ok(()) }
    }

    fn would(&self, args: &Args, _surroundings: &Surroundings) -> Preview {
        Preview {
            does: format!("Searches the knowledge on this machine for `{}`.", args.query.trim()),
            diff: None,
            cost: "nothing: no cluster is asked".into(),
            undo: None,
        }
    }

    async fn answer(&self, args: Args, _permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let library = &surroundings.library;
        let hits = library.search(&args.query, MOST);
        let body = |kind: HitKind, id: &str| {
            let page = |a: &&Arc<knowledge::Article>| a.id == id;
            match kind {
                HitKind::FailureMode => library.failure_mode(id).map(|m| m.body.clone()),
                HitKind::Article => library.articles().find(page).map(|a| a.body.clone()),
                HitKind::Specialist => library.specialists().find(page).map(|a| a.body.clone()),
            }
        };
        let mut parts: Vec<String> = Vec::new();
        for hit in hits.iter().take(SHOWN_PAGES) {
            let text = body(hit.kind, &hit.id).unwrap_or_default();
            let text = cut_in_the_middle(text.trim(), PAGE_CHARACTERS).0;
            parts.push(format!("== {} ({})\n{text}", hit.title, word(hit.kind, &hit.id)));
        }
        let others: Vec<String> =
            hits.iter().skip(SHOWN_PAGES).map(|hit| format!("{} ({})", hit.title, word(hit.kind, &hit.id))).collect();
        if !others.is_empty() {
            parts.push(format!("Also: {}.", others.join(", ")));
        }
        let own = surroundings.desk.blueprints().map_err(|e| crate::answer::unstored(Self::NAME, &e))?;
        let blueprints: Vec<Blueprint> = library.blueprints().into_iter().chain(own).map(|v| v.blueprint).collect();
        let blueprints: Vec<String> = blueprints.iter().filter(|b| speaks_of(b, &args.query)).map(told).collect();
        parts.extend(blueprints.iter().cloned());

        let found = hits.len() + blueprints.len();
        let summary = match found {
            0 => format!("The knowledge has nothing about `{}`.", args.query.trim()),
            n => format!("{} about `{}`.", count(n, "entry", "entries"), args.query.trim()),
        };
        let mut answer = Answer::new(&summary);
        for part in &parts {
            answer = answer.part(part);
        }
        Ok(answer.resting_on(written_down(Self::NAME, &summary, &parts, surroundings)))
    }
}

fn word(kind: HitKind, id: &str) -> String {
    match kind {
        HitKind::FailureMode => format!("failure mode `{id}`"),
        HitKind::Article => format!("article `{id}`"),
        HitKind::Specialist => format!("specialist `{id}`"),
    }
}

fn speaks_of(blueprint: &Blueprint, query: &str) -> bool {
    let text =
        format!("{} {} {} {}", blueprint.name, blueprint.owner, blueprint.summary, blueprint.notes).to_lowercase();
    let odds = blueprint.odds.iter().map(|odds| odds.failure_mode.to_lowercase());
    let text = odds.fold(text, |text, mode| text + " " + &mode);
    query.split_whitespace().map(str::to_lowercase).any(|word| word.len() > 3 && text.contains(&word))
}

fn told(blueprint: &Blueprint) -> String {
    let mut text = format!("== Blueprint `{}` of {}\n{}", blueprint.name, blueprint.owner, blueprint.summary);
    for odds in &blueprint.odds {
        text.push_str(&format!("\n{} ×{}: {}", odds.failure_mode, odds.ratio, odds.because));
    }
    let notes = cut_in_the_middle(blueprint.notes.trim(), PAGE_CHARACTERS).0;
    if notes.is_empty() { text } else { format!("{text}\n{notes}") }
}
