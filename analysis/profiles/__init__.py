"""What sports and exercises make usual, as sourced TOML: never what is good or bad."""

from analysis.profiles.library import candidates, find_profile, known_sports
from analysis.profiles.sport import Expectation, Profile, parse_profile

__all__ = ["Expectation", "Profile", "candidates", "find_profile", "known_sports", "parse_profile"]
