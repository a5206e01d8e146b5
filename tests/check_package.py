"""Checkout → wheel and sdist, each installed away from the checkout and asked a question. Run by `make package`."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
QUESTION = "Combien de sorties ont été effectuées en 11 jours ?"
EXPECTED = "64 sorties et 55 frappes"
MUST_SHIP = [
    "py.typed",
    "shipped/seeds/article.txt",
    "shipped/seeds/questions.jsonl",
    "shipped/models/catalogue.toml",
    "shipped/models/translations/terms.tsv",
]


def run(*command: str | Path, **environment: str) -> str:
    away = tempfile.gettempdir()
    arguments = [str(part) for part in command]
    done = subprocess.run(arguments, cwd=away, env=os.environ | environment, text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def check(distribution: Path, scratch: Path) -> None:
    """Install one distribution without its dependencies, which this environment has, and use it."""
    installed = scratch / f"installed-{distribution.suffix.strip('.')}"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    run(*pip, "--target", installed, distribution)
    missing = [name for name in MUST_SHIP if not (installed / "assistant" / name).is_file()]
    if missing:
        sys.exit(f"{distribution.name} lacks {missing}")
    home = scratch / f"home-{distribution.suffix.strip('.')}"
    answer = run(
        sys.executable, "-m", "assistant", "ask", QUESTION, PYTHONPATH=str(installed), ASSISTANT_HOME=str(home)
    )
    if EXPECTED not in answer:
        sys.exit(f"{distribution.name} answers:\n{answer}")
    print(f"{distribution.name}: {distribution.stat().st_size / 1e6:.1f} MB, answers as it should")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", scratch, ROOT)
        for distribution in sorted([*scratch.glob("*.whl"), *scratch.glob("*.tar.gz")]):
            check(distribution, scratch)


if __name__ == "__main__":
    main()
