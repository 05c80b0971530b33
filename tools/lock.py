"""Lock requirements/*.in with hashes; no address of a registry and no path may reach the files."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "requirements"
FLAGS = [
    "--quiet",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-header",
    "--no-annotate",
    "--strip-extras",
    "--allow-unsafe",
]


def main() -> None:
    for name in ("base", "demo", "dev"):
        subprocess.run(
            [
                sys.executable,
                "-m",
                "piptools",
                "compile",
                *FLAGS,
                "--pip-args",
                "--only-binary :all:",
                "--output-file",
                f"{name}.txt",
                f"{name}.in",
            ],
            check=True,
            cwd=FOLDER,
        )  # fmt: skip — one command line
        print(f"requirements/{name}.txt is locked.")


if __name__ == "__main__":
    main()
