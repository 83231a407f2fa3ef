"""API keys in an application whose users are known from outside."""
