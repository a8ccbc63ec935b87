//! What a plugin is about.

use one_ontology::vocabulary;

vocabulary! {
    /// What a plugin is about; names that are not listed are kept.
    open Category {
        /// Reads from and writes to chains, wallets, tokens.
        Blockchain = "blockchain",
        /// Keeps and finds documents and memories.
        Knowledge = "knowledge",
        /// Talks to people: Discord, Telegram, mail.
        Client = "client",
        /// Opens web pages.
        Browser = "browser",
        /// Brings language models.
        Llm = "llm" | "LLM" | "model",
        /// Gives agents facts.
        Provider = "provider",
        /// Judges what agents do.
        Evaluator = "evaluator",
        /// Connects a database.
        Adapter = "adapter",
        /// Does work in the background.
        Service = "service",
        /// Nothing that it says tells.
        Uncategorized = "uncategorized" | "other",
    }
}

/// The rule: the words that speak for a category, categories in order of precedence.
const RULE: &[(Category, &[&str])] = &[
    (
        Category::Adapter,
        &[
            "adapter", "database", "sql", "postgres", "pglite", "sqlite", "mongodb", "mysql",
            "supabase", "qdrant",
        ],
    ),
    (
        Category::Browser,
        &[
            "browser",
            "playwright",
            "puppeteer",
            "chromium",
            "scraper",
            "scraping",
        ],
    ),
    (
        Category::Client,
        &[
            "client",
            "connector",
            "discord",
            "telegram",
            "twitter",
            "slack",
            "whatsapp",
            "farcaster",
            "mattermost",
            "instagram",
            "bluesky",
            "lens",
            "email",
            "gmail",
            "imessage",
            "matrix",
            "signal",
            "nostr",
            "xmtp",
            "line",
            "feishu",
            "messaging",
            "chat",
            "social",
        ],
    ),
    (
        Category::Llm,
        &[
            "llm",
            "openai",
            "anthropic",
            "groq",
            "ollama",
            "openrouter",
            "gemini",
            "genai",
            "bedrock",
            "mistral",
            "deepseek",
            "litellm",
            "llama",
            "model",
            "models",
            "inference",
            "embedding",
            "embeddings",
            "gpt",
            "claude",
            "xai",
            "grok",
            "tts",
            "livepeer",
            "vertex",
            "zai",
        ],
    ),
    (
        Category::Knowledge,
        &[
            "knowledge",
            "rag",
            "memory",
            "documents",
            "pdf",
            "notion",
            "obsidian",
            "retrieval",
            "wiki",
        ],
    ),
    (
        Category::Blockchain,
        &[
            "blockchain",
            "web3",
            "crypto",
            "solana",
            "evm",
            "ethereum",
            "bitcoin",
            "wallet",
            "token",
            "tokens",
            "defi",
            "nft",
            "dex",
            "swap",
            "chain",
            "onchain",
            "defillama",
            "coingecko",
            "coinmarketcap",
            "polymarket",
            "binance",
            "base",
            "polygon",
            "avalanche",
            "sui",
            "aptos",
            "ton",
            "near",
            "cosmos",
            "starknet",
            "zksync",
            "tron",
            "trading",
            "staking",
            "bridge",
            "x402",
            "hyperliquid",
            "jupiter",
            "birdeye",
            "lightning",
        ],
    ),
    (
        Category::Evaluator,
        &["evaluator", "evaluators", "trust", "moderation", "goals"],
    ),
    (
        Category::Provider,
        &[
            "provider",
            "providers",
            "search",
            "news",
            "weather",
            "giphy",
            "market",
            "oracle",
            "feed",
            "analytics",
        ],
    ),
    (
        Category::Service,
        &[
            "service",
            "services",
            "cron",
            "scheduling",
            "scheduler",
            "shell",
            "mcp",
            "todo",
            "form",
            "forms",
            "github",
            "storage",
            "s3",
            "video",
            "image",
            "transcription",
            "planning",
        ],
    ),
];

/// Words that every plugin's name holds and that say nothing.
const NOISE: &[&str] = &[
    "plugin", "plugins", "elizaos", "eliza", "ai", "agent", "agents", "os",
];

/// Words that speak for a category in a name and say nothing in a sentence.
const VAGUE: &[&str] = &[
    "base",
    "chain",
    "chat",
    "form",
    "forms",
    "feed",
    "line",
    "model",
    "models",
    "near",
    "provider",
    "providers",
    "search",
    "service",
    "services",
    "signal",
    "sui",
    "ton",
    "video",
    "image",
    "bridge",
    "lens",
    "market",
    "matrix",
];

/// Every category that `name` (without its scope) or one of `keywords` speaks for, the weightiest
/// first: what the name says, in the order of its words; then what the keywords say, in theirs.
/// Where neither says anything, the one that most words of the description speak for. Never empty.
pub(crate) fn categories(
    name: &str,
    keywords: &[String],
    description: Option<&str>,
) -> Vec<Category> {
    let mut found: Vec<Category> = Vec::new();
    let bare = name.rsplit('/').next().unwrap_or(name);
    // `client-discord` and `adapter-postgres` say by their first word what they are.
    let texts = std::iter::once(bare).chain(keywords.iter().map(String::as_str));
    for text in texts {
        for word in text.split(|c: char| !c.is_alphanumeric()) {
            let word = word.to_lowercase();
            if word.is_empty() || NOISE.contains(&word.as_str()) {
                continue;
            }
            for (category, words) in RULE {
                if words.contains(&word.as_str()) && !found.contains(category) {
                    found.push(category.clone());
                }
            }
        }
    }
    if found.is_empty() {
        found.push(described(description.unwrap_or_default()));
    }
    found.truncate(4);
    found
}

/// The category that most words of a description speak for, the first of equals.
fn described(description: &str) -> Category {
    let words: Vec<String> = description
        .split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .filter(|word| !VAGUE.contains(&word.as_str()))
        .collect();
    let mut best = (0, &Category::Uncategorized);
    for (category, speaking) in RULE {
        let count = words
            .iter()
            .filter(|word| speaking.contains(&word.as_str()))
            .count();
        if count > best.0 {
            best = (count, category);
        }
    }
    best.1.clone()
}
