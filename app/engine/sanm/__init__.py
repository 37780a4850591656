"""The networks of the FunASR family: attention with a memory of neighbouring frames (SAN-M), module by module.

Source of the encoder: Gao et al., "SAN-M: Memory Equipped Self-Attention for End-to-End Speech Recognition", 2020.
Parameter names match FunASR's checkpoints, so that a state dict loads unchanged. Shape suffixes everywhere:
B batch, T frames, F features, D model width, H heads, K width of a head, N kernel, U tokens, V vocabulary.
"""
