"""MLServer with a model that does nothing and takes a second to load; this file runs in MLServer's own environment.

The load is a sleep that blocks, as reading a file by a library does, and leaves the processor to others, which most loads do
not. Everything else is as MLServer comes, but for lines of log about each request, which are off.
"""

import argparse
import json
import time
from pathlib import Path

from mlserver import MLModel
from mlserver.cli.main import root
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput

NAME = "sleeper"
LOAD_S = 1.0


class SleepingModel(MLModel):
    """Answers one number."""

    async def load(self) -> bool:
        """Take LOAD_S."""
        time.sleep(LOAD_S)  # noqa: ASYNC251 - as a load that blocks
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answer at once."""
        output = ResponseOutput(name="answer", shape=[1], datatype="FP32", data=[1.0])
        return InferenceResponse(model_name=self.name, id=payload.id, outputs=[output])


def main() -> None:
    """Write the settings into a folder and serve from there."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("folder", type=Path)
    for flag in ("--port", "--grpc-port", "--metrics-port"):
        parser.add_argument(flag, type=int, required=True)
    options = parser.parse_args()
    settings = {
        "host": "127.0.0.1",
        "http_port": options.port,
        "grpc_port": options.grpc_port,
        "metrics_port": options.metrics_port,
        "debug": False,
    }
    model = {"name": NAME, "implementation": "benchmarks.swap.peer_server.SleepingModel"}
    options.folder.joinpath("settings.json").write_text(json.dumps(settings), encoding="utf-8")
    options.folder.joinpath("model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    root(["start", str(options.folder)])


if __name__ == "__main__":
    main()
