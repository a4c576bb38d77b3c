"""Projects: a folder whose ``scalelaw.toml`` says how runs are read, fitted and planned from."""
