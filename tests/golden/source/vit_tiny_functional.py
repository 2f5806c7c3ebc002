"""vit_tiny, as a Functional Keras model. Compiled by hornbook."""

import keras
from keras import layers, ops


def attention(inputs, width, heads, name=None):
    """The block `attention`."""
    norm = layers.LayerNormalization(epsilon=1e-06, name=f"{name}_norm")
    heads_layer = layers.MultiHeadAttention(
        num_heads=heads,
        key_dim=width // heads,
        name=f"{name}_heads",
    )
    add = layers.Add()
    x = norm(inputs)
    x = heads_layer(x, x)
    return add([inputs, x])


def mixer(inputs, width, name=None):
    """The block `mixer`."""
    norm = layers.LayerNormalization(epsilon=1e-06, name=f"{name}_norm")
    expand = layers.Dense(width * 4, activation="gelu", name=f"{name}_expand")
    project = layers.Dense(width, name=f"{name}_project")
    add = layers.Add()
    x = norm(inputs)
    x = expand(x)
    x = project(x)
    return add([inputs, x])


def encoder(inputs, width, heads, name=None):
    """The block `encoder`."""
    x = attention(inputs, width, heads=heads, name=f"{name}_attention")
    return mixer(x, width, name=f"{name}_mixer")


def build_model():
    image = keras.Input((224, 224, 3), name="image")
    patches = layers.Conv2D(192, 16, strides=16, name="patches")
    reshape = layers.Reshape((196, 192))
    class_token = layers.Embedding(1, 192, name="class_token")
    tokens = layers.Concatenate(axis=1, name="tokens")
    positions = layers.Embedding(197, 192, name="positions")
    placed = layers.Add(name="placed")
    norm = layers.LayerNormalization(epsilon=1e-06, name="norm")
    predictions = layers.Dense(1000, activation="softmax", name="predictions")
    x = patches(image)  # (None, 14, 14, 192)
    reshape_layer = reshape(x)  # (None, 196, 192)
    x = reshape_layer[:, :1, 0]  # (None, 1)
    x = ops.zeros_like(x, dtype="int32")  # (None, 1)
    x = class_token(x)  # (None, 1, 192)
    tokens_layer = tokens([x, reshape_layer])  # (None, 197, 192)
    x = tokens_layer[:, :, 0]  # (None, 197)
    x = ops.ones_like(x, dtype="int32")  # (None, 197)
    x = ops.cumsum(x, 1)  # (None, 197)
    x = ops.subtract(x, 1)  # (None, 197)
    x = positions(x)  # (None, 197, 192)
    x = placed([tokens_layer, x])  # (None, 197, 192)
    for index in range(1, 13):
        x = encoder(x, 192, heads=3, name=f"layer_{index}")
    x = norm(x)  # (None, 197, 192)
    x = x[:, 0]  # (None, 192)
    outputs = predictions(x)  # (None, 1000)
    return keras.Model(image, outputs, name="vit_tiny")
