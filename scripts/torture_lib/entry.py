"""The server that the torture starts: the product's application, unless a protection is to be taken out.

`TORTURE_WITHOUT` is read here and nowhere in the product.
"""

import os

from server import create_app
from torture_lib import doubles

doubles.take_out(frozenset(filter(None, os.environ.get("TORTURE_WITHOUT", "").split(","))))
app = create_app()
