use serde::{Deserialize, Serialize};

/// Where a model is and how it is spoken to. It holds no key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// What a person chooses it by.
    pub name: String,
    pub provider: Provider,
    /// An address as the provider's own documentation gives it, `https://api.openai.com/v1`.
    pub base: String,
    /// As the provider calls it; on Azure, the deployment.
    pub model: String,
    #[serde(default)]
    pub tools: ToolMode,
    /// Whether it thinks before it answers, and may be told how long.
    #[serde(default)]
    pub thinks: bool,
}

/// Who answers. What differs among those that speak one format is in [`crate::encode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    OpenAi,
    OpenAiResponses,
    Azure,
    Anthropic,
    Gemini,
    OpenRouter,
    Ollama,
    LlamaCpp,
    LmStudio,
    Vllm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Chat,
    Responses,
    Messages,
    Gemini,
}

/// How a model asks for calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToolMode {
    /// In the format's own way.
    #[default]
    Native,
    /// As JSON that the server holds to a schema.
    Schema,
    /// As JSON in its text, without any help of the server.
    Text,
}

impl Provider {
    pub const ALL: [Provider; 10] = [
        Provider::OpenAi,
        Provider::OpenAiResponses,
        Provider::Azure,
        Provider::Anthropic,
        Provider::Gemini,
        Provider::OpenRouter,
        Provider::Ollama,
        Provider::LlamaCpp,
        Provider::LmStudio,
        Provider::Vllm,
    ];

    /// The word for it in settings and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Provider::OpenAi => "open-ai",
            Provider::OpenAiResponses => "open-ai-responses",
            Provider::Azure => "azure",
            Provider::Anthropic => "anthropic",
            Provider::Gemini => "gemini",
            Provider::OpenRouter => "open-router",
            Provider::Ollama => "ollama",
            Provider::LlamaCpp => "llama-cpp",
            Provider::LmStudio => "lm-studio",
            Provider::Vllm => "vllm",
        }
    }

    pub fn of_word(word: &str) -> Option<Provider> {
        Provider::ALL.into_iter().find(|provider| provider.word() == word)
    }

    pub fn format(self) -> Format {
        match self {
            Provider::OpenAiResponses => Format::Responses,
            Provider::Anthropic => Format::Messages,
            Provider::Gemini => Format::Gemini,
            Provider::OpenAi
            | Provider::Azure
            | Provider::OpenRouter
            | Provider::Ollama
            | Provider::LlamaCpp
            | Provider::LmStudio
            | Provider::Vllm => Format::Chat,
        }
    }

    /// Where it is unless somebody says otherwise. Azure is at everybody's own address.
    pub fn base(self) -> Option<&'static str> {
        match self {
            Provider::OpenAi | Provider::OpenAiResponses => Some("https://api.openai.com/v1"),
            Provider::Azure => None,
            Provider::Anthropic => Some("https://api.anthropic.com/v1"),
            Provider::Gemini => Some("https://generativelanguage.googleapis.com/v1beta"),
            Provider::OpenRouter => Some("https://openrouter.ai/api/v1"),
            Provider::Ollama => Some("http://127.0.0.1:11434/v1"),
            Provider::LlamaCpp => Some("http://127.0.0.1:8080/v1"),
            Provider::LmStudio => Some("http://127.0.0.1:1234/v1"),
            Provider::Vllm => Some("http://127.0.0.1:8000/v1"),
        }
    }

    /// The environment variable that its own programs read the key from.
    pub fn variable(self) -> Option<&'static str> {
        match self {
            Provider::OpenAi | Provider::OpenAiResponses => Some("OPENAI_API_KEY"),
            Provider::Azure => Some("AZURE_OPENAI_API_KEY"),
            Provider::Anthropic => Some("ANTHROPIC_API_KEY"),
            Provider::Gemini => Some("GEMINI_API_KEY"),
            Provider::OpenRouter => Some("OPENROUTER_API_KEY"),
            Provider::Ollama | Provider::LlamaCpp | Provider::LmStudio | Provider::Vllm => None,
        }
    }

    /// The header that carries the key, and what stands before it there.
    pub(crate) fn key_header(self) -> (&'static str, &'static str) {
        match self {
            Provider::Azure => ("api-key", ""),
            Provider::Anthropic => ("x-api-key", ""),
            Provider::Gemini => ("x-goog-api-key", ""),
            Provider::OpenAi
            | Provider::OpenAiResponses
            | Provider::OpenRouter
            | Provider::Ollama
            | Provider::LlamaCpp
            | Provider::LmStudio
            | Provider::Vllm => ("authorization", "Bearer "),
        }
    }

    /// Whether it says what each answer cost.
    pub fn tells_cost(self) -> bool {
        self == Provider::OpenRouter
    }

    /// What its server can hold an answer's JSON to.
    pub fn keeps_schemas(self) -> bool {
        self.format() != Format::Messages
    }
}

