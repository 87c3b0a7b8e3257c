"""A trained joint network -> score.onnx: vectors of words and their places in -> intent log-probabilities and emissions out.

Axes: B utterances, T tokens, U distinct words, E word vector, H encoder output, I intents, K tags.

    inputs   vectors_UE float32 (of `model_export.embed_graph`; row 0 is padding), words_BT int64, lengths_B int32
    outputs  intent_log_probs_BI float32, emissions_BTK float32

Initialisers bear the parameters' names and shapes, but for an LSTM's: ONNX stacks both directions and orders the gates
i, o, f, c where PyTorch has i, f, g, o; those are named after the layer, `encoder.layers.0.W` and so on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from model_export.graph import Graph, Value
from model_export.parameters import parameter
from train.models.encoders.bilstm import BiLSTM
from train.models.encoders.cnn import KERNEL_WIDTH, TokenCNN
from train.models.encoders.linear import TokenLinear

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnx
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from train.models.joint import IntentMLP, JointNetwork, SlotMLP

BELOW_ALL = -1e4  # what padding counts in a maximum, as in training


class ScoreGraph:
    """Builds the graph of one network; `small` stores its parameters in fewer bytes."""

    def __init__(self, network: JointNetwork, *, small: bool) -> None:
        self._network = network
        self._small = small
        self._graph = Graph("score")

    def build(self) -> onnx.ModelProto:
        """The checked model."""
        graph, network = self._graph, self._network
        vectors_UE = graph.input("vectors_UE", np.float32, ("U", network.embedder.output_size))
        words_BT = graph.input("words_BT", np.int64, ("B", "T"))
        lengths_B = graph.input("lengths_B", np.int32, ("B",))
        inside_BT1 = self._inside(words_BT)
        embedded_BTE = graph.op("Gather", vectors_UE, words_BT, axis=0)
        encoded_BTH = ENCODE[type(network.encoder)](
            self, network.encoder, embedded_BTE, lengths_B, inside_BT1
        )
        n_intents = 0 if network.intent is None else network.intent.output.out_features
        log_probs_BI = self._intents(network.intent, encoded_BTH, lengths_B, inside_BT1)
        emissions_BTK = self._slots(network.slots, encoded_BTH)
        graph.output("intent_log_probs_BI", log_probs_BI, np.float32, ("B", n_intents))
        graph.output(
            "emissions_BTK", emissions_BTK, np.float32, ("B", "T", network.slots.output.out_features)
        )
        return graph.build()

    def _parameter(self, name: str, tensor: Tensor | NDArray[np.float32]) -> Value:
        return parameter(self._graph, name, tensor, small=self._small)

    def _inside(self, words_BT: Value) -> Value:
        """inside_BT1: 1.0 where there is a word, 0.0 in padding."""
        graph = self._graph
        inside_BT = graph.op("Greater", words_BT, graph.constant(0, np.int64))
        return graph.op("Unsqueeze", graph.cast(inside_BT, np.float32), graph.constant([2], np.int64))

    def _linear(self, name: str, layer: nn.Linear, value: Value) -> Value:
        """value @ weight.T + bias."""
        graph = self._graph
        weight = graph.op("Transpose", self._parameter(f"{name}.weight", layer.weight), perm=[1, 0])
        return graph.op("Add", graph.op("MatMul", value, weight), self._parameter(f"{name}.bias", layer.bias))

    def _gelu(self, value: Value) -> Value:
        """x * Phi(x), exactly (Hendrycks & Gimpel 2016)."""
        graph = self._graph
        half = graph.op("Mul", value, graph.constant(0.5, np.float32))
        erf = graph.op("Erf", graph.op("Mul", value, graph.constant(np.sqrt(0.5), np.float32)))
        return graph.op("Mul", half, graph.op("Add", erf, graph.constant(1.0, np.float32)))

    def _bilstm(self, encoder: BiLSTM, hidden_BTH: Value, lengths_B: Value, _inside_BT1: Value) -> Value:
        """ONNX's LSTM is time-major and stops at each sequence's length; its output is zero beyond."""
        graph = self._graph
        hidden_TBH = graph.op("Transpose", hidden_BTH, perm=[1, 0, 2])
        for index, layer in enumerate(encoder.layers):
            lstm = cast("nn.LSTM", layer)
            weights = lstm_weights(lstm)
            (out_TDBH,) = graph.ops(
                "LSTM",
                hidden_TBH,
                *(
                    self._parameter(f"encoder.layers.{index}.{part}", weights[part])
                    for part in ("W", "R", "B")
                ),
                lengths_B,
                n_outputs=1,
                hidden_size=lstm.hidden_size,
                direction="bidirectional",
            )
            out_TBDH = graph.op("Transpose", out_TDBH, perm=[0, 2, 1, 3])
            hidden_TBH = graph.op("Reshape", out_TBDH, graph.constant([0, 0, 2 * lstm.hidden_size], np.int64))
        return graph.op("Transpose", hidden_TBH, perm=[1, 0, 2])

    def _cnn(self, encoder: TokenCNN, hidden_BTH: Value, _lengths_B: Value, inside_BT1: Value) -> Value:
        graph = self._graph
        hidden_BTH = graph.op("Mul", hidden_BTH, inside_BT1)
        for index, layer in enumerate(encoder.layers):
            conv = cast("nn.Conv1d", layer)
            weight = self._parameter(f"encoder.layers.{index}.weight", conv.weight)
            bias = self._parameter(f"encoder.layers.{index}.bias", cast("Tensor", conv.bias))
            hidden_BHT = graph.op("Transpose", hidden_BTH, perm=[0, 2, 1])
            hidden_BHT = graph.op(
                "Relu", graph.op("Conv", hidden_BHT, weight, bias, pads=[KERNEL_WIDTH // 2] * 2)
            )
            hidden_BTH = graph.op("Mul", graph.op("Transpose", hidden_BHT, perm=[0, 2, 1]), inside_BT1)
        return hidden_BTH

    def _token_linear(
        self, encoder: TokenLinear, hidden_BTH: Value, _lengths_B: Value, inside_BT1: Value
    ) -> Value:
        projected_BTH = self._linear("encoder.projection", encoder.projection, hidden_BTH)
        return self._graph.op("Mul", projected_BTH, inside_BT1)

    def _intents(
        self, mlp: IntentMLP | None, encoded_BTH: Value, lengths_B: Value, inside_BT1: Value
    ) -> Value:
        graph = self._graph
        if mlp is None:
            shape = graph.op("Concat", graph.op("Shape", lengths_B), graph.constant([0], np.int64), axis=0)
            return graph.op("ConstantOfShape", shape)
        axis = graph.constant([1], np.int64)
        outside_BT1 = graph.op("Sub", inside_BT1, graph.constant(1.0, np.float32))
        lowered_BTH = graph.op(
            "Add",
            graph.op("Mul", encoded_BTH, inside_BT1),
            graph.op("Mul", outside_BT1, graph.constant(-BELOW_ALL, np.float32)),
        )
        largest_BH = graph.op("ReduceMax", lowered_BTH, axis, keepdims=0)
        total_BH = graph.op("ReduceSum", encoded_BTH, axis, keepdims=0)  # encoders give zeros beyond a length
        length_B1 = graph.op("Unsqueeze", graph.cast(lengths_B, np.float32), axis)
        pooled_BH = graph.op("Concat", largest_BH, graph.op("Div", total_BH, length_B1), axis=1)
        hidden_BH = self._gelu(self._linear("intent.hidden", mlp.hidden, pooled_BH))
        return graph.op("LogSoftmax", self._linear("intent.output", mlp.output, hidden_BH), axis=1)

    def _slots(self, mlp: SlotMLP, encoded_BTH: Value) -> Value:
        hidden_BTH = self._gelu(self._linear("slots.hidden", mlp.hidden, encoded_BTH))
        return self._linear("slots.output", mlp.output, hidden_BTH)


ENCODE: dict[type[nn.Module], Callable[..., Value]] = {
    BiLSTM: ScoreGraph._bilstm,  # noqa: SLF001  the class's own table
    TokenCNN: ScoreGraph._cnn,  # noqa: SLF001  likewise
    TokenLinear: ScoreGraph._token_linear,  # noqa: SLF001  likewise
}


def lstm_weights(lstm: nn.LSTM) -> dict[str, NDArray[np.float32]]:
    """W (2, 4H, E), R (2, 4H, H) and B (2, 8H) of a bidirectional layer, gates in ONNX's order i, o, f, c."""
    parameters = {name: value.detach().cpu().numpy() for name, value in lstm.named_parameters()}

    def both(kind: str) -> NDArray[np.float32]:
        stacked = [parameters[f"{kind}_l0{direction}"] for direction in ("", "_reverse")]
        gates = [np.split(array, 4) for array in stacked]  # i, f, g, o
        return np.stack([np.concatenate([i, o, f, g]) for i, f, g, o in gates])

    biases = np.concatenate([both("bias_ih"), both("bias_hh")], axis=1)
    return {"W": both("weight_ih"), "R": both("weight_hh"), "B": biases}
