"""Shared parts of importers: logged series, printed logs, presets of trainers, SQLite and protocol buffers."""