impl Endpoint {
    /// The server's name or address, as in its URL.
    pub fn host(&self) -> &str {
        let rest = self.base.split_once("://").map_or(self.base.as_str(), |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let authority = authority.rsplit('@').next().unwrap_or_default();
        match authority.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        }
    }

    /// Whether it is on this machine: what is asked there does not leave.
    pub fn is_local(&self) -> bool {
        let host = self.host();
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Who made an answer: only it can read its own signatures.
    pub(crate) fn maker(&self) -> String {
        format!("{} {} {}", self.provider.word(), self.host(), self.model)
    }

    pub(crate) fn url(&self) -> String {
        let base = self.base.trim().trim_end_matches('/');
        match self.provider {
            Provider::Azure if !base.ends_with("/v1") => {
                format!("{base}/openai/deployments/{}/chat/completions?api-version=2024-10-21", self.model)
            }
            Provider::Anthropic if !base.ends_with("/v1") => format!("{base}/v1/messages"),
            provider => match provider.format() {
                Format::Chat => format!("{base}/chat/completions"),
                Format::Responses => format!("{base}/responses"),
                Format::Messages => format!("{base}/messages"),
                Format::Gemini => format!("{base}/models/{}:streamGenerateContent?alt=sse", self.model),
            },
        }
    }

    /// Where the server lists its models.
    pub(crate) fn models_url(&self) -> String {
        let base = self.base.trim().trim_end_matches('/');
        match self.provider {
            Provider::Anthropic if !base.ends_with("/v1") => format!("{base}/v1/models"),
            Provider::Azure if !base.ends_with("/v1") => format!("{base}/openai/models?api-version=2024-10-21"),
            _ => format!("{base}/models"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(provider: Provider, base: &str) -> Endpoint {
        Endpoint {
            name: "x".into(),
            provider,
            base: base.into(),
            model: "m".into(),
            tools: ToolMode::Native,
            thinks: false,
        }
    }

    #[test]
    fn only_what_stays_on_this_machine_is_local() {
        for base in ["http://127.0.0.1:8080/v1", "http://localhost:1/v1", "http://[::1]:8080", "http://127.9.9.9"] {
            assert!(at(Provider::LlamaCpp, base).is_local(), "{base}");
        }
        for base in ["http://10.0.0.7:8080", "https://localhost.example.com", "https://127.0.0.1@evil.example/v1", ""] {
            assert!(!at(Provider::LlamaCpp, base).is_local(), "{base}");
        }
    }

    #[test]
    fn every_provider_has_a_word_and_an_address_of_its_format() {
        for provider in Provider::ALL {
            assert_eq!(Provider::of_word(provider.word()), Some(provider));
            let base = provider.base().unwrap_or("https://x.openai.azure.com");
            let url = at(provider, base).url();
            let end = match provider.format() {
                Format::Chat => "/chat/completions",
                Format::Responses => "/responses",
                Format::Messages => "/v1/messages",
                Format::Gemini => "/models/m:streamGenerateContent",
            };
            assert!(url.split('?').next().is_some_and(|path| path.ends_with(end)), "{url}");
        }
        assert_eq!(at(Provider::Anthropic, "https://a.example/").url(), "https://a.example/v1/messages");
    }
}
