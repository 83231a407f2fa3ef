"""A document prepared once: parsed, validated, priced, and asked which columns it needs. It knows no noun."""
