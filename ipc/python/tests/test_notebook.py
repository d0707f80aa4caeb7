"""The notebook, executed against a running demo; in git it has no output."""

import os
from pathlib import Path

import pytest

from engines import ENGINE, HOW, PACKAGE, PATIENCE_S, Demo

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("matplotlib")
pytest.importorskip("ipykernel")

NOTEBOOK = Path(__file__).resolve().parents[1] / "examples/live.ipynb"


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_its_output_is_not_in_git():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(notebook))


@pytest.mark.skipif(ENGINE is None, reason=f"the engine is {HOW}")
def test_it_runs_against_the_demo_and_draws(monkeypatch, tmp_path):
    demo = Demo()
    try:
        demo.start("--duration", f"{PATIENCE_S}s")
        monkeypatch.setenv("CROSSTICK_REGION", demo.name)
        monkeypatch.setenv("CROSSTICK_SECONDS", "5")
        monkeypatch.setenv("PYTHONPATH", str(PACKAGE))
        monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        nbclient.NotebookClient(notebook, timeout=2 * PATIENCE_S, kernel_name="python3").execute(cwd=str(tmp_path))
    finally:
        demo.clear()
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3, "prices, edges, latency"
    texts = "\n".join(output.get("data", {}).get("text/plain", "") for output in outputs)
    assert "running" in texts and "alpha:BTCUSDT" in texts and "tick_to_order" in texts
    if os.environ.get("CROSSTICK_KEEP"):
        nbformat.write(notebook, os.environ["CROSSTICK_KEEP"])
