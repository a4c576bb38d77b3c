"""Projects: folders whose ``scalelaw.toml`` describes how to read, fit and plan from runs."""
