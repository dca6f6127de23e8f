"""Activations and scores that training keeps between forward and backward pass."""

from typing import Final

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.dimensions import Decoder
from costopt.performance.training_memory import Checkpointing
from costopt.units import GIB

GATED_BLOCK_BYTES: Final = (24.0, 8.0)
"""Bytes per token and layer of a pre-norm block with gated feed-forward: of h, and of f.

Source: fit to the LoRA rows of Llama-2 7B and 13B in Lightning-AI/litgpt
tutorials/resource-tables.md (flash attention, no dropout), within 3 %.
"""

PLAIN_BLOCK_BYTES: Final = 34.0
"""Bytes per token, layer and h of a block with two feed-forward matrices and flash attention.

Source: Korthikanti et al. (arXiv 2205.05198) Table 2, without the attention scores.
"""

QUANTIZED_BLOCK_BYTES: Final = (6.0, 2.0)
"""Bytes per token and layer that quantized linear layers keep on top: of h, and of f.

Each of them keeps its own 16-bit copy of its input: three inputs of width h (queries with keys and
values, attention output, feed-forward) and one of width f.

Source: Lightning-AI/litgpt tutorials/resource-tables.md, LoRA rows on nf4 weights against those
on bf16: the difference is less than that of the weights by 2 * (3 h + f) per token and layer.
"""

UNSPLIT_BYTES: Final = 10.0
"""Bytes per token, layer and h that tensor parallelism does not divide (norms, dropout).

Source: Korthikanti et al. (arXiv 2205.05198) equation 2.
"""

SELECTIVE_SHARE: Final = 0.4
"""Share of a block's activations that per-operator selective checkpointing keeps.

Source: fit to the Llama-3.1-8B rows on 8 and 128 accelerators of pytorch/torchtitan
benchmarks/llama3_h100_202412_torchtitan.md.
"""

LOSS_BYTES: Final = 11.0
"""Bytes per token and vocabulary entry of a plain cross entropy: 16-bit scores, fp32 copy,
fp32 gradient and part of a second copy.

Source: fit to the Qwen-7B LoRA rows at 1,024 and 8,192 tokens of QwenLM/Qwen README.md (10 to 12).
"""

LOSS_CHUNKS: Final = 8
"""Parts in which a chunked cross entropy goes through the tokens.

Source: pytorch/torchtune, ``CEWithChunkedOutputLoss``, ``num_output_chunks=8``.
"""


def block_bytes(decoder: Decoder, tensor: Floats, *, quantized: bool = False) -> Floats:
    """Activations of one block for one token, ``24 h + 8 f`` gated, ``34 h`` plain [B].

    Frozen weights of fewer bits add ``6 h + 2 f``.
    """
    hidden = float(decoder.hidden_size)
    if decoder.gated_mlp:
        of_hidden, of_inner = GATED_BLOCK_BYTES
        whole = of_hidden * hidden + of_inner * decoder.live_ffn_size
    else:
        whole = PLAIN_BLOCK_BYTES * hidden
    if quantized:
        of_hidden, of_inner = QUANTIZED_BLOCK_BYTES
        whole += of_hidden * hidden + of_inner * decoder.live_ffn_size
    unsplit = UNSPLIT_BYTES * hidden
    return unsplit + (whole - unsplit) / tensor


def activations_gib(
    decoder: Decoder,
    tokens: Floats,
    checkpointing: Checkpointing,
    tensor: Floats,
    *,
    quantized: bool = False,
) -> Floats:
    """Activations of ``tokens`` on one accelerator [GiB].

    Without checkpointing every layer keeps its block; with it a layer keeps its input, ``2 h``
    bytes per token, and one block is alive; offloaded inputs lie in host memory. Pipeline stages
    do not divide this: the first stage of a one-forward-one-backward schedule holds as many
    micro-batches as there are stages.

    Source: Korthikanti et al. (arXiv 2205.05198) sections 4 and 5.
    """
    block = block_bytes(decoder, tensor, quantized=quantized)
    if checkpointing in (Checkpointing.FULL, Checkpointing.OFFLOADED):
        here = 1.0 if checkpointing is Checkpointing.FULL else 0.0
        per_token = here * 2.0 * decoder.hidden_size * decoder.layers + block
    else:
        kept = SELECTIVE_SHARE if checkpointing is Checkpointing.SELECTIVE else 1.0
        per_token = kept * block * decoder.layers
    return tokens * per_token / GIB


def loss_gib(decoder: Decoder, tokens: Floats, tensor: Floats, *, chunked: bool) -> Floats:
    """Scores of ``tokens`` over the vocabulary and their copies, ``11 * T * V`` [GiB].

    Tensor parallelism divides the vocabulary; chunked cross entropy holds one part at a time.
    """
    parts = LOSS_CHUNKS if chunked else 1
    scores = tokens * decoder.vocab_size / tensor
    return np.asarray(LOSS_BYTES * scores / parts / GIB)
