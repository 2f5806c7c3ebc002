"""two_towers, as a Functional Keras model. Compiled by hornbook."""

import keras
from keras import layers


def build_model():
    image = keras.Input((32, 32, 3), name="image")
    table = keras.Input((12,), name="table")
    x = layers.Conv2D(16, 3, activation="relu")(image)  # (None, 30, 30, 16)
    x = layers.MaxPooling2D(2)(x)  # (None, 15, 15, 16)
    x = layers.Conv2D(32, 3, activation="relu")(x)  # (None, 13, 13, 32)
    seen = layers.GlobalAveragePooling2D(name="seen")(x)  # (None, 32)
    x = layers.Dense(32, activation="relu", name="known")(table)  # (None, 32)
    x = layers.Concatenate(name="both")([seen, x])  # (None, 64)
    shared = layers.Dense(64, activation="relu", name="shared")(x)  # (None, 64)
    kind = layers.Dense(5, activation="softmax", name="kind")(shared)  # (None, 5)
    price = layers.Dense(1, name="price")(shared)  # (None, 1)
    return keras.Model(
        {"image": image, "table": table},
        {"kind": kind, "price": price},
        name="two_towers",
    )
