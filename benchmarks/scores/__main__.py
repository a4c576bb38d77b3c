"""Score forecasts of benchmark scores by the protocol: `python -m scores --data FOLDER` from benchmarks/."""

import argparse
import datetime
import json
from pathlib import Path

import numpy as np

from scalelaw.core.digest import digest
from scalelaw.core.files import write_whole
from scalelaw.forecasting.calibration import calibrate
from scores.figures import figures
from scores.scoring import Band, balanced, calibrated, carried_error, error, outcomes, single_error
from scores.tables import HERE, protocol


def main() -> None:
    """Forecast every case and print the means; with --calibration, write the calibration of scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of published tables")
    parser.add_argument("--store", type=Path, help="keep finished cuts in this file")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--calibration", type=Path, help="write the calibration to this file")
    asked = parser.parse_args()
    level = protocol()["score"]["level"]
    found = outcomes(asked.data, asked.store, asked.processes)
    usable = [each for each in found if not each.failed]
    print(f"{len(found)} forecasts, {len(found) - len(usable)} failed")
    print("error", _shown(balanced([(each, error(each)) for each in usable])))
    carried = [(each, carried_error(each)) for each in usable]
    print("error of carrying the largest run forward", _shown(balanced(carried)))
    bands = calibrated(usable, level)
    print(f"in {100 * level:g} %", _shown(balanced([(band.outcome, band.covered) for band in bands])))
    print("interval score", _shown(balanced([(band.outcome, band.worth(level)) for band in bands])))
    for form in sorted({name for each in usable for name in each.singles}):
        alone = [each for each in usable if form in each.singles]
        own = [(each, Band(each, *each.singles[form][1:]).worth(level)) for each in alone]
        print(f"  {form} alone: error", _shown(balanced([(each, single_error(form)(each)) for each in alone])))
        print(f"  {form} alone: interval score", _shown(balanced(own)))
    for name, value in figures(usable).items():
        print(name, value)
    if asked.calibration is not None:
        rules = digest((HERE / "protocol.toml").read_text(encoding="utf-8"))
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        known = calibrate([each.record for each in usable], protocol=rules, date=today)
        write_whole(asked.calibration, json.dumps(known.to_dict(), indent=2) + "\n")


def _shown(values: dict[str, float]) -> str:
    each = ", ".join(f"{name} {value:.3f}" for name, value in values.items())
    return f"{np.mean(list(values.values())):.4f} ({each})"


if __name__ == "__main__":
    main()
