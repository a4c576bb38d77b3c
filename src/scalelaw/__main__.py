"""``python -m scalelaw`` runs the command line."""

from scalelaw.cli.main import app

if __name__ == "__main__":
    app(prog_name="scalelaw")
