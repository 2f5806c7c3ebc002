"""vit_tiny, as a Subclassed Keras model. Compiled by hornbook."""

import keras
from keras import layers, ops


class AttentionBlock(keras.layers.Layer):
    """The block `attention`."""

    def __init__(self, width, heads, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.width = width
        self.heads = heads

    def build(self, input_shape):
        self.norm = layers.LayerNormalization(epsilon=1e-06, name=f"{self.name}_norm")
        self.heads_layer = layers.MultiHeadAttention(
            num_heads=self.heads,
            key_dim=self.width // self.heads,
            name=f"{self.name}_heads",
        )
        self.add = layers.Add()

    def call(self, inputs, training=None):
        x = self.norm(inputs)
        x = self.heads_layer(x, x, training=training)
        return self.add([inputs, x])


class Mixer(keras.layers.Layer):
    """The block `mixer`."""

    def __init__(self, width, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.width = width

    def build(self, input_shape):
        self.norm = layers.LayerNormalization(epsilon=1e-06, name=f"{self.name}_norm")
        self.expand = layers.Dense(
            self.width * 4,
            activation="gelu",
            name=f"{self.name}_expand",
        )
        self.project = layers.Dense(self.width, name=f"{self.name}_project")
        self.add = layers.Add()

    def call(self, inputs):
        x = self.norm(inputs)
        x = self.expand(x)
        x = self.project(x)
        return self.add([inputs, x])


class Encoder(keras.layers.Layer):
    """The block `encoder`."""

    def __init__(self, width, heads, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.width = width
        self.heads = heads

    def build(self, input_shape):
        self.attention = AttentionBlock(
            self.width,
            heads=self.heads,
            name=f"{self.name}_attention",
        )
        self.mixer = Mixer(self.width, name=f"{self.name}_mixer")

    def call(self, inputs, training=None):
        x = self.attention(inputs, training=training)
        return self.mixer(x)


@keras.saving.register_keras_serializable(package="hornbook")
class VitTiny(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.patches = layers.Conv2D(192, 16, strides=16, name="patches")
        self.reshape = layers.Reshape((196, 192))
        self.class_token = layers.Embedding(1, 192, name="class_token")
        self.tokens = layers.Concatenate(axis=1, name="tokens")
        self.positions = layers.Embedding(197, 192, name="positions")
        self.placed = layers.Add(name="placed")
        self.encoder = [
            Encoder(192, heads=3, name=f"layer_{index}") for index in range(1, 13)
        ]
        self.norm = layers.LayerNormalization(epsilon=1e-06, name="norm")
        self.predictions = layers.Dense(1000, activation="softmax", name="predictions")

    def call(self, inputs, training=None):
        x = self.patches(inputs)
        reshape = self.reshape(x)
        x = reshape[:, :1, 0]
        x = ops.zeros_like(x, dtype="int32")
        x = self.class_token(x)
        tokens = self.tokens([x, reshape])
        x = tokens[:, :, 0]
        x = ops.ones_like(x, dtype="int32")
        x = ops.cumsum(x, 1)
        x = ops.subtract(x, 1)
        x = self.positions(x)
        x = self.placed([tokens, x])
        for block in self.encoder:
            x = block(x, training=training)
        x = self.norm(x)
        x = x[:, 0]
        return self.predictions(x)


def build_model():
    model = VitTiny(name="vit_tiny")
    model(keras.Input((224, 224, 3), name="image"))  # makes the weights
    return model
