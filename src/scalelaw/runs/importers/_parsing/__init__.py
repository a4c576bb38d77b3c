"""What several importers share: logged series, printed logs, presets of trainers, SQLite and protocol buffers."""
