"""bert_tiny, as a Subclassed Keras model. Compiled by hornbook."""

import keras
from keras import layers, ops


class Encoder(keras.layers.Layer):
    """The block `encoder`."""

    def __init__(self, width, heads, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.width = width
        self.heads = heads

    def build(self, input_shape):
        self.attention = layers.MultiHeadAttention(
            num_heads=self.heads,
            key_dim=self.width // self.heads,
            dropout=0.1,
            name=f"{self.name}_attention",
        )
        self.dropout = layers.Dropout(0.1)
        self.attended = layers.Add(name=f"{self.name}_attended")
        self.attention_norm = layers.LayerNormalization(
            epsilon=1e-12,
            name=f"{self.name}_attention_norm",
        )
        self.expand = layers.Dense(
            self.width * 4,
            activation="gelu",
            name=f"{self.name}_expand",
        )
        self.project = layers.Dense(self.width, name=f"{self.name}_project")
        self.project_dropout = layers.Dropout(0.1, name=f"{self.name}_project_dropout")
        self.added = layers.Add(name=f"{self.name}_added")
        self.norm = layers.LayerNormalization(epsilon=1e-12, name=f"{self.name}_norm")

    def call(self, inputs, training=None):
        x = self.attention(inputs, inputs, training=training)
        x = self.dropout(x, training=training)
        x = self.attended([inputs, x])
        attention_norm = self.attention_norm(x)
        x = self.expand(attention_norm)
        x = self.project(x)
        x = self.project_dropout(x, training=training)
        x = self.added([attention_norm, x])
        return self.norm(x)


@keras.saving.register_keras_serializable(package="hornbook")
class BertTiny(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.words = layers.Embedding(30522, 128, mask_zero=True, name="words")
        self.positions = layers.Embedding(512, 128, name="positions")
        self.parts = layers.Embedding(2, 128, name="parts")
        self.embedded = layers.Add(name="embedded")
        self.embedding_norm = layers.LayerNormalization(
            epsilon=1e-12,
            name="embedding_norm",
        )
        self.dropout = layers.Dropout(0.1)
        self.encoder = [
            Encoder(128, heads=2, name=f"layer_{index}") for index in range(1, 3)
        ]
        self.pooler = layers.Dense(128, activation="tanh", name="pooler")

    def call(self, inputs, training=None):
        x = ops.ones_like(inputs["tokens"])
        x = ops.cumsum(x, 1)
        places = ops.subtract(x, 1)
        words = self.words(inputs["tokens"])
        positions = self.positions(places)
        x = self.parts(inputs["segments"])
        x = self.embedded([words, positions, x])
        x = self.embedding_norm(x)
        x = self.dropout(x, training=training)
        for block in self.encoder:
            x = block(x, training=training)
        x = x[:, 0]
        return self.pooler(x)


def build_model():
    model = BertTiny(name="bert_tiny")
    model(
        {
            "tokens": keras.Input((128,), name="tokens", dtype="int32"),
            "segments": keras.Input((128,), name="segments", dtype="int32"),
        },
    )  # makes the weights
    return model
