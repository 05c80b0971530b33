"""Say in one line when this Python is too old; kept in syntax that old Pythons read."""

import sys

if sys.version_info < (3, 12):
    sys.exit("Vasistas needs Python 3.12 or newer. Install one and run make again with PYTHON=python3.13 added.")
