"""Sports and exercises as sourced TOML."""
