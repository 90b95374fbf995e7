//! Which services of artificial intelligence take what people type or upload, by the host that is spoken to?
//!
//! Hosts as their vendors document them for users and firewalls (2026). A tenant adds its own by handing in any name
//! it likes; this list only saves typing. O(list) a host.

/// Suffixes of hosts, and the service they belong to.
const SERVICES: [(&str, &str); 34] = [
    ("openai.com", "OpenAI"),
    ("chatgpt.com", "OpenAI"),
    ("oaiusercontent.com", "OpenAI"),
    ("openai.azure.com", "Azure OpenAI"),
    ("services.ai.azure.com", "Azure AI Foundry"),
    ("anthropic.com", "Anthropic"),
    ("claude.ai", "Anthropic"),
    ("gemini.google.com", "Google Gemini"),
    ("aistudio.google.com", "Google Gemini"),
    ("generativelanguage.googleapis.com", "Google Gemini"),
    ("aiplatform.googleapis.com", "Google Vertex AI"),
    ("notebooklm.google.com", "Google NotebookLM"),
    ("copilot.microsoft.com", "Microsoft Copilot"),
    ("sydney.bing.com", "Microsoft Copilot"),
    ("githubcopilot.com", "GitHub Copilot"),
    ("mistral.ai", "Mistral"),
    ("deepseek.com", "DeepSeek"),
    ("perplexity.ai", "Perplexity"),
    ("x.ai", "xAI"),
    ("grok.com", "xAI"),
    ("meta.ai", "Meta AI"),
    ("cohere.com", "Cohere"),
    ("cohere.ai", "Cohere"),
    ("groq.com", "Groq"),
    ("together.ai", "Together"),
    ("openrouter.ai", "OpenRouter"),
    ("replicate.com", "Replicate"),
    ("huggingface.co", "Hugging Face"),
    ("poe.com", "Poe"),
    ("character.ai", "Character.AI"),
    ("cursor.sh", "Cursor"),
    ("codeium.com", "Codeium"),
    ("moonshot.cn", "Moonshot"),
    ("dashscope.aliyuncs.com", "Qwen"),
];

/// The service of artificial intelligence behind `host`, when it is a known one.
///
/// ```
/// use homeostat_baseline::ai_service;
/// assert_eq!(ai_service("API.OpenAI.com"), Some("OpenAI"));
/// assert_eq!(ai_service("bedrock-runtime.eu-central-1.amazonaws.com"), Some("Amazon Bedrock"));
/// assert_eq!(ai_service("notopenai.com"), None);
/// ```
pub fn ai_service(host: &str) -> Option<&'static str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_below = |suffix: &str| {
        let Some(at) = host.len().checked_sub(suffix.len()) else { return false };
        let ends = host.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(suffix));
        ends && (at == 0 || host.get(..at).is_some_and(|left| left.ends_with('.')))
    };
    let is_bedrock = is_below("amazonaws.com")
        && host
            .split('.')
            .next()
            .is_some_and(|label| label.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bedrock")));
    if is_bedrock {
        return Some("Amazon Bedrock");
    }
    SERVICES.iter().find(|(suffix, _)| is_below(suffix)).map(|(_, service)| *service)
}
