"""two_towers, as a Subclassed Keras model. Compiled by hornbook."""

import keras
from keras import layers


@keras.saving.register_keras_serializable(package="hornbook")
class TwoTowers(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv2d = layers.Conv2D(16, 3, activation="relu")
        self.max_pooling2d = layers.MaxPooling2D(2)
        self.conv2d_1 = layers.Conv2D(32, 3, activation="relu")
        self.seen = layers.GlobalAveragePooling2D(name="seen")
        self.known = layers.Dense(32, activation="relu", name="known")
        self.both = layers.Concatenate(name="both")
        self.shared = layers.Dense(64, activation="relu", name="shared")
        self.kind = layers.Dense(5, activation="softmax", name="kind")
        self.price = layers.Dense(1, name="price")

    def call(self, inputs):
        x = self.conv2d(inputs["image"])
        x = self.max_pooling2d(x)
        x = self.conv2d_1(x)
        seen = self.seen(x)
        x = self.known(inputs["table"])
        x = self.both([seen, x])
        shared = self.shared(x)
        price = self.price(shared)
        kind = self.kind(shared)
        return {"kind": kind, "price": price}


def build_model():
    model = TwoTowers(name="two_towers")
    model(
        {
            "image": keras.Input((32, 32, 3), name="image"),
            "table": keras.Input((12,), name="table"),
        },
    )  # makes the weights
    return model
