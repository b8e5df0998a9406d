use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use desk::DeskError;
use model::{Blueprint as Declared, BlueprintVersion, Scope};

use crate::source::Source;
use crate::{Failed, out, source};

/// What a team knows of its own system.
#[derive(Subcommand)]
pub enum Blueprint {
    /// List the blueprints.
    List {
        #[arg(long)]
        json: bool,
    },
    /// Print one.
    Show {
        name: String,
        /// As it was in this version, instead of the newest.
        #[arg(long)]
        version: Option<u32>,
        #[arg(long, value_enum, default_value_t = Format::Yaml)]
        format: Format,
    },
    /// Take blueprints from files: YAML, Markdown with front matter, or Backstage's catalogue. Each that changed becomes a
    /// new version.
    #[command(visible_alias = "put")]
    Import {
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Say what would be taken, and take nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Write blueprints: all, or those that are named.
    Export {
        names: Vec<String>,
        #[arg(long, value_enum, default_value_t = Format::Backstage)]
        format: Format,
        /// A file for Backstage's catalogue, a folder otherwise; without it, they are printed.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// List the versions of one, newest first.
    Versions { name: String },
    /// Show what changed between two versions; without numbers, the newest change.
    Diff { name: String, from: Option<u32>, to: Option<u32> },
    /// Put one out of use; its versions stay, and importing it brings it back.
    Retire { name: String },
    /// Compare with a cluster: dependencies that are declared and not seen, or seen and not declared, and invariants that do
    /// not hold. Exit 1 where there are any.
    Drift {
        #[command(flatten)]
        source: Source,
        /// Files to compare with, beside the blueprints of this desk.
        #[arg(long = "file", value_name = "FILE")]
        files: Vec<PathBuf>,
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Yaml,
    Markdown,
    Backstage,
}

impl Blueprint {
    pub async fn run(self) -> Result<(), Failed> {
        match self {
            Blueprint::List { json } => list(json),
            Blueprint::Show { name, version, format } => {
                let found = source::desk(false, &[])?.blueprint(&name, version)?;
                out::line(written(&found.blueprint, format).trim_end());
                Ok(())
            }
            Blueprint::Import { files, dry_run } => import(&files, dry_run),
            Blueprint::Export { names, format, out } => export(&names, format, out.as_deref()),
            Blueprint::Versions { name } => {
                let versions = source::desk(false, &[])?.blueprint_versions(&name)?;
                if versions.is_empty() {
                    return Err(DeskError::not_found(format!("The blueprint `{name}` has no versions here.")).into());
                }
                for version in versions {
                    out::line(&format!("v{:<4} {}  {}", version.version, version.at, version.author));
                }
                Ok(())
            }
            Blueprint::Diff { name, from, to } => {
                let diff = source::desk(false, &[])?.blueprint_diff(&name, from, to)?;
                if diff.is_empty() {
                    out::say("Nothing changed.");
                } else {
                    out::line(diff.trim_end());
                }
                Ok(())
            }
            Blueprint::Retire { name } => Ok(source::desk(false, &[])?.retire_blueprint(&name)?),
            Blueprint::Drift { source, files, json } => drift(&source, &files, json).await,
        }
    }
}

fn list(json: bool) -> Result<(), Failed> {
    let blueprints = source::desk(false, &[])?.blueprint_list()?;
    if json {
        return out::json(&blueprints);
    }
    for BlueprintVersion { version, blueprint, .. } in blueprints {
        let scope = match &blueprint.scope {
            None | Some(Scope::Fleet) => "fleet".to_owned(),
            Some(Scope::Cluster { cluster }) => format!("cluster {cluster}"),
            Some(Scope::Namespace { namespace }) => format!("namespace {namespace}"),
            Some(Scope::Workload { namespace, kind, name }) => format!("{kind}/{namespace}/{name}"),
        };
        out::line(&format!("{:<28} v{version:<4} {scope:<40} {}", blueprint.name, blueprint.owner));
    }
    Ok(())
}

fn written(blueprint: &Declared, format: Format) -> String {
    match format {
        Format::Yaml => knowledge::write_blueprint(blueprint, false),
        Format::Markdown => knowledge::write_blueprint(blueprint, true),
        Format::Backstage => knowledge::write_catalogue(std::slice::from_ref(blueprint)),
    }
}

/// Blueprints of files; what cannot be taken is said, and fails at the end.
fn read(files: &[PathBuf]) -> Result<(Vec<Declared>, bool), Failed> {
    let (mut blueprints, mut whole) = (Vec::new(), true);
    for file in files {
        let text = std::fs::read_to_string(file).map_err(|error| DeskError {
            code: "not_found",
            what: format!("Could not read `{}`: {error}.", file.display()),
            hint: "Check the path.".into(),
        })?;
        let path = file.display().to_string();
        if text.lines().any(|line| line.trim_start().starts_with("apiVersion: backstage.io/")) {
            let catalogue = knowledge::read_catalogue(&path, &text);
            for issue in &catalogue.issues {
                out::say(&format!("caseboard: {issue}"));
            }
            blueprints.extend(catalogue.blueprints);
        } else {
            match knowledge::read_blueprint(&text) {
                Ok(blueprint) => blueprints.push(blueprint),
                Err(mut issue) => {
                    issue.path = path;
                    whole = false;
                    out::say(&format!("caseboard: {issue}"));
                }
            }
        }
    }
    Ok((blueprints, whole))
}

fn import(files: &[PathBuf], dry_run: bool) -> Result<(), Failed> {
    let (blueprints, mut whole) = read(files)?;
    let desk = source::desk(dry_run, &[])?;
    for blueprint in blueprints {
        match desk.put_blueprint(&blueprint) {
            Ok(_) if dry_run => out::line(&blueprint.name),
            Ok(stored) => out::line(&format!("{} v{}", blueprint.name, stored.version)),
            Err(error) => {
                whole = false;
                out::say(&format!("caseboard: `{}`: {error}", blueprint.name));
            }
        }
    }
    if whole { Ok(()) } else { Err(Failed::Silent) }
}

fn export(names: &[String], format: Format, target: Option<&Path>) -> Result<(), Failed> {
    let desk = source::desk(false, &[])?;
    let all: Vec<Declared> = match names {
        [] => desk.blueprint_list()?.into_iter().map(|v| v.blueprint).collect(),
        names => names.iter().map(|n| Ok(desk.blueprint(n, None)?.blueprint)).collect::<Result<_, DeskError>>()?,
    };
    let Some(target) = target else {
        let text = match format {
            Format::Backstage => knowledge::write_catalogue(&all),
            _ => all.iter().map(|blueprint| written(blueprint, format)).collect::<Vec<_>>().join("\n"),
        };
        out::line(text.trim_end());
        return Ok(());
    };
    let write = |path: &Path, text: &str| {
        std::fs::write(path, text).map_err(|error| DeskError {
            code: "failed",
            what: format!("Could not write `{}`: {error}.", path.display()),
            hint: "Choose a folder that you can write to.".into(),
        })
    };
    if format == Format::Backstage {
        write(target, &knowledge::write_catalogue(&all))?;
        return Ok(());
    }
    let ending = if format == Format::Markdown { "md" } else { "yaml" };
    std::fs::create_dir_all(target).map_err(|error| DeskError {
        code: "failed",
        what: format!("Could not make the folder `{}`: {error}.", target.display()),
        hint: "Choose a place that you can write to.".into(),
    })?;
    for blueprint in &all {
        // A name is no path.
        let name: String =
            blueprint.name.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
        let path = target.join(format!("{}.{ending}", name.trim_start_matches('.')));
        write(&path, &written(blueprint, format))?;
        out::line(&path.display().to_string());
    }
    Ok(())
}

async fn drift(source: &Source, files: &[PathBuf], json: bool) -> Result<(), Failed> {
    let (blueprints, whole) = read(files)?;
    if !whole {
        return Err(Failed::Silent);
    }
    let opened = source.open().await?;
    // What is looked at in memory knows nothing: the blueprints of this machine are brought along.
    if source.is_aside() {
        for own in source::desk(false, &[])?.blueprint_list()?.into_iter().filter(|own| own.version > 0) {
            opened.desk.put_blueprint(&own.blueprint)?;
        }
    }
    let kept = opened.desk.blueprint_list()?;
    for blueprint in &blueprints {
        if !source.is_aside() && !kept.iter().any(|known| known.blueprint == *blueprint) {
            let what = format!("`{}` is not a blueprint of this desk as the file has it.", blueprint.name);
            return Err(DeskError { code: "bad_request", what, hint: "Import it first.".into() }.into());
        }
        opened.desk.put_blueprint(blueprint)?;
    }
    let drift = opened.desk.blueprint_drift(&opened.cluster)?;
    if json {
        out::json(&drift)?;
    } else if drift.is_empty() {
        out::line("Nothing differs from what the blueprints say.");
    } else {
        for one in &drift {
            out::line(&one.in_words());
        }
    }
    let known = |one: &desk::Drift| !matches!(one, desk::Drift::Invariant { unknown: true, .. });
    if drift.iter().any(known) { Err(Failed::Silent) } else { Ok(()) }
}
