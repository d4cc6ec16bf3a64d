#!/usr/bin/env bash
# Expected: where pandas 3 is installed, `pip install anndata` gives a release that writes h5ad.
# Guess before the run: the two are compatible, or pip refuses.
# What happens: on Python 3.11 the later releases of anndata ask for pandas below 3, so pip goes back
#   to 0.12.6, which asks for nothing. pandas 3 keeps text in arrays of strings, and the names of
#   cells are text: `write_h5ad` refuses every AnnData whose cells have names.
# Why users here would meet it: single cells are written beside tables read by pandas 3. Our extra
#   `anndata` asks for 0.12.7 or later, and so takes pandas 2.
# Source: anndata's settings.allow_write_nullable_strings; pandas 3.0, "dedicated string data type".
# Versions: anndata 0.12.6, pandas 3.1.1, numpy 2.4.6, h5py 3.16.0, Python 3.11.
# Output seen: "pandas 3.1.1 anndata 0.12.6", "refused: RuntimeError
#   `anndata.settings.allow_write_nullable_strings` is False ...".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1 anndata==0.12.6 numpy==2.4.6 h5py==3.16.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import anndata
import numpy as np
import pandas as pd

print("pandas", pd.__version__, "anndata", anndata.__version__)
batches = pd.DataFrame({"batch": ["a", "b", "a"]}, index=["cell1", "cell2", "cell3"])
cells = anndata.AnnData(np.ones((3, 2), "float32"), obs=batches)
try:
    cells.write_h5ad("cells.h5ad")
except Exception as error:
    print("refused:", type(error).__name__, str(error)[:120])
    assert "nullable_strings" in str(error) or "IORegistryError" in type(error).__name__, error
else:
    raise SystemExit("names are written now")
PYTHON
