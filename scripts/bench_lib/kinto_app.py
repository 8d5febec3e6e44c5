"""The application that `scripts/bench sync --against kinto` compares with: Kinto as its own manual sets it up.

Runs in an environment of its own, which has Kinto and none of our packages. With the argument `migrate` it makes its
tables.
"""

import os
import sys

from kinto import main

DATABASE = os.environ["KINTO_DATABASE"]
SETTINGS = {
    "kinto.storage_backend": "kinto.core.storage.postgresql",
    "kinto.storage_url": DATABASE,
    "kinto.storage_pool_size": os.environ["KINTO_POOL"],
    "kinto.permission_backend": "kinto.core.permission.postgresql",
    "kinto.permission_url": DATABASE,
    "kinto.permission_pool_size": os.environ["KINTO_POOL"],
    "kinto.cache_backend": "kinto.core.cache.memory",
    "kinto.userid_hmac_secret": "for the bench only",
    # The cheapest way in that it has; ours checks a signature.
    "multiauth.policies": "basicauth",
    "multiauth.policy.basicauth.use": "kinto.core.authentication.BasicAuthAuthenticationPolicy",
    "kinto.bucket_create_principals": "system.Authenticated",
    "kinto.batch_max_requests": "200",
}

app = main({}, **SETTINGS)

if __name__ == "__main__" and sys.argv[1:] == ["migrate"]:
    for name in ("storage", "permission"):
        getattr(app.registry, name).initialize_schema()
