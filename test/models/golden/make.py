"""Golden tensors of a tiny language model, computed by `transformers`' Llama.

    python test/models/golden/make.py        # torch 2.13, transformers 5.23; writes *.safetensors beside itself
"""

import sys
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "nn" / "golden"))
import make as nn_golden  # noqa: E402


def llama() -> LlamaForCausalLM:
    """Two query heads share each head of keys and values."""
    config = LlamaConfig(
        vocab_size=11, hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=32, tie_word_embeddings=True, rms_norm_eps=1e-6,
        attn_implementation="eager",
    )
    model = LlamaForCausalLM(config).float()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 0, 0.5)
    return model


if __name__ == "__main__":
    torch.manual_seed(0)
    store = {}
    model = llama()
    nn_golden.case(
        store, "llama", model, torch.randn(2, 5, 8),
        call=lambda x: model.model(inputs_embeds=x).last_hidden_state,
    )
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    ids = torch.randint(0, 11, (2, 5))
    store["padded/ids"], store["padded/mask"] = ids.int(), mask.int()
    store["padded/logits"] = model(input_ids=ids, attention_mask=mask).logits
    nn_golden.HERE = HERE
    nn_golden.save("language-model", store)
