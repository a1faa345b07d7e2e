"""The tag of a wheel with programs of one platform but no Python extension, which hatchling cannot infer."""

import os
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PlatformTag(BuildHookInterface):
    def initialize(self, version: str, build_data: "dict[str, Any]") -> None:
        platform = os.environ.get("FOVEA_WHEEL_PLATFORM")
        if platform is None:
            raise RuntimeError("the wheel is made by `npm run package`, which first gathers what goes into it")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
