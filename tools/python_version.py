"""Say in one line when this Python is too old; kept in syntax that old Pythons read."""

import sys

if sys.version_info < (3, 12):
    sys.exit(
        "Vasistas needs Python 3.12 or newer; this is %d.%d. Install one and run: make PYTHON=python3.13 …"
        % sys.version_info[:2]
    )
