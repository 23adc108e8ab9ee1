"""``python -m tideng.cli``: how `tideng run` starts its children with the interpreter it runs in itself."""

import sys

from tideng.cli import main

sys.exit(main())
