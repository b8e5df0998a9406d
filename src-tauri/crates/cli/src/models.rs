use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use desk::{ChosenModel, DeskError, KeyFrom, ModelRow, ModelTrial};
use llm::{Endpoint, Price, Provider, ToolMode};

use crate::{Failed, out, source};

/// Set up language models: where they are, which key opens them, what they can do.
#[derive(Args)]
pub struct Models {
    #[command(subcommand)]
    act: Option<Act>,
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Act {
    /// List them; contacts nothing.
    List,
    /// Set one up, or change it.
    Add(Box<Add>),
    /// Forget one, and its key.
    Remove { name: String },
    /// Put its key into the system's keyring (read from standard input), or say where it stands.
    Key {
        name: String,
        /// The environment variable that has it.
        #[arg(long, value_name = "VARIABLE", conflicts_with = "forget")]
        env: Option<String>,
        /// It has none any more.
        #[arg(long)]
        forget: bool,
    },
    /// Ask it small questions: whether it is there, and how it asks for calls.
    #[command(visible_alias = "probe")]
    Test {
        name: String,
        /// The key comes from standard input, for this time only.
        #[arg(long)]
        key_from_stdin: bool,
    },
}

#[derive(Args)]
struct Add {
    /// What you choose it by.
    name: String,
    /// open-ai, open-ai-responses, azure, anthropic, gemini, open-router, ollama, llama-cpp, lm-studio or vllm.
    #[arg(long, value_parser = provider)]
    provider: Provider,
    /// The provider's own name of the model; on Azure, of the deployment.
    #[arg(long)]
    model: String,
    /// Its address, where it is not the provider's usual one.
    #[arg(long, value_name = "URL")]
    base: Option<String>,
    /// The environment variable that has its key.
    #[arg(long, value_name = "VARIABLE")]
    env: Option<String>,
    /// It thinks before it answers.
    #[arg(long)]
    thinks: bool,
    /// How it asks for calls: native, schema or text. `caseboard models test` finds it out.
    #[arg(long, value_parser = mode)]
    tools: Option<ToolMode>,
    /// A certificate in PEM that is trusted for it.
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
    /// Dollars for a million tokens that it reads.
    #[arg(long, value_name = "DOLLARS", requires = "price_out")]
    price_in: Option<f64>,
    /// Dollars for a million tokens that it writes.
    #[arg(long, value_name = "DOLLARS", requires = "price_in")]
    price_out: Option<f64>,
    /// Dollars for a million tokens that it reads from its cache.
    #[arg(long, value_name = "DOLLARS", requires = "price_in")]
    price_cached: Option<f64>,
}

fn provider(word: &str) -> Result<Provider, String> {
    Provider::of_word(word).ok_or_else(|| {
        let words: Vec<&str> = Provider::ALL.iter().map(|provider| provider.word()).collect();
        format!("there are {}", words.join(", "))
    })
}

fn mode(word: &str) -> Result<ToolMode, String> {
    [ToolMode::Native, ToolMode::Schema, ToolMode::Text]
        .into_iter()
        .find(|mode| word_of(*mode) == word)
        .ok_or_else(|| "there are native, schema and text".to_owned())
}

fn word_of(mode: ToolMode) -> &'static str {
    match mode {
        ToolMode::Native => "native",
        ToolMode::Schema => "schema",
        ToolMode::Text => "text",
    }
}

impl Models {
    pub async fn run(self) -> Result<(), Failed> {
        let desk = source::desk(false, &[])?;
        let json = self.json;
        let rows = match self.act.unwrap_or(Act::List) {
            Act::List => desk.models()?,
            Act::Add(add) => desk.put_model(add.chosen()?)?,
            Act::Remove { name } => desk.remove_model(&name)?,
            Act::Key { name, env: Some(variable), .. } => {
                desk.point_model_key(&name, KeyFrom::Environment { variable })?
            }
            Act::Key { name, forget: true, .. } => desk.point_model_key(&name, KeyFrom::Nowhere)?,
            Act::Key { name, .. } => desk.put_model_key(&name, &read_key(&name)?)?,
            Act::Test { name, key_from_stdin } => {
                if key_from_stdin {
                    desk.put_model_key_for_now(&name, &read_key(&name)?)?;
                }
                out::say(&format!("asking `{name}`; nothing of a cluster is in the question"));
                let trial = desk.try_model(&name).await?;
                return if json { out::json(&trial) } else { show_trial(&name, &trial) };
            }
        };
        if json {
            return out::json(&rows);
        }
        if rows.is_empty() {
            out::say(
                "No model is set up; the built-in investigator needs none. `caseboard models add --help` says how.",
            );
        }
        rows.iter().for_each(show);
        Ok(())
    }
}

