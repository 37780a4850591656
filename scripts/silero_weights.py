"""Takes the weights of Silero VAD for 16 kHz out of the package that its makers publish.

    pip download --no-deps silero-vad==6.2.3 && unzip silero_vad-*.whl
    python scripts/silero_weights.py silero_vad/data/silero_vad.jit app/engine/silero/silero_vad_16k.safetensors

The program of TorchScript in the package is what its makers and everybody else run, by torch or converted to ONNX. The
file silero_vad_16k.safetensors beside it holds other weights, which answer otherwise; it is not used.
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import torch

NAMES = {
    "stft.forward_basis_buffer": "stft_conv.weight",
    **{
        f"encoder.{layer}.reparam_conv.{part}": f"conv{layer + 1}.{part}"
        for layer in range(4)
        for part in ("weight", "bias")
    },
    **{f"decoder.rnn.{part}": f"lstm_cell.{part}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")},
    "decoder.decoder.2.weight": "final_conv.weight",
    "decoder.decoder.2.bias": "final_conv.bias",
}


def main() -> None:
    source, target = map(Path, sys.argv[1:])
    weights = torch.jit.load(str(source), map_location="cpu").state_dict()  # type: ignore[no-untyped-call]
    header, numbers = {}, b""
    for theirs, ours in NAMES.items():
        tensor = weights[f"_model.{theirs}"].contiguous().float().numpy()
        end = len(numbers) + tensor.nbytes
        header[ours] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(numbers), end]}
        numbers += tensor.astype("<f4").tobytes()
    told = json.dumps(header).encode()
    told += b" " * (-len(told) % 8)
    target.write_bytes(struct.pack("<Q", len(told)) + told + numbers)


if __name__ == "__main__":
    main()
