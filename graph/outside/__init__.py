"""Who asks, by the word of others: a provider of tokens, a webhook, a proxy, or whoever starts a server at home."""