impl Add {
    fn chosen(self) -> Result<ChosenModel, Failed> {
        let base = self.base.or_else(|| self.provider.base().map(str::to_owned)).ok_or_else(|| Failed::Usage {
            what: "This provider is at everybody's own address.".into(),
            hint: "Give it with --base, such as https://NAME.openai.azure.com.".into(),
        })?;
        let price = self.price_in.zip(self.price_out).map(|(input, output)| Price {
            input: micro(input),
            cached: self.price_cached.map(micro),
            written: None,
            output: micro(output),
        });
        let key = match self.env {
            Some(variable) => KeyFrom::Environment { variable },
            None => KeyFrom::Nowhere,
        };
        Ok(ChosenModel {
            endpoint: Endpoint {
                name: self.name,
                provider: self.provider,
                base,
                model: self.model,
                tools: self.tools.unwrap_or_default(),
                thinks: self.thinks,
            },
            key,
            authority: self.authority,
            price,
        })
    }
}

fn micro(dollars: f64) -> u64 {
    (dollars.max(0.0) * 1e6).round() as u64
}

/// One line of standard input; on a terminal without showing it where that can be had.
fn read_key(name: &str) -> Result<String, Failed> {
    let is_terminal = std::io::stdin().is_terminal();
    let quiet = |on: bool| {
        let flag = if on { "-echo" } else { "echo" };
        is_terminal && std::process::Command::new("stty").arg(flag).status().is_ok_and(|status| status.success())
    };
    if is_terminal {
        out::say(&format!("The key of `{name}`, then Enter:"));
    }
    let hidden = quiet(true);
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if hidden {
        quiet(false);
    }
    match read {
        Ok(_) => Ok(line.trim().to_owned()),
        Err(error) => Err(Failed::Act(DeskError {
            code: "failed",
            what: format!("The key could not be read: {error}."),
            hint: "Give it on standard input.".into(),
        })),
    }
}

fn show(row: &ModelRow) {
    let ChosenModel { endpoint, key, .. } = &row.chosen;
    let key = match key {
        KeyFrom::Nowhere => "no key".to_owned(),
        KeyFrom::Keyring => "key in the keyring".to_owned(),
        KeyFrom::Environment { variable } => format!("key in ${variable}"),
    };
    let place = if row.is_local { "on this machine" } else { "leaves this machine" };
    out::line(&format!("{:<20} {} at {}", endpoint.name, endpoint.model, endpoint.base));
    out::line(&format!("{:<20} {}, {place}, {key}, calls: {}", "", endpoint.provider.word(), word_of(endpoint.tools)));
}

fn show_trial(name: &str, trial: &ModelTrial) -> Result<(), Failed> {
    for (mode, why) in &trial.tried {
        out::say(&format!("calls as {}: {why}", word_of(*mode)));
    }
    match trial.tools {
        Some(mode) => out::line(&format!("`{name}` answers, and asks for calls as {}; that is kept.", word_of(mode))),
        None => out::line(&format!("`{name}` answers, but asks for no calls: it cannot investigate.")),
    }
    let cost = trial.cost.map(|micro| format!(", ${:.4}", micro as f64 / 1e6)).unwrap_or_default();
    out::line(&format!("{} tokens read, {} written{cost}", trial.usage.input_tokens, trial.usage.output_tokens));
    if !trial.offered.is_empty() {
        out::line(&format!("its server has: {}", trial.offered.join(", ")));
    }
    Ok(())
}
