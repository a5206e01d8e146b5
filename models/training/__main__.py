"""`python -m models.training STEP [--config FILE] [--data DIR] [--work DIR]`: one command a step, each resumes where
it stopped."""

import importlib
from dataclasses import dataclass
from pathlib import Path

import click

from models.training.settings import CONFIGS, Places, read_settings

MODELS = Path(__file__).parent.parent


@dataclass(frozen=True)
class Step:
    """A step of the recipe: the function `run` of `module`, whose settings are the dataclass `settings`."""

    module: str
    run: str
    settings: str


STEPS = {
    "embedder-start": Step("encoder_start", "start_encoder", "EncoderStartSettings"),
    "embedder": Step("embedder", "train_embedder", "EmbedderSettings"),
    "ship-embedder": Step("shipping", "ship_embedder", "ShippingSettings"),
    "translations": Step("translations", "write_translations", "TranslationsSettings"),
    "reader-start": Step("encoder_start", "start_encoder", "EncoderStartSettings"),
    "teacher-start": Step("encoder_start", "start_encoder", "EncoderStartSettings"),
    "teachers": Step("reader", "train_teachers", "ReaderSettings"),
    "reader": Step("reader", "train_reader", "ReaderSettings"),
    "ship-reader": Step("reader_shipping", "ship_reader", "ReaderShippingSettings"),
    "measure-reader": Step("reader_measure", "measure_reader", "ReaderMeasureSettings"),
    "fusion": Step("fusion", "fit_fusion", "FusionSettings"),
    "parity": Step("parity", "check_parity", "ParitySettings"),
    "compare": Step("compare", "compare", "CompareSettings"),
}


@click.command(help=__doc__)
@click.argument("step", type=click.Choice(list(STEPS)))
@click.option("--config", type=click.Path(path_type=Path, exists=True), help="Settings; configs/STEP.toml otherwise.")
@click.option("--data", type=click.Path(path_type=Path, exists=True), default=Path("../shared/data"), show_default=True)
@click.option("--work", type=click.Path(path_type=Path), default=Path("build/training"), show_default=True)
def main(step: str, config: Path | None, data: Path, work: Path) -> None:
    """Read the step's settings and run it."""
    work.mkdir(parents=True, exist_ok=True)
    chosen = STEPS[step]
    module = importlib.import_module(f"models.training.{chosen.module}")
    settings = read_settings(getattr(module, chosen.settings), config or CONFIGS / f"{step}.toml")
    click.echo(getattr(module, chosen.run)(Places(data, work, MODELS), settings))


if __name__ == "__main__":
    main()
