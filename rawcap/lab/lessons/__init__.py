"""The lessons: a module with the calls and a TOML file with the words for each."""
