"""bert_tiny, as a Functional Keras model. Compiled by hornbook."""

import keras
from keras import layers, ops


def encoder(inputs, width, heads, name=None):
    """The block `encoder`."""
    attention = layers.MultiHeadAttention(
        num_heads=heads,
        key_dim=width // heads,
        dropout=0.1,
        name=f"{name}_attention",
    )
    dropout = layers.Dropout(0.1)
    attended = layers.Add(name=f"{name}_attended")
    attention_norm = layers.LayerNormalization(
        epsilon=1e-12,
        name=f"{name}_attention_norm",
    )
    expand = layers.Dense(width * 4, activation="gelu", name=f"{name}_expand")
    project = layers.Dense(width, name=f"{name}_project")
    project_dropout = layers.Dropout(0.1, name=f"{name}_project_dropout")
    added = layers.Add(name=f"{name}_added")
    norm = layers.LayerNormalization(epsilon=1e-12, name=f"{name}_norm")
    x = attention(inputs, inputs)
    x = dropout(x)
    x = attended([inputs, x])
    attention_norm_layer = attention_norm(x)
    x = expand(attention_norm_layer)
    x = project(x)
    x = project_dropout(x)
    x = added([attention_norm_layer, x])
    return norm(x)


def build_model():
    tokens = keras.Input((128,), name="tokens", dtype="int32")
    segments = keras.Input((128,), name="segments", dtype="int32")
    words = layers.Embedding(30522, 128, mask_zero=True, name="words")
    positions = layers.Embedding(512, 128, name="positions")
    parts = layers.Embedding(2, 128, name="parts")
    embedded = layers.Add(name="embedded")
    embedding_norm = layers.LayerNormalization(epsilon=1e-12, name="embedding_norm")
    dropout = layers.Dropout(0.1)
    pooler = layers.Dense(128, activation="tanh", name="pooler")
    x = ops.ones_like(tokens)  # (None, 128)
    x = ops.cumsum(x, 1)  # (None, 128)
    places = ops.subtract(x, 1)  # (None, 128)
    words_layer = words(tokens)  # (None, 128, 128)
    positions_layer = positions(places)  # (None, 128, 128)
    x = parts(segments)  # (None, 128, 128)
    x = embedded([words_layer, positions_layer, x])  # (None, 128, 128)
    x = embedding_norm(x)  # (None, 128, 128)
    x = dropout(x)  # (None, 128, 128)
    for index in range(1, 3):
        x = encoder(x, 128, heads=2, name=f"layer_{index}")
    x = x[:, 0]  # (None, 128)
    outputs = pooler(x)  # (None, 128)
    return keras.Model(
        {"tokens": tokens, "segments": segments},
        outputs,
        name="bert_tiny",
    )
